"""Calendars and accounts that are not well: noted once when it begins and once when it ends.

Access lost or a calendar gone is an incident: the sessions stand, somebody is asked, and
nothing is decided from silence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from policy.notice import Doubt
from providers.errors import AccessLost, Loss, ProviderError, Unsupported
from syncd import seen, work
from syncd.book import DISCONNECTED, current, session_in, visible
from syncd.house import House
from syncd.store.rows import Account, Calendar, Health, SessionId, Side
from syncd.store.tx import Tx

INCIDENT = "calendar"
"""The kind of incident of a calendar that cannot be seen."""
WRITING = "writing"
"""The kind of incident of a calendar that takes no events of ours."""
WAITING = "writes wait"
"""The kind of incident of a calendar whose server has asked not to be written to for long."""
BUSY = "busy time"
"""The kind of incident of a calendar that can be seen, but whose server does not say when it is busy."""
_LONG = timedelta(hours=1)


def note_calendar(
    house: House, tx: Tx, account: Account, calendar: Calendar, error: ProviderError, at: datetime
) -> None:
    """Note that *calendar* could not be seen at *at*, and why."""
    lost = isinstance(error, AccessLost | Unsupported)
    health = Health.LOST if lost else Health.FAILING
    tx.calendars.set_health(calendar.id, health, str(error), _code(error))
    since = calendar.health_since if calendar.health is Health.FAILING else at
    overdue = not lost and at - since >= house.config.poll.stale_after
    if (lost or overdue) and tx.incidents.begin(INCIDENT, account.id, calendar.id, None, str(error)):
        told = {"account": account.id, "calendar": calendar.id}
        tx.feed.put("calendar.lost" if lost else "calendar.unreachable", None, account.person_id, told)
    cause = Doubt.ACCESS_LOST if lost else Doubt.SERVER_DOWN
    for copy in seen.copies_in(tx, calendar.id, account.person_id):
        session = session_in(tx.sessions.get(copy.session_id))
        seen.keep_blind(tx, session, copy, cause, at, lost=lost or overdue)


def note_write_refused(tx: Tx, account: Account, calendar: Calendar, error: ProviderError) -> None:
    """Note that *calendar* can be read, perhaps, but takes no events of ours."""
    tx.incidents.begin(WRITING, account.id, calendar.id, None, str(error))


def note_busy_untold(tx: Tx, account: Account, calendar: Calendar, error: ProviderError) -> None:
    """Note that the server does not say when *calendar* is busy, though it shows the events in it."""
    tx.incidents.begin(BUSY, account.id, calendar.id, None, str(error))


def busy_is_told(tx: Tx, calendar: Calendar) -> None:
    """Note that the server says when *calendar* is busy."""
    tx.incidents.end(BUSY, calendar.account_id, calendar.id, None)


def note_writes_wait(
    tx: Tx, account: Account, calendar: Calendar, error: ProviderError, wait: timedelta
) -> None:
    """Note that nothing is written for *wait*, if that is long enough to be worth somebody's while."""
    if wait >= _LONG:
        tx.incidents.begin(WAITING, account.id, calendar.id, None, str(error))


def writes_are_taken(tx: Tx, calendar: Calendar) -> None:
    """Note that *calendar* takes events of ours."""
    tx.incidents.end(WRITING, calendar.account_id, calendar.id, None)
    tx.incidents.end(WAITING, calendar.account_id, calendar.id, None)


def calendar_is_well(tx: Tx, calendar: Calendar) -> None:
    """Note that *calendar* can be seen."""
    if calendar.health is not Health.OK:
        tx.calendars.set_health(calendar.id, Health.OK, None, None)
        if tx.incidents.end(INCIDENT, calendar.account_id, calendar.id, None):
            owner = tx.accounts.get(calendar.account_id).person_id
            tx.feed.put(
                "calendar.well", None, owner, {"account": calendar.account_id, "calendar": calendar.id}
            )


def is_well(account: Account) -> bool:
    """Tell whether nothing is noted of *account*, as it stands in the store."""
    return account.health is Health.OK and account.cause is None and account.trouble is None


def note_account(tx: Tx, account: Account, error: ProviderError | None) -> None:
    """Note how the account as a whole is doing, and tell of the change if it is one."""
    if error is None:
        changed = tx.accounts.set_health(account.id, Health.OK, None, None)
        kind = "account.well"
        if changed:
            resume(tx, account)
    else:
        lost = isinstance(error, AccessLost)
        changed = tx.accounts.set_health(
            account.id, Health.LOST if lost else Health.FAILING, str(error), _code(error)
        )
        kind = "account.lost" if lost else "account.failing"
    if changed:
        tx.feed.put(kind, None, account.person_id, {"account": account.id})


def note_refusal(tx: Tx, account: Account, error: ProviderError) -> None:
    """Note a password that was refused: it is not tried again by whatever else wants this account."""
    if isinstance(error, AccessLost) and error.loss is Loss.CREDENTIALS:
        note_account(tx, account, error)


def forget(tx: Tx, account: Account) -> None:
    """End every incident of *account*: it was disconnected, or connected and read anew."""
    for incident in tx.incidents.open():
        if incident.account_id == account.id:
            tx.incidents.end(incident.kind, account.id, incident.calendar_id, incident.session_id)
    for incident in tx.incidents.open(DISCONNECTED):
        if incident.session_id is not None and _only_mentor(tx, account, incident.session_id):
            tx.incidents.end(DISCONNECTED, session_id=incident.session_id)


def _only_mentor(tx: Tx, account: Account, session_id: SessionId) -> bool:
    """Tell whether the session is open to see but for its mentor, whose account this is; a student's must be seen."""
    copy = current(tx, session_id).get(Side.STUDENT)
    mine = tx.sessions.get(session_id).mentor_id == account.person_id
    return mine and (copy is None or visible(tx, copy))


def resume(tx: Tx, account: Account) -> None:
    """Take up at once what was set back while *account* could not be used."""
    key = work.account_key(account.id)
    for row in tx.due.all([work.LOOK, work.WRITE]):
        if row.excl == key and row.attempts:
            tx.due.want(row.kind, row.key, at=tx.now, prio=row.prio, excl=key)


def _code(error: ProviderError) -> str:
    return (
        error.loss if isinstance(error, AccessLost) and isinstance(error.loss, Loss) else type(error).__name__
    )
