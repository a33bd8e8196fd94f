"""``syncd read``: every file gets its own answer, and none keeps the next from having one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd.cli import frame, reading
from tests.providers.ical.hostile import CORPUS
from tests.providers.ical.hostile.case import ACCEPT, LIMIT, REJECT
from tests.providers.ical.texts import document, event

ROOT = Path(__file__).parents[2]
FROM_TO = ("--from", "2026-11-01", "--to", "2027-01-01")
WINDOW = {"start": "2026-11-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
WEEKLY = event("DTSTART;TZID=Europe/Berlin:20261110T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
PERHAPS = event("DTSTART:20261112T100000Z", "DURATION:PT1H", "STATUS:TENTATIVE", uid="perhaps")
FAST = event("DTSTART:20261115T100000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY", uid="fast")
GOOD = document(WEEKLY, PERHAPS)
BUSY = [
    {"start": "2026-11-10T09:00:00Z", "end": "2026-11-10T10:00:00Z"},
    {"start": "2026-11-12T10:00:00Z", "end": "2026-11-12T11:00:00Z"},
    {"start": "2026-11-17T09:00:00Z", "end": "2026-11-17T10:00:00Z"},
]


class Line:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.code = 0
        self.err = ""

    def __call__(self, *words: str | Path) -> str:
        self._capsys.readouterr()
        self.code = frame.run((reading, OTHER), ["read", *map(str, words)])
        out, self.err = self._capsys.readouterr()
        return out

    def told(self, *files: str | Path) -> list[dict[str, object]]:
        return [json.loads(line) for line in self("--json", *FROM_TO, *files).splitlines()]


class Other:
    """A second command, so that ``read`` keeps its name."""

    @staticmethod
    def register(app: object) -> None:
        app.command()(nothing)  # type: ignore[attr-defined]


def nothing() -> None:
    """Do nothing."""


OTHER = Other()


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    for name in list(os.environ):
        if name.upper().startswith("SYNCD_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Line(capsys)


def written(name: str, body: bytes) -> Path:
    file = Path(name)
    file.write_bytes(body)
    return file


def test_a_file_is_told_in_one_object_and_tentative_counts_as_busy(line: Line) -> None:
    (said,) = line.told(written("good.ics", GOOD))
    assert said == {"file": "good.ics", "verdict": ACCEPT, "busy": BUSY, "unknown": [], "notes": []}
    assert (line.code, line.err) == (0, "")


def test_what_cannot_be_understood_is_unknown_beside_what_can(line: Line) -> None:
    (said,) = line.told(written("part.ics", document(FAST, WEEKLY, PERHAPS)))
    unknown = [{"start": "2026-11-15T10:00:00Z", "end": "2027-01-01T00:00:00Z"}]
    assert said["verdict"] == LIMIT
    assert (said["busy"], said["unknown"], said["notes"]) == (BUSY, unknown, ["rule-too-fast"])
    assert line.code == 0


def test_no_bad_file_keeps_the_next_from_being_read_and_one_is_enough_for_exit_1(line: Line) -> None:
    os.mkfifo("pipe.ics")
    Path("folder.ics").mkdir()
    Path("loop.ics").symlink_to("loop.ics")
    with Path("huge.ics").open("wb") as huge:
        huge.write(b"BEGIN:VCALENDAR\r\n")
        huge.truncate(2**31)
    odd = os.fsdecode(b"na\xffme.ics")
    bad: Sequence[str] = (
        "missing.ics",
        "folder.ics",
        "loop.ics",
        "pipe.ics",
        "/dev/zero",
        "/dev/null",
        "/",
        "",
    )
    written("empty.ics", b"")
    written("cut.ics", GOOD[:-20])
    written(odd, GOOD)
    written("good.ics", GOOD)
    began = time.monotonic()
    said = line.told("good.ics", *bad, "empty.ics", "cut.ics", "huge.ics", odd, "good.ics")
    assert time.monotonic() - began < 10
    assert [one["verdict"] for one in said] == [
        ACCEPT, *[REJECT] * len(bad), REJECT, REJECT, LIMIT, ACCEPT, ACCEPT,
    ]  # fmt: skip
    assert said[0] == said[-1]
    reasons = {str(one["file"]): one["notes"] for one in said}
    assert reasons["/dev/zero"] == reasons["/dev/null"] == ["it is not a file"]
    assert reasons["folder.ics"] == ["it is a directory"]
    assert reasons["missing.ics"] == ["there is no such file"]
    for one in said:
        assert set(one) == {"file", "verdict", "busy", "unknown", "notes"}
        if one["verdict"] != ACCEPT:
            assert (one["busy"], one["unknown"]) == ([], [WINDOW])
            assert one["notes"]
    assert line.code == 1


def test_a_pipe_is_read_to_its_end(line: Line) -> None:
    out, in_ = os.pipe()
    os.write(in_, GOOD)
    os.close(in_)
    (said,) = line.told(f"/dev/fd/{out}")
    os.close(out)
    assert said["busy"] == BUSY


def test_days_are_those_of_the_zone_that_is_given(line: Line) -> None:
    file = written("day.ics", document(event("DTSTART;VALUE=DATE:20261110")))
    for zone, start in (("UTC", "2026-11-10T00:00:00Z"), ("America/New_York", "2026-11-10T05:00:00Z")):
        (said,) = line.told("--zone", zone, file)
        assert str(said["busy"]).startswith(f"[{{'start': '{start}'")


def test_wrong_words_are_told_before_anything_is_read(line: Line) -> None:
    for words in (
        ("--zone", "Berlin", "x.ics"),
        ("--from", "soon", "x.ics"),
        ("--from", "2026-11-02", "--to", "2026-11-01", "x.ics"),
        ("--to", "9999-01-01", "x.ics"),
        (),
    ):
        assert line(*words) == ""
        assert line.code == 2
        assert len(line.err.splitlines()) == 1


def test_a_person_is_told_in_few_words(line: Line) -> None:
    written("part.ics", document(FAST, WEEKLY, PERHAPS))
    written("bad\x1b[31m.ics", b"<html>")
    said = line(*FROM_TO, "--zone", "Europe/Berlin", "part.ics", "bad\x1b[31m.ics")
    assert said.splitlines() == [
        "part.ics  limit  3 busy, 1 unknown",
        "  it repeats more often than hourly",
        "  Tue 10 Nov 2026  10:00-11:00",
        "  Thu 12 Nov 2026  11:00-12:00",
        "  Sun 15 Nov 2026  unknown 11:00 to Fri 01 Jan 2027 00:00",
        "  Tue 17 Nov 2026  10:00-11:00",
        "bad?[31m.ics  reject  the document does not begin with BEGIN:VCALENDAR",
    ]
    assert line.err == "Sun 01 Nov 2026 to Fri 01 Jan 2027, Europe/Berlin\n"


def test_a_long_calendar_is_cut_for_a_person_and_whole_for_a_program(line: Line) -> None:
    daily = document(event("DTSTART:20261101T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"))
    said = line(*FROM_TO, written("daily.ics", daily)).splitlines()
    assert len(said) < 20
    assert said[-1] == "  and 49 more days (all of them: --json)"
    (whole,) = line.told("daily.ics")
    assert len(whole["busy"]) == 61  # type: ignore[arg-type]


def test_the_limits_are_those_of_the_configuration_that_is_named(line: Line) -> None:
    file = written("good.ics", GOOD)
    written("config.toml", b"[limits]\ncomponents = 2\n")
    assert [one["verdict"] for one in line.told(file)] == [ACCEPT]  # it lies there, and was not named
    out = line("--json", "--config", "config.toml", *FROM_TO, file)
    assert (json.loads(out)["verdict"], json.loads(out)["notes"]) == (LIMIT, ["too-many-components"])


def test_a_part_of_the_corpus_gets_its_verdicts_from_the_command(
    line: Line,
) -> None:
    small = [case for case in CORPUS[::7] if len(case.make()) < 200_000]  # all of it is read elsewhere
    assert {case.verdict for case in small} == {ACCEPT, LIMIT, REJECT}
    files = [written(f"{n}.ics", case.make()) for n, case in enumerate(small)]
    said = line.told("--zone", "Europe/Berlin", *files)
    assert [(case.name, one["verdict"]) for case, one in zip(small, said, strict=True)] == [
        (case.name, case.verdict) for case in small
    ]
    for case, one in zip(small, said, strict=True):
        assert case.verdict == ACCEPT or one["unknown"] or one["notes"]
    assert line.code == 1
    assert line.err == ""


def test_no_word_of_a_calendar_is_printed(line: Line) -> None:
    words = [f"geheim{n:02}" for n in range(50)]
    lines = [
        *(
            f"{name}:{word}"
            for name, word in zip(("SUMMARY", "LOCATION", "DESCRIPTION", "DTEND"), words, strict=False)
        ),
        f"ATTENDEE;CN={words[4]}:mailto:{words[5]}@x.example",
        f"DTSTART;TZID={words[6]}:20261110T{words[7]}",
        f"RRULE:FREQ={words[8]}",
        f"RECURRENCE-ID:{words[9]}",
        *(f"X-{word}:{word}" for word in words[10:]),
    ]
    bodies = [document(event(*lines, uid=words[0])), document(*lines), "\r\n".join(lines).encode()]
    bodies += [bodies[0][: len(bodies[0]) * n // 20] for n in range(20)]
    files = [written(f"{n}.ics", body) for n, body in enumerate(bodies)]
    for mode in ((), ("--json",)):
        said = line(*mode, *files) + line.err
        assert said
        assert not [word for word in words if word in said]


def test_it_needs_no_configuration_account_or_database(tmp_path: Path) -> None:
    (tmp_path / "good.ics").write_bytes(GOOD)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "syncd", "read", "--json", *FROM_TO, "good.ics", "none.ics"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [json.loads(text) for text in ended.stdout.splitlines()]
    assert [one["verdict"] for one in said] == [ACCEPT, REJECT]
    assert (ended.returncode, ended.stderr) == (1, "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["good.ics"]
