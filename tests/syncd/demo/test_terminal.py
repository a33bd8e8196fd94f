from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from syncd.clock import MovableClock
from syncd.demo.terminal import Stage

TELL = """
from datetime import UTC, datetime
from syncd.clock import MovableClock
from syncd.demo.terminal import Stage
stage = Stage(clock=MovableClock(datetime(2026, 10, 12, 7, tzinfo=UTC)))
stage.step("removed", "Lena deletes it.", "s1", "forfeit")
"""


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 10, 12, 7, tzinfo=UTC))


def on_a_terminal(**more: str) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1", **more}
    try:
        subprocess.run([sys.executable, "-c", TELL], stdout=theirs, env=environment, check=True)
        return os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_gets_plain_text_with_the_day_only_where_it_changes(clock: MovableClock) -> None:
    out = io.StringIO()
    stage = Stage(clock=clock, zone="Europe/Berlin", out=out)
    stage.step("booked", "Lena and Jonas meet.", "s1")
    clock.sleep(timedelta(hours=2))
    stage.step("removed", "Lena deletes [it].", "s1", "timely")
    clock.sleep(timedelta(hours=22))
    stage.step("offline", "The server is stopped.", verdict="no verdict")
    assert out.getvalue().splitlines() == [
        "Mon 12 Oct 09:00  ● booked  s1",
        "                  │ Lena and Jonas meet.",
        "                  │",
        "           11:00  ● removed  s1",
        "                  │ Lena deletes [it].",
        "                  ╰─ TIMELY",
        "Tue 13 Oct 09:00  ● offline",
        "                  │ The server is stopped.",
        "                  ╰─ NO VERDICT",
    ]


def test_long_sentences_are_wrapped_beside_the_rail(
    clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    out = io.StringIO()
    Stage(clock=clock, out=out).step("told", "word " * 40)
    lines = out.getvalue().splitlines()
    assert len(lines) > 4
    assert all(len(line) <= 60 and line[18] == "│" for line in lines[1:])


def test_a_terminal_gets_colours_unless_it_asks_for_none() -> None:
    assert "\x1b[1;31mFORFEIT" in on_a_terminal(NO_COLOR="")
    told = on_a_terminal(NO_COLOR="1")
    assert "FORFEIT" in told
    assert not any(f"\x1b[{colour}m" in told for colour in ("31", "1;31", "34"))


def test_a_program_gets_one_object_per_line_and_nothing_else(clock: MovableClock) -> None:
    out = io.StringIO()
    stage = Stage(json=True, clock=clock, out=out)
    stage.title("The story", "of Chloé")
    stage.table({"Chloé": "http://127.0.0.1/"})
    stage.step("booked", "Chloé\nand Miriam", "s2")
    stage.step("removed", "late", "s2", "forfeit")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"step": "booked", "what": "Chloé\nand Miriam", "session": "s2", "verdict": None},
        {"step": "removed", "what": "late", "session": "s2", "verdict": "forfeit"},
    ]


def test_titles_and_tables_line_up(clock: MovableClock) -> None:
    out = io.StringIO()
    stage = Stage(clock=clock, out=out)
    stage.title("The story", "of two")
    stage.table({"Lena": "a", "Chloé": "b"})
    assert out.getvalue() == "\nThe story\nof two\n\n  Lena   a\n  Chloé  b\n"


def test_a_terminal_without_unicode_gets_typewriter_marks(clock: MovableClock) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as out:
        Stage(clock=clock, out=out).step("removed", "Chloé is late", verdict="forfeit")
        out.flush()
        told = raw.getvalue().decode("ascii")
    assert "* removed" in told
    assert "Chlo? is late" in told
    assert "`- FORFEIT" in told
