"""A calendar that is lost is never mistaken for an event that was deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.base import CalendarId, CalendarProvider, ETag
from providers.errors import AccessLost, Loss, Unavailable, Unsupported
from tests.providers.house import WINDOW, House, Watch, draft, entry, version

Act = Callable[[CalendarProvider, CalendarId], object]
NOWHERE, ETAG = "not-there", ETag('"0"')


def _changes(provider: CalendarProvider, calendar: CalendarId) -> object:
    return provider.changes(calendar, None, known={}, window=WINDOW)


def _busy(provider: CalendarProvider, calendar: CalendarId) -> object:
    return provider.busy([calendar], WINDOW)


def _fetch(provider: CalendarProvider, calendar: CalendarId) -> object:
    return provider.fetch(calendar, provider.ref_for(calendar, NOWHERE))


def _create(provider: CalendarProvider, calendar: CalendarId) -> object:
    return provider.create(calendar, draft())


def _update(provider: CalendarProvider, calendar: CalendarId) -> object:
    return provider.update(calendar, provider.ref_for(calendar, NOWHERE), draft(NOWHERE), ETAG)


def _delete(provider: CalendarProvider, calendar: CalendarId) -> None:
    provider.delete(calendar, provider.ref_for(calendar, NOWHERE), ETAG)


OF_A_CALENDAR: dict[str, Act] = {
    "changes": _changes,
    "busy": _busy,
    "fetch": _fetch,
    "create": _create,
    "update": _update,
    "delete": _delete,
}
OF_AN_ACCOUNT: dict[str, Act] = {
    **OF_A_CALENDAR,
    "capabilities": lambda provider, _: provider.capabilities(),
    "calendars": lambda provider, _: provider.calendars(),
}
every_act = pytest.mark.parametrize("act", OF_AN_ACCOUNT.values(), ids=OF_AN_ACCOUNT)
every_act_on_a_calendar = pytest.mark.parametrize("act", OF_A_CALENDAR.values(), ids=OF_A_CALENDAR)


class LossesContract:
    """Deleted calendars, wrong passwords, servers that are down."""

    @every_act_on_a_calendar
    def test_a_deleted_calendar_is_access_lost_and_not_an_event_gone(self, house: House, act: Act) -> None:
        house.outside.delete_calendar(house.doomed)
        with pytest.raises(AccessLost) as lost:
            act(house.provider, house.doomed)
        assert lost.value.loss is Loss.GONE

    def test_an_event_of_a_deleted_calendar_is_not_called_deleted(self, house: House) -> None:
        written = house.provider.create(house.doomed, house.draft())
        etag = version(house, written)
        house.outside.delete_calendar(house.doomed)
        with pytest.raises(AccessLost):
            house.provider.fetch(house.doomed, written.ref)
        with pytest.raises(AccessLost):
            house.provider.delete(house.doomed, written.ref, etag)

    def test_a_deleted_calendar_does_not_report_deletions(self, house: House) -> None:
        house.outside.add(house.doomed, entry())
        token = house.provider.changes(house.doomed, None, known={}, window=WINDOW).token
        house.outside.delete_calendar(house.doomed)
        with pytest.raises(AccessLost):
            house.provider.changes(house.doomed, token, known={}, window=WINDOW)

    def test_one_deleted_calendar_leaves_the_other_alone(self, house: House) -> None:
        ref = house.outside.add(house.spared, entry())
        house.outside.delete_calendar(house.doomed)
        assert house.provider.fetch(house.spared, ref).ref == ref
        assert house.spared in {one.id for one in house.provider.calendars()}
        assert house.doomed not in {one.id for one in house.provider.calendars()}

    @every_act
    def test_a_wrong_password_is_access_lost(self, house: House, act: Act) -> None:
        with pytest.raises(AccessLost) as lost:
            act(house.refused, house.calendar)
        assert lost.value.loss is Loss.CREDENTIALS

    @every_act
    def test_a_server_that_is_down_is_unavailable(self, house: House, act: Act) -> None:
        with house.outage(), pytest.raises(Unavailable):
            act(house.provider, house.calendar)

    def test_after_an_outage_everything_is_as_it_was(self, house: House) -> None:
        ref = house.provider.create(house.calendar, house.draft()).ref
        watch = Watch(house.provider, house.calendar)
        watch.look()
        with house.outage(), pytest.raises(Unavailable):
            watch.look()
        assert watch.look().changes.items == ()
        assert house.provider.fetch(house.calendar, ref).ref == ref

    def test_a_calendar_that_may_not_be_written_is_refused(self, house: House) -> None:
        with pytest.raises((AccessLost, Unsupported)):
            house.provider.create(house.forbidden, draft())

    def test_a_refused_calendar_is_not_taken_for_an_event_gone(self, house: House) -> None:
        with pytest.raises((AccessLost, Unsupported)):
            _delete(house.provider, house.forbidden)

    def test_what_holds_no_events_is_no_calendar(self, house: House) -> None:
        with pytest.raises((Unsupported, AccessLost)):
            _changes(house.provider, house.no_calendar)
        with pytest.raises((Unsupported, AccessLost)):
            _busy(house.provider, house.no_calendar)

    def test_the_account_lists_its_calendars_by_name(self, house: House) -> None:
        both = {house.calendar, house.other}
        entries = house.provider.calendars()
        writable = {one.id for one in entries if one.events and one.writable}
        assert both <= writable
        assert house.forbidden not in writable
        assert [one.name for one in entries] == sorted(one.name for one in entries)

    def test_every_listed_calendar_of_events_can_be_looked_at(self, house: House) -> None:
        listed = [one.id for one in house.provider.calendars() if one.events]
        assert house.no_calendar not in listed
        assert not [one for one in listed if {"inbox", "outbox"} & set(one.lower().split("/"))]
        assert set(house.provider.busy(listed, WINDOW)) == set(listed)

    def test_a_closed_connection_ends_the_turn_and_not_the_account(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        house.provider.close()
        again = house.another()
        assert again.fetch(house.calendar, written.ref).ref == written.ref
        again.close()
