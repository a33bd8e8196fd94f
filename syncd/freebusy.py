"""Busy time that a server answers by itself: when it is asked for, for whom at once, and what is kept of it.

Such an answer is merged and names no event, our own ones among them. It is kept as it came: what it
calls busy stays busy until another answer says otherwise, whatever becomes of our events meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from policy.interval import Interval
from providers.base import BusyTime, CalendarId, CalendarProvider, RefKey
from providers.errors import AccessLost, Loss, ProviderError, Unsupported
from syncd import ailing, stored
from syncd.house import House
from syncd.store.rows import Account, Block, Calendar, Health
from syncd.store.tx import Tx

EVERY = timedelta(hours=1)
"""So old may it become where nothing has changed: an answer can lag behind the changes that led to it."""
_WHOLE = RefKey("")
"""In the place of a resource: the calendar as a whole."""
Answer: TypeAlias = BusyTime | ProviderError
Answers: TypeAlias = Mapping[CalendarId, Answer]


def is_old(calendar: Calendar, now: datetime) -> bool:
    """Tell whether the busy time of *calendar* must be asked for though nothing has changed."""
    return calendar.busy_owed or calendar.busy_at is None or now - calendar.busy_at >= EVERY


def ask(provider: CalendarProvider, calendars: Sequence[Calendar], window: Interval) -> Answers:
    """Return the busy time of *calendars*, all asked for at once, or why there is none.

    One of which access was lost is asked by itself, so that it spoils no other's answer.
    """
    well = [each.remote for each in calendars if each.health is not Health.LOST]
    lost = [each.remote for each in calendars if each.health is Health.LOST]
    found = dict(_at_once(provider, well, window)) if well else {}
    return found | _one_by_one(provider, lost, window)


def _at_once(provider: CalendarProvider, these: Sequence[CalendarId], window: Interval) -> Answers:
    try:
        said = provider.busy(these, window)
    except ProviderError as error:
        if len(these) == 1 or not _is_of_one(error):
            return dict.fromkeys(these, error)
    else:
        return {each: said.get(each, BusyTime(unknown=(window,))) for each in these}
    return _one_by_one(provider, these, window)  # of which of them it is true is not said


def _one_by_one(
    provider: CalendarProvider, these: Sequence[CalendarId], window: Interval
) -> dict[CalendarId, Answer]:
    found: dict[CalendarId, Answer] = {}
    for at, one in enumerate(these):
        found |= _at_once(provider, [one], window)
        answer = found[one]
        if isinstance(answer, ProviderError) and not _is_of_one(answer):
            return found | dict.fromkeys(these[at:], answer)
    return found


def _is_of_one(error: ProviderError) -> bool:
    """Tell whether another calendar of the same account may answer all the same."""
    return isinstance(error, Unsupported) or (
        isinstance(error, AccessLost) and error.loss is not Loss.CREDENTIALS
    )


def keep(
    house: House,
    tx: Tx,
    account: Account,
    calendar: Calendar,
    window: Interval,
    sent: datetime,
    answer: Answer,
    *,
    changed: bool,
) -> None:
    """Keep the busy time of a calendar that can be seen; what was stored is *unknown* once it may be wrong.

    *changed*: something in the calendar is not as it was when it was read last.
    """
    if isinstance(answer, BusyTime):
        tx.calendars.put_blocks(calendar.id, stored.blocks(_WHOLE, answer))
        tx.calendars.saw_busy(calendar.id, sent)
        ailing.busy_is_told(tx, calendar)
        if answer.unknown:  # the server could not tell all of it now, and may in the next round
            tx.calendars.owe_busy(calendar.id)
        return
    before = calendar.busy_at
    late = before is None or sent - before >= EVERY + house.config.poll.stale_after
    if changed or late or calendar.busy_owed:
        tx.calendars.put_blocks(calendar.id, [Block(_WHOLE, window.start, window.end, "unknown")])
        tx.calendars.owe_busy(calendar.id)
    if late or isinstance(answer, AccessLost | Unsupported):
        ailing.note_busy_untold(tx, account, calendar, answer)
