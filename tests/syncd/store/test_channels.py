"""The channels over which servers call us, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.clock import MovableClock
from syncd.store.errors import Refused, Taken
from syncd.store.rows import AccountId, ChannelRow
from tests.syncd.store.grounds import NOW
from tests.syncd.store.school import HOUR, School, connect

WEEK = timedelta(days=7)


def channel(school: School, name: str = "one") -> ChannelRow:
    until = NOW + WEEK
    return ChannelRow(
        id=name,
        account_id=school.account.id,
        calendar_id=school.calendar.id,
        address="https://school.example/hooks",
        digest="d1gest",
        resource=None,
        until=until,
        renew_at=until,
    )


def test_a_channel_is_noted_and_then_opened(school: School) -> None:
    noted = channel(school)
    with school.db.write() as tx:
        tx.channels.add(noted)
        assert tx.channels.get("one") == noted
        assert tx.channels.opened("one", "r-1", NOW + HOUR, NOW)
        assert not tx.channels.opened("two", "r-1", NOW + HOUR, NOW)
    with school.db.read() as tx:
        opened = replace(noted, resource="r-1", until=NOW + HOUR, renew_at=NOW)
        assert tx.channels.of(school.account.id) == (opened,)
        assert tx.channels.accounts() == (school.account.id,)
        assert tx.channels.get("two") is None


def test_an_id_is_used_once_and_by_an_account(school: School) -> None:
    with school.db.write() as tx:
        tx.channels.add(channel(school))
    with pytest.raises(Taken), school.db.write() as tx:
        tx.channels.add(channel(school))
    with pytest.raises(Refused), school.db.write() as tx:
        tx.channels.add(replace(channel(school, "two"), account_id=AccountId(99)))


def test_what_has_ended_is_forgotten_and_nothing_else(school: School, clock: MovableClock) -> None:
    with school.db.write() as tx:
        other = connect(tx, school.ben)
        tx.channels.add(replace(channel(school, "short"), until=NOW + HOUR))
        tx.channels.add(channel(school, "long"))
        tx.channels.add(replace(channel(school, "other"), account_id=other.id, until=NOW + HOUR))
        assert not tx.channels.drop_ended(school.account.id)
    clock.sleep(HOUR)
    with school.db.write() as tx:
        assert tx.channels.drop_ended(school.account.id)
        assert [each.id for each in tx.channels.of(school.account.id)] == ["long"]
        assert tx.channels.get("other") is not None
        assert tx.channels.drop("long")
        assert not tx.channels.drop("long")
        assert tx.channels.accounts() == (other.id,)


def test_a_calendar_goes_before_its_channel_and_an_account_takes_it_along(school: School) -> None:
    with school.db.write() as tx:
        tx.channels.add(channel(school))
        tx.calendars.replace(school.account.id, [])
        assert tx.channels.get("one") is not None, "it is still to be stopped"
        tx.accounts.remove(school.account.id)
        assert tx.channels.get("one") is None
