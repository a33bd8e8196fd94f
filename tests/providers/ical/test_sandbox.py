"""The sandbox: bounded in time and memory, replaced when it must be killed, and never in the way of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from providers.errors import Unavailable, Unreadable
from providers.ical import Limits, Note, TooMuch, read
from providers.ical.sandbox import Pass, Sandbox
from providers.ical.watch import Overrun
from providers.ical.worker import Timer
from tests.providers.ical.texts import BERLIN, NEW_YORK, between, document, event, shown

APRIL = between("2026-04-01 00:00", "2026-05-01 00:00")
HOUR = ("DTSTART:20260410T080000Z", "DTEND:20260410T090000Z")
TAKEN = ["04-10 08:00-09:00"]
GOOD = document(event(*HOUR))
WILD = "tests.providers.ical.wild"
ROOT = Path(__file__).parents[3]
TIGHT = Limits(document_time=0.4, series_time=0.2, calendar_time=0.4)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    one = Sandbox(TIGHT, worker=WILD)
    yield one
    one.close()


def told(word: str, n: int = 0) -> bytes:
    return document(event(*HOUR, f"{word}:{n}"))


def note_of(read_: Sandbox | Pass, body: bytes) -> Note:
    with pytest.raises(TooMuch) as caught:
        read_(body, BERLIN, APRIL)
    return caught.value.note


def fine(read_: Sandbox | Pass) -> bool:
    (series,) = read_(GOOD, BERLIN, APRIL).series
    return shown(series.time.busy) == TAKEN


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def computed(sandbox: Sandbox) -> float:
    """Return the seconds that the processes which run now have computed."""
    return sum(ticks(slot.pid) for slot in (sandbox.lanes.quick, sandbox.lanes.slow) if slot.pid is not None)


def ticks(pid: int) -> float:
    """Return the seconds that a process has computed."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")


def eventually(what: int, *, within: float = 10.0) -> bool:
    end = time.monotonic() + within
    while alive(what) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(what)


def test_the_sandbox_finds_what_is_found_in_place(sandbox: Sandbox) -> None:
    components = (
        event(*HOUR, "RRULE:FREQ=DAILY;COUNT=3", "STATUS:TENTATIVE", uid="\N{SNOWMAN}"),
        event("DTSTART;VALUE=DATE:20260420", "X-SYNCD-SESSION:s1", "SEQUENCE:7", uid="day"),
        event(
            *HOUR, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:You@school.example", "RRULE:FREQ=SECONDLY", uid="fast"
        ),
        event("DTSTART:20261310T080000Z", uid="broken"),
    )
    body = document(*components)
    for owner in (BERLIN, NEW_YORK):
        for window in (APRIL, None):
            assert sandbox(body, owner, window) == read(body, owner, window)


def test_what_is_no_calendar_is_refused_with_the_same_words(sandbox: Sandbox) -> None:
    for body in (b"", b"<html>", GOOD[:-20], GOOD + GOOD):
        with pytest.raises(Unreadable) as here:
            read(body, BERLIN, APRIL)
        with pytest.raises(Unreadable) as there:
            sandbox(body, BERLIN, APRIL)
        assert (str(here.value), type(here.value)) == (str(there.value), type(there.value))


@pytest.mark.parametrize(
    ("word", "note"),
    [
        ("X-SPIN", Note.TOO_SLOW),
        ("X-DEAF", Note.TOO_SLOW),
        ("X-ASLEEP", Note.TOO_SLOW),
        ("X-EAT", Note.TOO_LARGE),
        ("X-DIE", Note.READER_DIED),
        ("X-LIE", Note.READER_DIED),
        ("X-LEAK", Note.READER_DIED),
        ("X-FLOOD", Note.TOO_LARGE),
    ],
)
def test_whatever_a_document_does_it_ends_and_the_next_is_read(
    sandbox: Sandbox, word: str, note: Note
) -> None:
    assert fine(sandbox)
    began = time.monotonic()
    assert note_of(sandbox, told(word)) is note
    assert time.monotonic() - began < 20
    assert fine(sandbox)


def test_only_the_process_that_hangs_is_killed(sandbox: Sandbox) -> None:
    assert fine(sandbox)
    assert note_of(sandbox, told("X-SPIN")) is Note.TOO_SLOW
    quick, slow = sandbox.lanes.quick.pid, sandbox.lanes.slow.pid
    assert (
        note_of(sandbox, document(event(*HOUR, "X-DEAF:1", "DESCRIPTION:" + "x" * 300_000))) is Note.TOO_SLOW
    )
    assert fine(sandbox)
    assert sandbox.lanes.quick.pid == quick
    assert slow is not None
    assert eventually(slow)


