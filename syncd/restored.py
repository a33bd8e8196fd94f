"""A ledger that is older than the world: what it believes is looked at again before anything is judged.

After a backup was restored the database may hold for booked what was cancelled since, and know
nothing of events that we wrote or removed. All proof is taken back, every calendar is listed
anew, and events of ours that the ledger does not know are left alone, counted and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.facts import Restored
from syncd import work
from syncd.book import record, session_in
from syncd.census import CENSUS
from syncd.house import House
from syncd.mark import Mark
from syncd.store.growth import Growth
from syncd.store.rows import Account, Health
from syncd.store.tx import Tx

RESTORED = "restored"
"""The kind of incident of a ledger that is older than the world."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was done about an old ledger."""

    sessions: int
    calendars: int
    lost_claims: int
    """How many claims of work it does not know; 0 if that cannot be told."""
    mark_at: datetime


def ahead(there: Growth, marks: dict[str, Mark], *, sessions: bool) -> Mark | None:
    """Return the mark that *there* has not come up to, if there is one.

    A database that has *sessions* and no identity is from before its first daemon, which marked it
    by its place.
    """
    if there.identity is not None:
        mark = marks.get(there.identity)
        return mark if mark is not None and there.behind(mark.turn, mark.feed) else None
    if not sessions:
        return None
    return next((mark for mark in marks.values() if mark.database == there.database), None)


def take_back(house: House, there: Growth, mark: Mark) -> Restoration:
    """Take all proof and pending acts from the live sessions, and have everything looked at again, at once.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.write() as tx:
        live = [row for row in tx.sessions.all() if row.live]
        for row in live:
            record(tx, session_in(row), [Restored(at=tx.now)])
        calendars = sum(_list_anew(tx, account) for account in tx.accounts.all() if account.grant)
        tx.incidents.begin(RESTORED, what=_what(mark, len(live)))
    return Restoration(len(live), calendars, max(0, mark.turn - there.turn), mark.moment)


def _what(mark: Mark, sessions: int) -> str:
    return (
        f"the database is older than what syncd had written by {mark.at}: a backup was restored. "
        f"{sessions} sessions are looked at again before anything is judged; "
        "sessions agreed after the backup are not known any more: enter them again"
    )


def _list_anew(tx: Tx, account: Account) -> int:
    """Have every calendar of one account listed anew, and ask for a round and a census of it."""
    calendars = tx.calendars.of_account(account.id)
    for each in calendars:
        tx.calendars.list_anew(each.id)
    key = work.account_key(account.id)
    tx.due.want(work.SYNC, key, prio=work.PRIO[work.SYNC], excl=key)
    tx.due.want(CENSUS, key, prio=work.PRIO[work.SYNC], excl=key)
    return len(calendars)


def verified_again(house: House) -> bool:
    """End the incident once every calendar that can be seen was listed in full since, and tell whether it ended now.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.read() as tx:
        began = next((each.began_at for each in tx.incidents.open() if each.kind == RESTORED), None)
        if began is None or not _all_listed(tx, began):
            return False
    with house.db.write() as tx:
        return tx.incidents.end(RESTORED)


def _all_listed(tx: Tx, since: datetime) -> bool:
    """Tell whether all was seen that can be: who is out of sight has an incident of their own."""
    seen = [account for account in tx.accounts.all() if account.grant and account.health is Health.OK]
    listed = (
        each.full_at is not None and each.full_at >= since
        for account in seen
        for each in tx.calendars.of_account(account.id)
        if each.health is Health.OK and not each.times_only
    )
    uncounted = {row.key for row in tx.due.all([CENSUS])} & {work.account_key(each.id) for each in seen}
    return all(listed) and not uncounted
