from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from policy.facts import Side
from policy.life import State
from syncd import wiring
from syncd.clock import ShiftedClock
from syncd.config import load
from syncd.demo.keeper import at_work
from syncd.demo.moving import clock_of, move
from syncd.demo.visitor import decline
from syncd.errors import Misconfigured, Problem
from syncd.house import House
from syncd.sessions import agree as commit
from syncd.store.rows import Role
from syncd.vault import Vault
from syncd.work import LOOK, side_key

BOUND = timedelta(seconds=60)


def near(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < BOUND


def make(folder: Path) -> Path:
    (folder / "config.toml").write_text('[school]\nzone = "Europe/Berlin"\n', encoding="utf-8")
    Vault.create(folder / "key")
    return folder / "config.toml"


@contextmanager
def opened(file: Path) -> Iterator[House]:
    house = wiring.open_house(load(file))
    try:
        yield house
    finally:
        house.db.close()


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The configuration of a demo in which nobody has a calendar."""
    file, clock = make(tmp_path), tmp_path / "clock"
    clock.write_text("3600.0", "ascii")
    with opened(file) as house, house.db.write() as tx:
        tx.meta.put(wiring.DEMO_CLOCK, str(clock))
    return file


# --- the clock -----------------------------------------------------------------------


def test_every_program_of_a_demo_has_the_same_clock(demo: Path) -> None:
    with opened(demo) as one, opened(demo) as other:
        assert near(one.clock.now(), datetime.now(UTC) + timedelta(hours=1))
        clock_of(one).move(datetime(2040, 1, 1, tzinfo=UTC))
        assert near(other.clock.now(), datetime(2040, 1, 1, tzinfo=UTC))
        with other.db.read() as tx:
            assert near(tx.now, datetime(2040, 1, 1, tzinfo=UTC))
        assert other.clock.disciplined()


def test_a_clock_that_is_told_to_go_back_goes_on(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("0", "ascii")
    clock = ShiftedClock(tmp_path / "clock")
    before = clock.now()
    clock.move(before - timedelta(hours=1))
    assert clock.now() >= before


def test_who_waits_is_woken_by_a_move(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("0", "ascii")
    clock, other = (ShiftedClock(tmp_path / "clock") for _ in range(2))

    waiting = Thread(target=clock.sleep, args=(timedelta(days=1),), daemon=True)
    waiting.start()
    for _ in range(600):  # the first move may come before the waiting begins
        other.move(other.now() + timedelta(days=2))
        waiting.join(0.1)
        if not waiting.is_alive():
            return
    pytest.fail("it waits on")


def test_a_clock_whose_file_is_gone_goes_on_from_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("7200.0", "ascii")
    clock = ShiftedClock(tmp_path / "clock")
    before = clock.now()
    (tmp_path / "clock").unlink()
    assert before <= clock.now() < before + BOUND


def test_only_the_mark_in_the_database_makes_it_a_demo(tmp_path: Path) -> None:
    file = make(tmp_path)
    (tmp_path / "clock").write_text("3600.0", "ascii")
    with opened(file) as house:
        assert not isinstance(house.clock, ShiftedClock)
        with pytest.raises(
            Problem, match=r"config\.toml is not the configuration of a demo, so its clock stays"
        ):
            move(house, house.clock.now() + timedelta(hours=1))
        wiring.refuse_demo(house)


def test_the_daemon_of_a_school_refuses_the_database_of_a_demo(demo: Path) -> None:
    with (
        opened(demo) as house,
        pytest.raises(
            Misconfigured, match=r"syncd\.db is the database of a demo, whose own daemon works on it"
        ),
    ):
        wiring.refuse_demo(house)


def test_the_database_of_a_demo_that_is_over_is_told_as_such(demo: Path) -> None:
    (demo.parent / "clock").unlink()
    with pytest.raises(
        Misconfigured, match=r"syncd\.db is the database of a demo that is over; start another"
    ):
        wiring.open_house(load(demo))


# --- moving it, with the daemon at work ----------------------------------------------


@pytest.fixture
def school(demo: Path) -> Iterator[House]:
    with opened(demo) as house, at_work(house, clock_of(house)):
        yield house


def agree(house: House, ahead: timedelta) -> str:

    with house.db.write() as tx:
        for name, role in (("lena", Role.STUDENT), ("jonas", Role.MENTOR)):
            tx.people.add(f"{name}@school.example", name.title(), role, "Europe/Berlin", None)
    start = house.clock.now() + ahead
    session, _ = commit(house, "lena@school.example", "jonas@school.example", start, timedelta(hours=1), None)
    return session.id


def test_what_is_due_on_the_way_is_done_at_its_own_time(school: House) -> None:
    session = agree(school, timedelta(hours=2))
    to = school.clock.now() + timedelta(days=1)
    with opened(school.config.file) as visitor:
        moved = move(visitor, to)
        with visitor.db.read() as tx:
            found = tx.sessions.all()[0]
    assert to <= moved.at < to + BOUND
    assert found.state != State.PLANNED
    told = {each.kind: each for each in moved.events if each.session == session}
    assert told, "nothing is told of the session"
    assert all(near(each.at, found.start) or each.at < found.start for each in told.values())
    assert {each.who for each in told.values()} == {"Lena with Jonas"}


def test_what_failed_is_not_waited_for(school: House) -> None:
    with school.db.write() as tx:
        ahead = tx.now + timedelta(hours=3)
        tx.due.set_time(LOOK, side_key("none", Side.STUDENT), ahead, prio=1, excl=None)
    to = school.clock.now() + timedelta(hours=12)
    assert move(school, to).at >= to


def test_a_clock_is_not_moved_into_the_past(school: House) -> None:
    with pytest.raises(Problem, match=r"has passed: the demo's clock is at .*, and only moves forward"):
        move(school, school.clock.now() - timedelta(hours=1))


def test_a_session_without_an_event_cannot_be_declined(school: House) -> None:
    session = agree(school, timedelta(days=2))
    with pytest.raises(
        Problem, match=f"session {session} does not stand in a calendar of Jonas; see: syncd session show"
    ):
        decline(school, session)