def test_a_slow_series_is_unknown_where_it_may_be_and_its_siblings_are_read() -> None:
    one = Sandbox(Limits(series_time=0.1, document_time=0.5))
    slow = [
        event("DTSTART:20260410T080000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY", uid=f"slow {n}")
        for n in range(40)
    ]
    huge = between("2026-04-01 00:00", "2026-10-01 00:00")
    found = one(document(*slow, event(*HOUR, uid="sound")), BERLIN, huge)
    one.close()
    sound = found.series[-1]
    assert (sound.uid, shown(sound.time.busy), sound.notes) == ("sound", TAKEN, ())
    late = [series for series in found.series if series.notes]
    assert late
    assert {note for series in late for note in series.notes} == {Note.TOO_SLOW.value}
    assert all(series.time.unknown and not series.time.busy for series in late)
    assert [series.uid for series in found.series[:-1]] == [f"slow {n}" for n in range(40)]


def test_a_process_that_was_killed_between_documents_is_replaced_unseen(sandbox: Sandbox) -> None:
    assert fine(sandbox)
    pid = sandbox.lanes.quick.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(pid) or fine(sandbox)
    assert fine(sandbox)
    assert sandbox.lanes.quick.pid != pid


def test_a_large_program_keeps_its_small_processes() -> None:
    large = b"x" * (300 << 20)
    one = Sandbox()
    assert fine(one)
    pid = one.lanes.quick.pid
    assert fine(one)
    assert one.lanes.quick.pid == pid
    assert len(large) == 300 << 20
    one.close()


def test_a_document_that_overran_is_remembered_and_costs_nothing_again(sandbox: Sandbox) -> None:
    assert note_of(sandbox, told("X-SPIN")) is Note.TOO_SLOW
    before = computed(sandbox)
    for _ in range(50):
        assert note_of(sandbox, told("X-SPIN")) is Note.TOO_SLOW
    assert computed(sandbox) == before
    assert note_of(sandbox, told("X-SPIN", 1)) is Note.TOO_SLOW  # another one is tried
    assert sandbox.overran(b"none") is None


def test_one_calendar_spends_its_own_time_only_and_what_is_cheap_in_it_is_read() -> None:
    one = Sandbox(replace(TIGHT, calendar_time=2.0), worker=WILD)
    calendar = one.calendar()
    for n in range(20):
        assert note_of(calendar, told("X-SPIN", n)) is Note.TOO_SLOW
        assert fine(calendar)
    assert computed(one) < 20 * TIGHT.document_time / 2
    assert fine(one.calendar())
    one.close()


def test_every_component_brings_its_own_time() -> None:
    one = Sandbox(Limits(calendar_time=0.0001, component_time=0.5))
    calendar = one.calendar()
    assert all(fine(calendar) for _ in range(20))
    one.close()


@pytest.fixture
def signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def compute(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.usefixtures("signals")
def test_the_timer_rings_when_a_series_has_used_its_time_and_again_for_the_next() -> None:
    timer = Timer(Limits(series_time=0.05), 30.0)
    for share in (1.0, 0.2):
        began = time.process_time()
        with pytest.raises(Overrun), timer.series(share):
            compute(10)
        assert time.process_time() - began < 5
    assert not timer.over


@pytest.mark.usefixtures("signals")
def test_the_timer_rings_at_the_end_of_the_document_whatever_a_series_has_left() -> None:
    timer = Timer(Limits(series_time=20), 0.1)
    began = time.process_time()
    with pytest.raises(Overrun), timer.series():
        compute(10)
    assert timer.over
    assert time.process_time() - began < 5


@pytest.mark.usefixtures("signals")
def test_the_timer_rings_for_what_does_not_compute_at_all() -> None:
    began = time.monotonic()
    with pytest.raises(Overrun), Timer(Limits(), 0.01).document():
        time.sleep(20)
    assert time.monotonic() - began < 10


def test_however_large_a_calendar_is_there_is_an_end_to_its_time() -> None:
    limits = replace(TIGHT, component_time=10.0, longest_time=1.0)
    one = Sandbox(limits, worker=WILD)
    calendar = one.calendar()
    for n in range(20):
        assert note_of(calendar, told("X-SPIN", n)) is Note.TOO_SLOW
    assert computed(one) < 20 * TIGHT.document_time / 2
    one.close()


def test_a_document_that_is_too_large_never_reaches_a_process(sandbox: Sandbox) -> None:
    one = Sandbox(Limits(document=1000))
    assert note_of(one, document(event(*HOUR, "SUMMARY:" + "x" * 1000))) is Note.TOO_LARGE
    with pytest.raises(Unreadable) as foreign:
        one(b"x" * 1001, BERLIN, APRIL)
    assert not isinstance(foreign.value, TooMuch)
    assert one.lanes.quick.pid is None


def test_many_threads_share_the_sandbox_and_each_gets_its_own_answer(sandbox: Sandbox) -> None:
    def one(n: int) -> bool:
        body = document(event(*HOUR, uid=f"u{n}"))
        return [series.uid for series in sandbox(body, BERLIN, APRIL).series] == [f"u{n}"]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(200)))


