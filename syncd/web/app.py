"""What machines read, /healthz, /readyz and /metrics, and where servers call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from syncd.health import TRIED, Pulse, Readiness, readiness, stuck
from syncd.house import House
from syncd.push import HOOK, Bell, Call, Heard
from syncd.store.errors import StoreError
from syncd.web.metrics import registry, scraped
from syncd.web.wall import CALLS, METHODS, PROBLEM, Wall, problem


class Health:
    """What the three pages say."""

    def __init__(self, house: Callable[[], House], pulse: Callable[[], Pulse], started: datetime) -> None:
        self._house = house
        self._pulse = pulse
        self._started = started
        self._passed = False
        self._numbers: CollectorRegistry = registry(house, pulse)

    def alive(self) -> Response:
        """Tell that this process lives: restart it if it does not."""
        why = stuck(self._pulse(), self._house().clock.now())
        if why is None:
            return PlainTextResponse("ok")
        return PlainTextResponse(why, HTTPStatus.SERVICE_UNAVAILABLE)

    def ready(self) -> Response:
        """Tell whether it does its work, and what is missing if it does not."""
        found = readiness(self._house(), self._pulse(), self._started, passed=self._passed)
        self._passed = self._passed or _passes(found)
        checks = [{"name": one.name, "ok": one.ok, "what": one.what} for one in found.checks]
        status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": found.ready, "checks": checks}, status)

    def metrics(self) -> Response:
        """Tell the numbers."""
        return Response(scraped(self._numbers), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class Hooks:
    """Where servers call to say that something changed."""

    _ANSWERS: Mapping[Heard, HTTPStatus] = {
        Heard.TAKEN: HTTPStatus.NO_CONTENT,
        Heard.UNKNOWN: HTTPStatus.NOT_FOUND,
        Heard.REFUSED: HTTPStatus.FORBIDDEN,
    }

    def __init__(self, house: Callable[[], House]) -> None:
        self._house = house
        self._bell = Bell()

    def google(self, request: Request) -> Response:
        """Take a call of Google's: all that it says stands in its head, and its body is left alone."""
        said = [
            request.headers.get(f"x-goog-{name}", "")
            for name in ("channel-id", "resource-id", "channel-token", "resource-state")
        ]
        house = self._house()
        try:
            status = self._ANSWERS[self._bell.ring(house, Call(*said))]
        except StoreError:
            status = HTTPStatus.SERVICE_UNAVAILABLE  # Google calls again
        if status is HTTPStatus.NO_CONTENT:
            return Response(status_code=status, background=BackgroundTask(self._bell.settle, house))
        return Response(problem(status), status, media_type=PROBLEM)


def _passes(found: Readiness) -> bool:
    return any(one.name == TRIED and one.ok for one in found.checks)


def app(house: Callable[[], House], pulse: Callable[[], Pulse], started: datetime) -> Wall:
    """Return everything that is served."""
    # The schema would tell strangers what there is, and the pages for it load scripts from elsewhere.
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages = Health(house, pulse, started)
    for path, page in (("/healthz", pages.alive), ("/readyz", pages.ready), ("/metrics", pages.metrics)):
        made.add_api_route(path, page, methods=list(METHODS), response_model=None)
    made.add_api_route(HOOK, Hooks(house).google, methods=list(CALLS), response_model=None)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(Exception, _failed)
    return Wall(made, frozenset({HOOK}))


def _refused(_request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    return Response(problem(status), status, media_type=PROBLEM)


def _failed(_request: Request, _error: Exception) -> Response:
    # What it says is for the log alone: texts of errors hold what was read.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return Response(problem(status), status, media_type=PROBLEM)
