"""What a person does to a session in their own app, and how it looks from here."""

from __future__ import annotations

import pytest

from providers.base import Attendee, Event, PartStat, Status
from providers.errors import EventNotFound
from tests.providers.house import HOUR, MENTOR, START, STUDENT, House, Watch, entry


class PersonsContract:
    """Declining, cancelling, moving, restoring."""

    def test_a_decline_is_an_answer_and_nothing_else(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        house.outside.decline(house.calendar, written.ref, STUDENT)
        event = house.provider.fetch(house.calendar, written.ref)
        assert event.partstats == {STUDENT: PartStat.DECLINED, MENTOR: PartStat.NEEDS_ACTION}
        assert (event.start, event.status) == (START, Status.CONFIRMED)

    def test_a_decline_is_a_change(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.decline(house.calendar, written.ref, MENTOR)
        event = watch.look().there[written.ref]
        assert isinstance(event, Event)
        assert event.partstats[MENTOR] is PartStat.DECLINED
        assert event.partstats[STUDENT] is PartStat.ACCEPTED

    def test_a_cancelled_event_still_stands_and_says_so_or_is_gone(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.cancel(house.calendar, written.ref)
        sight = watch.look()
        if not house.cancelled_stands:
            assert (sight.there, sight.gone) == ({}, frozenset({written.ref}))
            return
        event = sight.there[written.ref]
        assert isinstance(event, Event)
        assert (event.status, sight.gone) == (Status.CANCELLED, frozenset())
        assert house.provider.fetch(house.calendar, written.ref).status is Status.CANCELLED

    def test_a_moved_event_keeps_its_identity_in_a_new_version(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        before = house.provider.fetch(house.calendar, written.ref)
        house.outside.move_time(house.calendar, written.ref, START + 26 * HOUR)
        after = house.provider.fetch(house.calendar, written.ref)
        assert (after.start, after.end) == (START + 26 * HOUR, START + 27 * HOUR)
        assert (after.uid, after.ref, after.session) == (ours.uid, before.ref, ours.session)
        assert after.etag != before.etag

    def test_a_new_title_moves_nothing(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        before = house.provider.fetch(house.calendar, written.ref)
        house.outside.retitle(house.calendar, written.ref, "Maths!")
        after = house.provider.fetch(house.calendar, written.ref)
        assert (after.start, after.end, after.status) == (before.start, before.end, before.status)
        assert (after.partstats, after.uid) == (before.partstats, before.uid)
        assert after.etag != before.etag

    def test_what_was_moved_to_another_calendar_is_gone_here_and_appears_there(self, house: House) -> None:
        # Without its owner among the guests: Google leaves an invited owner's copy where it was.
        ours = house.draft(attendees=(Attendee(MENTOR, "A Mentor"),))
        written = house.provider.create(house.calendar, ours)
        here, there = Watch(house.provider, house.calendar), Watch(house.provider, house.other)
        here.look()
        there.look()
        ref = house.outside.move_to(house.calendar, written.ref, house.other)
        assert here.look().gone == {written.ref}
        event = there.look().there[ref]
        assert isinstance(event, Event)
        assert (event.uid, event.session, event.start) == (ours.uid, ours.session, START)
        with pytest.raises(EventNotFound):
            house.provider.fetch(house.calendar, written.ref)
        assert house.provider.fetch(house.other, ref).uid == ours.uid

    def test_a_restored_event_is_there_again_under_its_uid(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.delete(house.calendar, written.ref)
        assert watch.look().gone == {written.ref}
        house.outside.restore(house.calendar, written.ref)
        event = watch.look().there[written.ref]
        assert isinstance(event, Event)
        assert (event.uid, event.session, event.start) == (ours.uid, ours.session, START)
        assert house.provider.fetch(house.calendar, written.ref).uid == ours.uid

    def test_a_change_and_a_deletion_show_as_a_deletion(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.move_time(house.calendar, written.ref, START + HOUR)
        house.outside.delete(house.calendar, written.ref)
        sight = watch.look()
        assert (sight.there, sight.gone) == ({}, frozenset({written.ref}))

    def test_an_oddly_named_resource_is_listed_fetched_and_missed(self, house: House) -> None:
        ref = house.outside.add(house.calendar, entry(name="a odd+name@x%41 ü.ics"))
        watch = Watch(house.provider, house.calendar)
        assert set(watch.look().there) == {ref}
        assert house.provider.fetch(house.calendar, ref).start == START
        house.outside.delete(house.calendar, ref)
        assert watch.look().gone == {ref}
