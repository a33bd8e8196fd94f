from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from policy.interval import Interval
from providers.base import CalendarId, ETag, EventRef, RefKey, SyncToken
from syncd.clock import MovableClock
from syncd.store.errors import Refused, Taken, Unknown
from syncd.store.rows import (
    AccountId,
    Block,
    Calendar,
    CalendarChoice,
    CalendarRowId,
    Health,
    PersonId,
    Side,
)
from tests.syncd.store.grounds import NOW
from tests.syncd.store.school import HOUR, School, connect

Silent = Callable[[Callable[[], object]], bool]
DAY = Interval(NOW, NOW + timedelta(days=1))


def choice(
    name: str, *, busy: bool = True, sessions: bool = False, times_only: bool = False
) -> CalendarChoice:
    return CalendarChoice(CalendarId(f"https://dav/{name}/"), name, busy, sessions, times_only)


def block(key: str, hour: int, kind: str = "busy") -> Block:
    return Block(RefKey(key), NOW + hour * HOUR, NOW + (hour + 1) * HOUR, kind)


def test_an_account_comes_back_as_connected(school: School) -> None:
    account = school.account
    with school.db.write() as tx:
        other = connect(tx, school.ben)
        tx.accounts.put_grant(account.id, b"\0new")
    with school.db.read() as tx:
        found = tx.accounts.get(account.id)
        assert (found.grant, found.health, found.health_since) == (b"\0new", Health.OK, NOW)
        assert (found.provider, found.url, found.username) == ("caldav", "https://dav/", "ada")
        assert tx.accounts.of(school.ada.id) == (found,)
        assert tx.accounts.all() == (found, other)
        with pytest.raises(Unknown):
            tx.accounts.get(AccountId(99))


def test_an_account_is_connected_once(school: School) -> None:
    with school.db.write() as tx:
        with pytest.raises(Taken, match="connected already"):
            connect(tx, school.ada)
        with pytest.raises(Refused) as caught:
            tx.accounts.add(PersonId(99), "caldav", "https://dav/", "x", b"", 0)
        assert type(caught.value) is Refused
        tx.accounts.remove(school.account.id)
        assert connect(tx, school.ada).id != school.account.id


def test_health_is_news_when_it_or_its_cause_changes(school: School, clock: MovableClock) -> None:
    def note(health: Health, trouble: str | None = None, cause: str | None = None) -> tuple[bool, bool]:
        clock.sleep(HOUR)
        with school.db.write() as tx:
            return (
                tx.accounts.set_health(school.account.id, health, trouble, cause),
                tx.calendars.set_health(school.calendar.id, health, trouble, cause),
            )

    assert note(Health.OK) == (False, False)
    assert note(Health.FAILING, "no answer", "Unavailable") == (True, True)
    assert note(Health.FAILING, "still no answer", "Unavailable") == (False, False)
    assert note(Health.FAILING, "nonsense", "Unsupported") == (True, True)
    with school.db.read() as tx:
        for row in (tx.accounts.get(school.account.id), tx.calendars.get(school.calendar.id)):
            assert (row.health, row.trouble, row.cause) == (Health.FAILING, "nonsense", "Unsupported")
            assert row.health_since == NOW + 2 * HOUR
    assert note(Health.OK) == (True, True)
    assert note(Health.OK) == (False, False)


def test_a_removed_account_leaves_no_grant_and_no_time_behind(school: School) -> None:
    session = school.book()
    copy = school.copy(session)
    with school.db.write() as tx:
        other = tx.calendars.add(school.account.id, CalendarId("b"), "B", busy=True, sessions=False)
        for calendar in (school.calendar, other):
            tx.calendars.put_resource(calendar.id, RefKey("r"), ETag("1"), [block("r", 1)])
            tx.calendars.saw(calendar.id, SyncToken("t"), NOW, NOW, DAY)
        tx.accounts.remove(school.account.id)
    with school.db.write() as tx:
        account = tx.accounts.get(school.account.id)
        assert (account.grant, account.health, account.cause) == (b"", Health.LOST, "removed")
        assert tx.accounts.of(school.ada.id) == tx.accounts.all() == ()
        assert tx.calendars.of_person(school.ada.id) == tx.calendars.of_account(account.id) == ()
        assert tx.calendars.sessions_calendar(school.ada.id) is None
        assert tx.calendars.blocks([school.calendar.id, other.id], DAY) == ()
        assert tx.copies.of(session.id) == (copy,)  # history stays, and points at something
        kept = tx.calendars.get(copy.calendar_id)
        assert (kept.name, kept.token, kept.busy, kept.health) == ("", None, False, Health.LOST)
        with pytest.raises(Unknown):
            tx.calendars.get(other.id)
        tx.accounts.put_grant(account.id, b"back?")
        tx.calendars.saw(kept.id, SyncToken("t"), NOW)
        assert tx.accounts.get(account.id).grant == b""
        assert tx.calendars.get(kept.id).token is None


