from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from providers.base import CalendarId, ETag, EventRef
from syncd.store.errors import Taken, Unknown
from syncd.store.rows import CopyId, Side, Stray
from tests.syncd.store.grounds import NOW
from tests.syncd.store.school import School

Silent = Callable[[Callable[[], object]], bool]
BODY = {"z": [1, {"ü": None}], "a": "x"}


def test_copies_are_found_by_session_place_and_uid(school: School) -> None:
    session = school.book()
    first, second = school.copy(session), school.copy(session, 2)
    with school.db.write() as tx:
        assert tx.copies.of(session.id) == (first, second)
        assert tx.copies.by_uid("one-1") == (first,)
        mentor = tx.copies.add(session.id, Side.MENTOR, 1, school.calendar.id, "one-1", EventRef("m"))
        assert tx.copies.by_uid("one-1") == (first, mentor)
        with pytest.raises(Unknown):
            tx.copies.get(CopyId(99))
        with pytest.raises(Taken):
            tx.copies.add(session.id, Side.STUDENT, 1, school.calendar.id, "new", EventRef("x"))
        with pytest.raises(Taken):
            tx.copies.add(session.id, Side.STUDENT, 3, school.calendar.id, "one-1", EventRef("x"))


def test_pictures_of_a_copy_change_one_by_one(school: School, silent: Silent) -> None:
    copy = school.copy(school.book())

    def note() -> None:
        with school.db.write() as tx:
            tx.copies.set_base(copy.id, BODY)
            tx.copies.set_intent(copy.id, {"verb": "create"})

    note()
    assert silent(note)
    with school.db.write() as tx:
        other = tx.calendars.add(school.account.id, CalendarId("o"), "O", busy=True, sessions=False)
        assert (tx.copies.get(copy.id).base, tx.copies.get(copy.id).intent) == (BODY, {"verb": "create"})
        tx.copies.set_intent(copy.id, None)
        tx.copies.follow(copy.id, other.id, EventRef("/o/x.ics"), {"etag": "2"})
        moved = tx.copies.get(copy.id)
    assert (moved.calendar_id, moved.ref, moved.base, moved.intent) == (
        other.id,
        "/o/x.ics",
        {"etag": "2"},
        None,
    )


def test_a_stray_keeps_the_time_at_which_it_appeared(school: School, silent: Silent) -> None:
    copy = school.copy(school.book())
    place = (copy.id, school.calendar.id, EventRef("/s.ics"))
    first = Stray(*place, ETag("1"), NOW, None)
    later = Stray(*place, ETag("2"), NOW + timedelta(hours=1), None)

    def put(stray: Stray) -> bool:
        with school.db.write() as tx:
            return tx.copies.put_stray(stray)

    assert put(first)
    assert not put(later)
    assert silent(lambda: put(later))
    with school.db.write() as tx:
        tx.copies.settle_stray(*place, mirror=True)
        assert tx.copies.strays(copy.id) == (Stray(*place, ETag("2"), NOW, mirror=True),)
    put(later)
    with school.db.write() as tx:
        assert tx.copies.strays(copy.id)[0].mirror is True
        assert tx.copies.drop_stray(*place)
        assert tx.copies.strays(copy.id) == ()


def test_an_older_copy_takes_the_place_of_the_newest_with_all_that_is_known_of_it(school: School) -> None:
    session = school.book()
    first, second = school.copy(session), school.copy(session, 2)
    stray = Stray(first.id, school.calendar.id, EventRef("/s.ics"), ETag("1"), NOW, None)
    with school.db.write() as tx:
        tx.copies.set_base(first.id, BODY)
        tx.copies.put_stray(stray)
        assert [copy.id for copy in tx.copies.older(school.calendar.id)] == [first.id]
        tx.copies.swap(second.id, first.id)
    with school.db.read() as tx:
        older, newest = tx.copies.of(session.id)
        assert (newest.id, newest.uid, newest.ref, newest.base) == (second.id, first.uid, first.ref, BODY)
        assert (older.id, older.uid, older.ref, older.base) == (first.id, second.uid, second.ref, None)
        assert [each.copy_id for each in tx.copies.strays(newest.id)] == [newest.id]
        assert tx.copies.strays(older.id) == ()
        assert tx.copies.older(school.calendar.id) == ()


def test_a_look_speaks_of_the_newest_copies_but_not_of_history(school: School) -> None:
    live, over = school.book(), school.book("two", NOW - timedelta(days=3), state="elapsed", live=False)
    _, newest, gone = school.copy(live), school.copy(live, 2), school.copy(over)

    def told(*refs: EventRef) -> set[CopyId]:
        with school.db.read() as tx:
            return {copy.id for copy in tx.copies.concerned(school.calendar.id, school.ada.id, refs)}

    assert told() == {newest.id}
    assert told(gone.ref) == told(*(EventRef(f"/{n}") for n in range(1100)), gone.ref) == {newest.id, gone.id}
    with school.db.write() as tx:
        tx.copies.set_intent(gone.id, BODY)
        assert gone.id in {copy.id for copy in tx.copies.concerned(school.calendar.id, school.ada.id)}
        tx.copies.set_intent(gone.id, None)
        tx.copies.set_base(gone.id, BODY)
    assert told() == {newest.id, gone.id}
