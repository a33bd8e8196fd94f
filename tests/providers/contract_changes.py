"""What changed since we last looked: all of it, and nothing that did not."""

from __future__ import annotations

from providers.base import Capability, Event, SyncToken, Tombstone, key_of
from providers.errors import SyncTokenExpired
from syncd.clock import SystemClock
from tests.providers.house import HOUR, START, WINDOW, House, Watch, entry, version


class ChangesContract:
    """The first listing and what follows it."""

    def test_an_empty_calendar_lists_nothing(self, house: House) -> None:
        changes = house.provider.changes(house.calendar, None, known={}, window=WINDOW)
        assert (changes.items, changes.listed) == ((), {})
        assert (changes.token is not None) == _counts(house)

    def test_a_first_listing_names_and_reads_everything(self, house: House) -> None:
        refs = {house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(3)}
        refs.add(house.provider.create(house.calendar, house.draft()).ref)
        changes = house.provider.changes(house.calendar, None, known={}, window=WINDOW)
        assert changes.listed is not None
        assert set(changes.listed) == refs
        assert {one.ref: one.etag for one in changes.items if isinstance(one, Event)} == dict(changes.listed)

    def test_a_listed_event_is_the_fetched_event(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        (listed,) = house.provider.changes(house.calendar, None, known={}, window=WINDOW).items
        fetched = house.provider.fetch(house.calendar, written.ref)
        assert isinstance(listed, Event)
        assert _identity(listed) == _identity(fetched)

    def test_after_nothing_happened_nothing_changed(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        for _ in range(2):
            sight = watch.look()
            assert (sight.there, sight.gone, sight.changes.items) == ({}, frozenset(), ())

    def test_a_quiet_round_is_one_request(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        before = house.requests()
        watch.look()
        assert house.requests() - before == 1

    def test_what_was_created_is_seen_once(self, house: House) -> None:
        watch = Watch(house.provider, house.calendar)
        watch.look()
        ref = house.outside.add(house.calendar, entry())
        assert set(watch.look().there) == {ref}
        assert watch.look().there == {}

    def test_what_was_changed_is_seen_in_its_new_version(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        house.outside.add(house.calendar, entry())
        watch = Watch(house.provider, house.calendar)
        first = watch.look().there[written.ref]
        house.outside.move_time(house.calendar, written.ref, START + 2 * HOUR)
        sight = watch.look()
        moved = sight.there[written.ref]
        assert set(sight.there) == {written.ref}
        assert isinstance(moved, Event)
        assert moved.start == START + 2 * HOUR
        assert moved.etag != first.etag
        assert moved.etag == house.provider.fetch(house.calendar, written.ref).etag

    def test_what_was_deleted_is_gone_and_the_rest_is_not(self, house: House) -> None:
        refs = [house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(3)]
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.delete(house.calendar, refs[1])
        sight = watch.look()
        assert (sight.there, sight.gone) == ({}, frozenset({refs[1]}))
        assert set(watch.known) == {refs[0], refs[2]}

    def test_what_was_told_once_is_not_told_again(self, house: House) -> None:
        goes, moves = (house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(2))
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.delete(house.calendar, goes)
        house.outside.move_time(house.calendar, moves, START + 3 * HOUR)
        assert len(watch.look().there) == 1
        assert watch.look().changes.items == ()

    def test_what_came_and_went_between_two_looks_is_not_there(self, house: House) -> None:
        watch = Watch(house.provider, house.calendar)
        watch.look()
        ref = house.outside.add(house.calendar, entry())
        house.outside.delete(house.calendar, ref)
        sight = watch.look()
        assert (sight.there, sight.gone) == ({}, frozenset())
        assert {one.ref for one in sight.changes.items} <= {ref}

    def test_what_went_and_came_back_between_two_looks_is_not_gone(self, house: House) -> None:
        ref = house.outside.add(house.calendar, entry())
        watch = Watch(house.provider, house.calendar)
        watch.look()
        house.outside.delete(house.calendar, ref)
        house.outside.restore(house.calendar, ref)
        sight = watch.look()
        assert sight.gone == frozenset()
        assert not [one for one in sight.changes.items if isinstance(one, Tombstone)]

    def test_a_delta_tells_created_changed_and_deleted_apart(self, house: House) -> None:
        stays, moves, goes = (house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(3))
        watch = Watch(house.provider, house.calendar)
        watch.look()
        comes = house.outside.add(house.calendar, entry())
        house.outside.move_time(house.calendar, moves, START + 9 * HOUR)
        house.outside.delete(house.calendar, goes)
        sight = watch.look()
        assert (set(sight.there), sight.gone) == ({comes, moves}, frozenset({goes}))
        assert stays in watch.known

    def test_looks_follow_one_another_without_a_gap(self, house: House) -> None:
        watch, seen = Watch(house.provider, house.calendar), []
        for number in range(4):
            ref = house.outside.add(house.calendar, entry(START + number * HOUR))
            seen.append(set(watch.look().there) == {ref})
        assert all(seen)

    def test_only_a_complete_listing_lists(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        first = house.provider.changes(house.calendar, None, known={}, window=WINDOW)
        second = house.provider.changes(house.calendar, first.token, known={}, window=WINDOW)
        assert first.listed is not None
        assert (second.listed is None) == _counts(house)

    def test_a_listing_carries_no_tombstones(self, house: House) -> None:
        ref = house.outside.add(house.calendar, entry())
        known = {key_of(ref): house.provider.fetch(house.calendar, ref).etag}
        house.outside.delete(house.calendar, ref)
        changes = house.provider.changes(house.calendar, None, known=known, window=WINDOW)
        assert (changes.items, changes.listed) == ((), {})

    def test_known_versions_are_listed_and_not_read_again(self, house: House) -> None:
        refs = {house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(3)}
        first = house.provider.changes(house.calendar, None, known={}, window=WINDOW)
        assert first.listed is not None
        known = {key_of(ref): etag for ref, etag in first.listed.items()}
        second = house.provider.changes(house.calendar, None, known=known, window=WINDOW)
        assert second.items == ()
        assert second.listed == first.listed
        assert set(first.listed) == refs

    def test_a_known_place_in_another_version_is_read(self, house: House) -> None:
        old, other = (house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(2))
        first = house.provider.changes(house.calendar, None, known={}, window=WINDOW)
        assert first.listed is not None
        known = {key_of(ref): etag for ref, etag in first.listed.items()}
        house.outside.retitle(house.calendar, old, "Orthodontist")
        second = house.provider.changes(house.calendar, None, known=known, window=WINDOW)
        assert [one.ref for one in second.items] == [old]
        assert set(second.listed or ()) == {old, other}

    def test_our_own_write_is_not_read_again(self, house: House) -> None:
        watch = Watch(house.provider, house.calendar)
        watch.look()
        written = house.provider.create(house.calendar, house.draft())
        watch.known[written.ref] = version(house, written)
        assert watch.look().changes.items == ()

    def test_a_garbled_token_is_refused(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        token = house.provider.changes(house.calendar, None, known={}, window=WINDOW).token
        garbled = SyncToken(f"{token or 'no'}-garbled")
        _never_silently_empty(house, garbled)

    def test_a_token_of_another_calendar_is_refused(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        house.outside.add(house.other, entry())
        token = house.provider.changes(house.other, None, known={}, window=WINDOW).token
        _never_silently_empty(house, token)

    def test_after_a_refused_token_a_listing_starts_anew(self, house: House) -> None:
        ref = house.outside.add(house.calendar, entry())
        _never_silently_empty(house, SyncToken("garbage"))
        watch = Watch(house.provider, house.calendar)
        assert set(watch.look().there) == {ref}
        assert watch.look().there == {}

    def test_a_full_calendar_is_read_in_one_go(self, house: House) -> None:
        refs = {house.outside.add(house.calendar, entry(START + n * HOUR)) for n in range(house.crowd)}
        watch = Watch(house.provider, house.calendar)
        sight = watch.look()
        assert set(sight.there) == refs == set(sight.changes.listed or ())
        assert {one.start for one in sight.there.values() if isinstance(one, Event)} == {
            START + n * HOUR for n in range(house.crowd)
        }
        assert watch.look().changes.items == ()

    def test_calendars_do_not_see_each_others_changes(self, house: House) -> None:
        here, there = Watch(house.provider, house.calendar), Watch(house.provider, house.other)
        here.look()
        there.look()
        house.outside.add(house.calendar, entry())
        assert there.look().changes.items == ()
        assert len(here.look().there) == 1

    def test_a_listing_is_dated_by_the_server(self, house: House) -> None:
        receipt = house.provider.changes(house.calendar, None, known={}, window=WINDOW).receipt
        assert receipt.date is not None
        assert abs((receipt.date - SystemClock().now()).total_seconds()) < 5
        assert not receipt.cached


def _counts(house: House) -> bool:
    return Capability.SYNC_TOKEN in house.provider.capabilities()


def _never_silently_empty(house: House, token: SyncToken | None) -> None:
    # A server without tokens, or one that forgives any, lists everything instead.
    try:
        changes = house.provider.changes(house.calendar, token, known={}, window=WINDOW)
    except SyncTokenExpired:
        return
    assert not _counts(house)
    assert changes.items
    assert changes.listed


def _identity(event: Event) -> tuple[object, ...]:
    return (event.ref, event.etag, event.uid, event.start, event.end, event.status, event.session)