def test_removing_twice_writes_nothing(school: School, silent: Silent, clock: MovableClock) -> None:
    def remove() -> None:
        clock.sleep(HOUR)
        with school.db.write() as tx:
            tx.accounts.remove(school.account.id)

    remove()
    assert silent(remove)


def test_choices_replace_the_calendars_of_an_account(school: School, silent: Silent) -> None:
    account = school.account.id

    def replace(*choices: CalendarChoice) -> list[tuple[str, bool, bool]]:
        with school.db.write() as tx:
            return [(one.name, one.busy, one.sessions) for one in tx.calendars.replace(account, choices)]

    assert replace(choice("ada"), choice("work", sessions=True)) == [
        ("ada", True, False),
        ("work", True, True),
    ]
    assert silent(lambda: replace(choice("ada"), choice("work", sessions=True)))
    with school.db.write() as tx:
        work = tx.calendars.of_account(account)[1]
        tx.calendars.saw(work.id, SyncToken("t"), NOW)
        tx.calendars.put_resource(work.id, RefKey("r"), ETag("1"), [block("r", 1)])
    assert replace(choice("ada", sessions=True)) == [("ada", True, True)]
    replace(choice("ada", sessions=True), choice("work"))
    with school.db.read() as tx:
        again = tx.calendars.of_account(account)[1]
        assert again.token is None
        assert tx.calendars.known(again.id) == {}


def test_a_calendar_that_comes_back_is_well_and_unread(school: School) -> None:
    school.copy(school.book())
    with school.db.write() as tx:
        tx.calendars.saw(school.calendar.id, SyncToken("t"), NOW)
        tx.calendars.replace(school.account.id, [])
        (back,) = tx.calendars.replace(school.account.id, [choice("ada")])
    assert (back.id, back.health, back.cause, back.token) == (school.calendar.id, Health.OK, None, None)


def test_a_person_has_one_calendar_for_sessions(school: School) -> None:
    with school.db.write() as tx:
        assert tx.calendars.sessions_calendar(school.ada.id) == school.calendar
        second = connect(tx, school.ada, "ada2")
        chosen = tx.calendars.add(second.id, CalendarId("c"), "C", busy=False, sessions=True)
        assert tx.calendars.sessions_calendar(school.ada.id) == chosen
        assert [one.sessions for one in tx.calendars.of_person(school.ada.id)] == [False, True]
        assert tx.calendars.sessions_calendar(school.ben.id) is None


def test_a_round_is_noted_and_the_same_round_writes_nothing(school: School, silent: Silent) -> None:
    def saw(token: str | None, full: bool = False) -> None:
        with school.db.write() as tx:
            extra = (NOW, DAY) if full else (None, None)
            tx.calendars.saw(school.calendar.id, SyncToken(token) if token else None, NOW, *extra)

    saw("a", full=True)
    saw("b")
    assert silent(lambda: saw("b"))
    with school.db.read() as tx:
        row = tx.calendars.get(school.calendar.id)
    assert (row.token, row.verified_at, row.full_at, row.window) == ("b", NOW, NOW, DAY)
    with school.db.write() as tx:
        tx.calendars.list_anew(row.id)
        again = tx.calendars.get(row.id)
    assert (again.token, again.full_at) == ("b", None)


def test_a_resource_replaces_its_own_time_only(school: School, silent: Silent) -> None:
    calendar = school.calendar.id

    def put(key: str, etag: str, *blocks: Block) -> bool:
        with school.db.write() as tx:
            return tx.calendars.put_resource(calendar, RefKey(key), ETag(etag), blocks)

    assert put("a", "1", block("a", 1), block("a", 2))
    assert put("b", "1", block("b", 3, "tentative"))
    assert not put("a", "1", block("a", 2), block("a", 1), block("a", 1))
    assert silent(lambda: put("a", "1", block("a", 1), block("a", 2)))
    assert put("a", "2", block("a", 1), block("a", 2))
    assert put("a", "2", block("a", 2), block("a", 5, "unknown"))
    with school.db.read() as tx:
        assert tx.calendars.known(calendar) == {"a": "2", "b": "1"}
        assert tx.calendars.blocks([calendar], DAY) == (
            block("a", 2),
            block("b", 3, "tentative"),
            block("a", 5, "unknown"),
        )
    with school.db.write() as tx:
        assert tx.calendars.drop_resource(calendar, RefKey("a"))
        assert tx.calendars.known(calendar) == {"b": "1"}
        assert tx.calendars.blocks([calendar], DAY) == (block("b", 3, "tentative"),)
    with pytest.raises(ValueError, match="another resource"):
        put("a", "3", block("b", 1))


