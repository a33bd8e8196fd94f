"""Events of ours that the ledger does not know: left alone, but counted and told."""

from __future__ import annotations

from datetime import timedelta

import structlog

from policy.interval import Interval
from providers.base import CalendarProvider, Event
from providers.errors import ProviderError
from syncd import work
from syncd.house import House
from syncd.seen import OURS
from syncd.store.rows import Account, AccountId, Calendar, Ticket
from syncd.store.tx import Tx

CENSUS = "census"
"""The kind of due work. Key: account."""
STRANGERS = "unknown events"
"""The kind of incident of an account that holds events of ours that the ledger does not know."""
_LATER = timedelta(minutes=10)
_log = structlog.get_logger(__name__)


def census(house: House, ticket: Ticket) -> None:
    """Count in one account the events that bear our mark and belong to no session that we know.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    account_id = AccountId(int(ticket.key))
    with house.db.read() as tx:
        account = tx.accounts.get(account_id)
        calendars = [each for each in tx.calendars.of_account(account_id) if not each.times_only]
        person = tx.people.get(account.person_id)
    found: set[str] = set()
    if account.grant:
        try:
            with house.calling(account, person) as provider:
                found = {uid for each in calendars for uid in _ours_in(house, provider, each)}
        except ProviderError as error:
            with house.db.write() as tx:
                work.set_back(tx, ticket, type(error).__name__, _LATER)
            return
    with house.db.write() as tx:
        _tell(tx, account, sum(not tx.copies.by_uid(uid) for uid in found))
        work.finish(tx, ticket, None)


def _ours_in(house: House, provider: CalendarProvider, calendar: Calendar) -> set[str]:
    now = house.clock.now()
    window = calendar.window or Interval(now, now + house.config.grid.horizon)
    changes = provider.changes(calendar.remote, None, known={}, window=window)
    return {item.uid for item in changes.items if isinstance(item, Event) and item.uid.startswith(OURS)}


def _tell(tx: Tx, account: Account, strangers: int) -> None:
    if not strangers:
        tx.incidents.end(STRANGERS, account_id=account.id)
        return
    what = (
        f"{strangers} {'event' if strangers == 1 else 'events'} that syncd wrote belong to no session that it "
        "knows; they are left alone: enter the sessions again, or have their owner delete them"
    )
    if tx.incidents.begin(STRANGERS, account_id=account.id, what=what):
        _log.warning("ledger.strangers", account=account.id, count=strangers)
