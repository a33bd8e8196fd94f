from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from syncd import log
from syncd.errors import Problem


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


FORMS: tuple[Literal["json", "console"], ...] = ("json", "console")


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


def test_of_libraries_only_warnings_come_through_and_only_where_they_were_given() -> None:
    for form in FORMS:
        out = io.StringIO()
        log.configure("debug", form, stream=out)
        for name in (*log.QUIET, "another"):
            one = logging.getLogger(name)
            one.info("chatter")
            one.debug("chatter")
            try:
                int(f"{'M'}ARK")
            except ValueError:
                one.warning("trouble with %s", "MARK2", exc_info=True, stack_info=True)
        assert "chatter" not in out.getvalue()
        assert "MARK" not in out.getvalue()
        assert out.getvalue().count("a WARNING of") == len(log.QUIET) + 1
        assert out.getvalue().count(" of another,") == 1
        assert f"a WARNING of {log.QUIET[0]}, at test_log:" in out.getvalue()


def test_what_our_own_modules_log_by_the_standard_library_is_kept() -> None:
    out = io.StringIO()
    log.configure("debug", stream=out)
    logging.getLogger("providers.somewhere").debug("%s rows", 3)
    assert json.loads(out.getvalue())["event"] == "3 rows"


def test_of_an_error_its_place_is_told_and_its_words_only_if_they_are_ours() -> None:
    out = io.StringIO()
    log.configure(stream=out)
    try:
        try:
            int(f"{'M'}ARK")
        except ValueError as cause:
            raise Problem("the key is not there") from cause
    except Problem:
        structlog.get_logger().exception("failed")
    said = json.loads(out.getvalue())["exception"]
    assert "MARK" not in said
    assert said.index("ValueError\n") < said.index("syncd.errors.Problem: the key is not there")
    assert "test_log.py" in said


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
        warnings.warn("MARK", DeprecationWarning, stacklevel=1)
    said = json.loads(out.getvalue())["event"]
    assert said.startswith("DeprecationWarning at ")
    assert "test_log.py" in said
    assert "MARK" not in said