def test_a_process_knows_nothing_of_ours_and_is_bounded_by_the_kernel(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCD_SECRET", "s3cret")
    assert fine(sandbox)
    proc = Path(f"/proc/{sandbox.lanes.quick.pid}")
    names = {line.partition(b"=")[0] for line in (proc / "environ").read_bytes().split(b"\0") if line}
    assert names <= {b"PYTHONTZPATH", b"LD_LIBRARY_PATH"}
    limits = (proc / "limits").read_text(encoding="utf-8")
    bounds = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert bounds["Max address space"] == [str(TIGHT.memory)] * 2
    assert bounds["Max core file size"] == bounds["Max file size"] == ["0", "0"]
    assert int(bounds["Max cpu time"][0]) < 10
    assert int(bounds["Max open files"][1]) <= 32


@pytest.mark.parametrize("busy", [False, True])
def test_the_processes_end_with_the_program_however_it_ends(busy: bool, tmp_path: Path) -> None:
    code = (
        "import sys, threading, time\n"
        "from providers.ical.sandbox import Sandbox\n"
        "from providers.ical import Limits\n"
        "from tests.providers.ical.test_sandbox import APRIL, BERLIN, GOOD, WILD, told\n"
        "box = Sandbox(Limits(document_time=60, calendar_time=60), worker=WILD)\n"
        "box(GOOD, BERLIN, APRIL)\n"
        "body = told('X-DEAF') + b'\\n' * 300_000\n"
        f"threading.Thread(target=lambda: {busy} and box(body, BERLIN, APRIL), daemon=True).start()\n"
        "while not (box.lanes.slow if " + str(busy) + " else box.lanes.quick).pid: time.sleep(0.01)\n"
        "print(box.lanes.quick.pid, box.lanes.slow.pid or 0, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        pids = [int(pid) for pid in program.stdout.readline().split() if pid != "0"]
        assert pids
        assert len(pids) == 1 + busy
        until = time.monotonic() + 30
        while busy and ticks(pids[1]) < 1.5 and time.monotonic() < until:
            time.sleep(0.05)  # it is in the midst of the document
        program.kill()
    for pid in pids:
        assert eventually(pid, within=5)


def test_an_installation_without_a_reader_is_told_and_nothing_is_called_free() -> None:
    one = Sandbox(worker="tests.providers.ical.no_such_module")
    with pytest.raises(Unavailable, match="does not start"):
        one(GOOD, BERLIN, APRIL)
    one.close()


def test_no_word_of_a_calendar_is_in_any_error_or_on_stderr() -> None:
    mark = "Geheim"
    read_end, write_end = os.pipe()  # into a file the kernel would not let them write anyway
    kept = os.dup(2)
    os.dup2(write_end, 2)
    try:
        one = Sandbox(TIGHT, worker=WILD)
        for word in ("X-LEAK", "X-DIE", "X-SPIN"):
            with pytest.raises(TooMuch) as caught:
                one(document(event(*HOUR, f"SUMMARY:{mark}", word)), BERLIN, APRIL)
            assert mark not in repr(caught.value) + str(caught.value.__cause__)
        one.close()
    finally:
        os.dup2(kept, 2)
        for end in (kept, write_end):
            os.close(end)
    with os.fdopen(read_end, "rb") as said:
        assert mark.encode() not in said.read()


def test_two_students_with_a_zone_of_one_name_are_each_read_by_their_own() -> None:
    def school(offset: str) -> bytes:
        zone = (
            "BEGIN:VTIMEZONE\nTZID:School Zone\nBEGIN:STANDARD\nDTSTART:20000101T000000\n"
            f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
        )
        return document(zone, event("DTSTART;TZID=School Zone:20260410T080000", "DURATION:PT1H"))

    expected = {"+0200": ["04-10 06:00-07:00"], "-0500": ["04-10 13:00-14:00"]}
    windows = document(event("DTSTART;TZID=Eastern Standard Time:20260410T080000", "DURATION:PT1H"))
    for order in (("+0200", "-0500"), ("-0500", "+0200")):
        one = Sandbox()
        for offset in order:
            (series,) = one(school(offset), BERLIN, APRIL).series
            assert shown(series.time.busy) == expected[offset]
        (series,) = one(windows, BERLIN, APRIL).series
        assert shown(series.time.busy) == ["04-10 12:00-13:00"]
        one.close()


def test_the_others_overtake_a_document_that_hangs() -> None:
    calendars = [[document(event(*HOUR, uid=f"{c}-{n}")) for n in range(10)] for c in range(19)]
    one = Sandbox(worker=WILD)
    fine(one)

    def all_of(bodies: Sequence[bytes]) -> int:
        calendar = one.calendar()
        return sum(len(calendar(body, BERLIN, APRIL).series) for body in bodies)

    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(1) as other:
        stuck = other.submit(note_of, one.calendar(), told("X-SPIN"))
        assert sum(pool.map(all_of, calendars)) == 190
        assert not stuck.done()
        assert stuck.result() is Note.TOO_SLOW
    one.close()
