from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from syncd import log


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_machines_get_json_in_utc() -> None:
    out = io.StringIO()
    log.configure(stream=out)
    structlog.get_logger().info("account failing", account=7, cause="Unavailable")
    said = json.loads(out.getvalue())
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "account failing", "account": 7, "cause": "Unavailable", "level": "info"}


def test_people_get_lines_without_colour_if_they_want_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    log.configure(stream=out)
    structlog.get_logger().warning("slow", account=7)
    assert "slow" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_no_secret_gets_into_the_log() -> None:
    for out in (io.StringIO(), Terminal()):
        log.configure(stream=out)
        one = structlog.get_logger()
        one.info("x", password="MARK1", nested={"refresh_token": "MARK2", "deep": [{"summary": "MARK3"}]})
        one.info("asked", where="https://me:MARK4@calendar.example/dav/?key=MARK5#MARK6")
        one.info("said Authorization: Bearer MARK7")
        logging.getLogger("requests").warning("GET %s", "https://me:MARK8@calendar.example/x")
        try:
            local = "MARK9"
            raise RuntimeError("https://u:MARK0@h.example/" + local[:0])  # noqa: TRY301 - its locals are the test
        except RuntimeError:
            one.exception("failed")
        text = out.getvalue()
        assert "MARK" not in text
        assert "calendar.example" in text
        assert "RuntimeError" in text


def test_libraries_say_only_what_is_wrong() -> None:
    out = io.StringIO()
    log.configure("debug", stream=out)
    for name in log.QUIET:
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble with %s", name)
    assert "chatter" not in out.getvalue()
    assert out.getvalue().count("trouble") == len(log.QUIET)


def test_configuring_twice_does_not_say_it_twice() -> None:
    out = io.StringIO()
    log.configure(stream=out)
    log.configure(stream=out)
    structlog.get_logger().info("once")
    assert out.getvalue().count("once") == 1


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    out = io.StringIO()
    log.configure(stream=out)
    out.close()
    structlog.get_logger().info("lost")


def test_warnings_go_the_same_way() -> None:
    out = io.StringIO()
    log.configure(stream=out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in json.loads(out.getvalue())["event"]
