"""Google's calendar API as the library knows it: built once, shared by all accounts and threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NoReturn

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential, wait_random

from providers.errors import Unavailable
from providers.google.answer import Answer
from providers.google.carrier import Carrier, NoToken, Token
from providers.google.reasons import passing, refusal
from providers.transport import TooLong

Pause = Callable[[timedelta], None]
"""How to let some time pass."""

TRIES = 3
LONGEST_PAUSE = timedelta(seconds=5)
"""For how long a read waits in place; whoever is asked to wait longer comes back another time."""
_PATIENCE = timedelta(seconds=10)
"""A read that has taken so long already is not tried again in place: others wait for the thread."""

_ENDPOINTS = 16
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Resources:
    """What the API has; each makes requests, and sends none."""

    events: Any
    freebusy: Any
    calendars: Any
    channels: Any


def pause(delay: timedelta) -> None:
    """Let *delay* pass."""
    time.sleep(delay.total_seconds())


class Api:
    """The API for one account: reads are tried again in place, writes never."""

    def __init__(self, endpoint: str, http: requests.Session, token: Token, pause: Pause) -> None:
        self._endpoint = endpoint
        self._carrier = Carrier(endpoint, http, token)
        self._pause = pause

    @property
    def on(self) -> Resources:
        """What requests are made from."""
        with _LOCK:
            return _resources(self._endpoint)

    @property
    def where(self) -> str:
        """The API's address, as errors may show it."""
        return self._carrier.where

    def read(self, request: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a request that changes nothing, whatever it is but a passing failure.

        :raises Unavailable: if no answer comes, or none but failures.
        :raises AccessLost: if the owner must connect the account again to have an access token.
        :raises Unsupported: if the address is not permitted.
        """
        try:
            for attempt in self._policy():
                with attempt:
                    answer = self._carrier.ask(request, headers or {})
                    if passing(answer):
                        raise refusal(answer, write=False)
        except NoToken as error:
            raise error.why from None
        return answer

    def write(self, request: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a request that changes something, whatever it is; it is sent once.

        :raises Unavailable: if no answer comes: then nobody knows what became of it.
        :raises AccessLost: if the owner must connect the account again to have an access token.
        :raises Unsupported: if the address is not permitted.
        """
        try:
            return self._carrier.ask(request, headers or {})
        except NoToken as error:
            raise error.why from None

    def close(self) -> None:
        """Close the connections."""
        self._carrier.close()

    def _policy(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(TRIES) | stop_after_delay(_PATIENCE),
            wait=_wait,
            retry=retry_if_exception(_in_a_moment),
            sleep=lambda seconds: self._pause(timedelta(seconds=seconds)),
            reraise=True,
        )


_BACKING_OFF = wait_exponential(multiplier=0.25, max=LONGEST_PAUSE.total_seconds()) + wait_random(0, 0.25)


def _in_a_moment(error: BaseException) -> bool:
    if not isinstance(error, Unavailable) or isinstance(error, TooLong):
        return False
    return error.retry_after is None or error.retry_after <= LONGEST_PAUSE


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return max(_BACKING_OFF(state), asked.total_seconds() if asked else 0.0)


class _NoNetwork:
    """What the library is built with: it must not have a way out of its own."""

    def request(self, *_: Any, **__: Any) -> NoReturn:
        raise Unavailable("the library made a request of its own")


@lru_cache(maxsize=_ENDPOINTS)
def _resources(endpoint: str) -> Resources:
    # The library takes 30 MB and a fifth of a second: whoever has no Google account does without.
    from googleapiclient.discovery import build  # noqa: PLC0415

    service = build(
        "calendar",
        "v3",
        http=_NoNetwork(),
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": endpoint, "universe_domain": "googleapis.com"},
    )
    return Resources(service.events(), service.freebusy(), service.calendarList(), service.channels())
