from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from policy.interval import Interval
from syncd.store.database import Database
from syncd.store.errors import Clash, Refused, Taken, Unknown
from syncd.store.rows import PersonId, SessionId, SessionRow, Waiting
from tests.syncd.store.school import HOUR, TEN, School

Silent = Callable[[Callable[[], object]], bool]


def test_a_session_comes_back_as_entered(school: School) -> None:
    row = school.book(key="k", snapshot={"seq": 1, "ü": [None, 1.5, {"b": 1, "a": "\0"}]})
    with school.db.read() as tx:
        assert tx.sessions.get(row.id) == row
        assert tx.sessions.by_key("k") == row
        assert tx.sessions.by_key("other") is None
        with pytest.raises(Unknown, match="no session two"):
            tx.sessions.get(SessionId("two"))


@pytest.mark.parametrize("by", [timedelta(0), timedelta(minutes=59), timedelta(minutes=-59)])
@pytest.mark.parametrize("shared", ["student", "mentor"])
def test_no_two_live_sessions_of_a_person_overlap(school: School, by: timedelta, shared: str) -> None:
    first = school.book()
    other = {"mentor_id": school.max.id} if shared == "student" else {"student_id": school.ben.id}
    second = school.session("two", TEN + by, **other)
    with school.db.write() as tx:
        with pytest.raises(Clash) as caught:
            tx.sessions.add(second)
        assert tx.sessions.all() == (first,)  # and the transaction goes on
    person = school.ada if shared == "student" else school.mia
    assert (caught.value.session_id, caught.value.person_id) == (first.id, person.id)


def test_sessions_may_touch_and_past_ones_do_not_count(school: School) -> None:
    school.book()
    school.book("after", TEN + HOUR)
    school.book("before", TEN - HOUR)
    school.book("dead", TEN, live=False)
    school.book("others", TEN, student_id=school.ben.id, mentor_id=school.max.id)


def test_a_session_cannot_be_moved_or_revived_into_another(school: School) -> None:
    school.book()
    later = school.book("two", TEN + HOUR)
    dead = school.book("three", TEN, live=False)
    with school.db.write() as tx:
        for save in (replace(later, start=TEN), replace(dead, live=True)):
            with pytest.raises(Clash) as caught:
                tx.sessions.save(save)
            assert caught.value.session_id == "one"
        assert tx.sessions.get(later.id) == later
        assert tx.sessions.save(replace(later, start=TEN + HOUR / 2 + HOUR, end=TEN + 3 * HOUR))


def test_a_session_that_ends_gives_its_time_free(school: School) -> None:
    row = school.book()
    with school.db.write() as tx:
        tx.sessions.save(replace(row, live=False, state="cancelled"))
        tx.sessions.add(school.session("two"))


def test_the_schema_itself_refuses_an_overlap(school: School, db: Database) -> None:
    """Past the repository, as a future mistake in it would be."""
    school.book()
    second = school.session("two", TEN, live=False)
    with db.write() as tx:
        tx.sessions.add(second)
        link = tx.sessions._link
        with pytest.raises(Refused, match="overlap"), link.attempt():
            link.run(text("UPDATE session_people SET live = true WHERE session_id = 'two'"))


def test_of_two_writers_at_once_one_is_told_of_the_clash(
    school: School, another: Callable[[], Database]
) -> None:
    handles = [another(), another()]

    def add(row: SessionRow, number: int, gate: threading.Barrier) -> str:
        gate.wait(30)
        try:
            with handles[number].write() as tx:
                tx.sessions.add(row)
        except Clash as clash:
            return clash.session_id
        return "booked"

    for day in range(10):
        start, gate = TEN + timedelta(days=day), threading.Barrier(2)
        # The same two people, named from both ends: in either order, neither waits for ever.
        one = school.session(f"one {day}", start, mentor_id=school.ben.id)
        two = replace(one, id=SessionId(f"two {day}"), student_id=one.mentor_id, mentor_id=one.student_id)
        with ThreadPoolExecutor(2) as pool:
            told = [
                future.result() for future in [pool.submit(add, one, 0, gate), pool.submit(add, two, 1, gate)]
            ]
        assert told in (["booked", one.id], [two.id, "booked"])


def test_bookings_of_one_person_stand_in_line(school: School, another: Callable[[], Database]) -> None:
    """Two inserts under one EXCLUDE constraint may deadlock; the person's row is the line."""
    beside = another()

    def book() -> None:
        with beside.write() as tx:
            tx.sessions.add(school.session("two", TEN + HOUR, mentor_id=school.max.id))

    with ThreadPoolExecutor(1) as pool:
        with school.db.write() as tx:
            tx.sessions.add(school.session())
            other = pool.submit(book)
            with pytest.raises(StillWaiting):
                other.result(0.3)
        other.result(30)


def test_a_key_and_an_id_are_used_once(school: School) -> None:
    school.book(key="k")
    with school.db.write() as tx:
        with pytest.raises(Taken):
            tx.sessions.add(school.session("two", TEN + HOUR, key="k"))
        with pytest.raises(Taken):
            tx.sessions.add(school.session("one", TEN + HOUR))


def test_a_session_is_between_two_people_whom_we_know(school: School) -> None:
    for mentor in (school.ada.id, PersonId(99)):
        with school.db.write() as tx, pytest.raises(Refused) as caught:
            tx.sessions.add(school.session(mentor_id=mentor))
        assert type(caught.value) is Refused
    row = school.book()
    with school.db.write() as tx, pytest.raises(Refused, match="two other people"):
        tx.sessions.save(replace(row, mentor_id=school.max.id))


def test_saving_the_same_writes_nothing(school: School, silent: Silent) -> None:
    row = school.book()

    def save(new: SessionRow) -> bool:
        with school.db.write() as tx:
            return tx.sessions.save(new)

    assert silent(lambda: save(row))
    changed = replace(row, state="booked", calendar_state="present", snapshot={"seq": 2})
    assert save(changed)
    assert not save(changed)
    with school.db.read() as tx:
        assert tx.sessions.get(row.id) == changed


def test_sessions_are_found_by_time_person_and_state(school: School) -> None:
    first, second = school.book(), school.book("two", TEN + HOUR, state="booked")
    school.book("dead", TEN, live=False, state="cancelled")
    other = school.book("other", TEN, student_id=school.ben.id, mentor_id=school.max.id)
    with school.db.read() as tx:
        touching = Interval(TEN + HOUR - timedelta(minutes=1), TEN + HOUR)
        assert tx.sessions.live_of(school.ada.id, touching) == (first,)
        assert tx.sessions.live_of(school.mia.id, Interval(TEN, TEN + 2 * HOUR)) == (first, second)
        assert tx.sessions.all(state="booked") == (second,)
        assert tx.sessions.all(person_id=school.max.id) == (other,)
        assert tx.sessions.all("booked", school.ben.id) == ()
        assert tx.sessions.upcoming(TEN) == (second,)
        assert len(tx.sessions.all()) == 4


def test_what_live_sessions_wait_for_is_told_without_their_facts(school: School) -> None:
    row = school.book()
    school.book("two", TEN + 2 * HOUR, live=False, state="elapsed")
    waits = Waiting(row.state, row.deadline, school.ada.id)
    with school.db.read() as tx:
        assert tx.sessions.waiting(school.ada.id) == tx.sessions.waiting(school.mia.id) == (waits,)
        assert tx.sessions.waiting(school.ben.id) == ()