def test_blocks_touch_their_window(school: School) -> None:
    with school.db.write() as tx:
        tx.calendars.put_blocks(school.calendar.id, [block("", hour) for hour in range(5)])
        touching = Interval(NOW + 2 * HOUR, NOW + 3 * HOUR)
        assert tx.calendars.blocks([school.calendar.id], touching) == (block("", 2),)
        assert tx.calendars.blocks([], touching) == ()
        assert tx.calendars.blocks([CalendarRowId(99)], touching) == ()


def test_a_whole_calendars_time_is_replaced(school: School, silent: Silent) -> None:
    def put(*hours: int) -> bool:
        with school.db.write() as tx:
            return tx.calendars.put_blocks(school.calendar.id, [block("", hour) for hour in hours])

    assert put(*range(1200))
    assert silent(lambda: put(*range(1200)))
    assert put(1, 2000)
    with school.db.read() as tx:
        window = Interval(NOW, NOW + 3000 * HOUR)
        assert tx.calendars.blocks([school.calendar.id], window) == (block("", 1), block("", 2000))


def test_the_time_of_a_calendar_as_a_whole_stands_beside_that_of_its_resources(school: School) -> None:
    calendar = school.calendar.id
    with school.db.write() as tx:
        tx.calendars.put_resource(calendar, RefKey("a"), ETag("1"), [block("a", 1)])
        assert tx.calendars.put_blocks(calendar, [block("", 1), block("", 3)])
        assert tx.calendars.put_blocks(calendar, [block("", 3)])
        assert tx.calendars.blocks([calendar], DAY) == (block("a", 1), block("", 3))
        tx.calendars.drop_resource(calendar, RefKey("a"))
        assert tx.calendars.blocks([calendar], DAY) == (block("", 3),)
        with pytest.raises(ValueError, match="belongs to a resource"):
            tx.calendars.put_blocks(calendar, [block("a", 1)])


def test_when_busy_time_was_read_and_whether_it_is_right_is_noted(school: School, silent: Silent) -> None:
    calendar = school.calendar.id

    def note(at: int | None) -> tuple[object, bool]:
        with school.db.write() as tx:
            if at is None:
                tx.calendars.owe_busy(calendar)
            else:
                tx.calendars.saw_busy(calendar, NOW + at * HOUR)
            found = tx.calendars.get(calendar)
            return found.busy_at, found.busy_owed

    assert (school.calendar.busy_at, school.calendar.busy_owed) == (None, False)
    assert note(1) == (NOW + HOUR, False)
    assert silent(lambda: note(1))
    assert note(None) == (NOW + HOUR, True)
    assert silent(lambda: note(None))
    assert note(2) == (NOW + 2 * HOUR, False)


def test_what_shows_more_or_less_than_before_is_unread(school: School) -> None:
    account = school.account.id

    def replace(*, times_only: bool) -> Calendar:
        with school.db.write() as tx:
            (made,) = tx.calendars.replace(account, [choice("ada", times_only=times_only)])
            return made

    before = replace(times_only=False)
    with school.db.write() as tx:
        tx.calendars.saw(before.id, SyncToken("t"), NOW, NOW, DAY)
        tx.calendars.put_resource(before.id, RefKey("r"), ETag("1"), [block("r", 1)])
        tx.calendars.put_notes(before.id, RefKey("r"), ["too-long"])
        tx.calendars.put_blocks(before.id, [block("", 2)])
    assert replace(times_only=False).token == "t"
    after = replace(times_only=True)
    assert (after.id, after.times_only, after.token, after.window) == (before.id, True, None, None)
    with school.db.write() as tx:
        assert tx.calendars.known(after.id) == {}
        assert tx.calendars.blocks([after.id], DAY) == ()
        assert tx.calendars.noted([after.id]) == ()
        tx.calendars.saw(after.id, None, NOW, NOW, DAY)
        tx.calendars.saw_busy(after.id, NOW)
    assert replace(times_only=True).busy_at == NOW
    assert (replace(times_only=False).window, replace(times_only=False).busy_at) == (None, None)


def test_until_when_an_account_is_not_written_to_is_kept(school: School, silent: Silent) -> None:
    def note() -> None:
        with school.db.write() as tx:
            tx.accounts.write_after(school.account.id, NOW + HOUR)

    assert school.account.write_after is None
    note()
    assert silent(note)
    with school.db.read() as tx:
        assert tx.accounts.get(school.account.id).write_after == NOW + HOUR


def test_a_calendar_belongs_to_an_account(school: School) -> None:
    with school.db.write() as tx, pytest.raises(Refused):
        tx.calendars.add(AccountId(99), CalendarId("x"), "X", busy=True, sessions=False)


def test_a_hostile_ref_is_kept_without_its_poison(school: School) -> None:
    session = school.book()
    with school.db.write() as tx:
        copy = tx.copies.add(session.id, Side.STUDENT, 1, school.calendar.id, "u", EventRef("/a\0b.ics"))
        assert tx.copies.get(copy.id).ref == copy.ref
