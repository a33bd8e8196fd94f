"""One account, one round: look at each of its calendars, write down what was seen, judge.

The network comes first and outside any transaction; then everything that was learned, the
tokens, and the end of the ticket are committed together. An idle round is one request a
calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from policy.interval import Interval
from providers.base import (
    BusyTime,
    CalendarProvider,
    Capability,
    Changes,
    ETag,
    Event,
    Item,
    RefKey,
    key_of,
)
from providers.errors import (
    AccessLost,
    Loss,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unsupported,
)
from syncd import ailing, behind, freebusy, pace, seen, stored, work
from syncd.house import House
from syncd.pictures import base_of
from syncd.store.rows import Account, AccountId, Calendar, Health, Pace, Person, Ticket
from syncd.store.tx import Tx

FULL_EVERY = timedelta(days=1)
"""How often a calendar is listed in full and read anew, as the horizon moves on."""
LEAST_PAUSE = timedelta(seconds=1)
"""Between two looks of which the first brought nothing new."""
_GUESSES = timedelta(hours=1)
"""Between two tries of a password that was refused: more would lock its owner out."""
_LONGEST = timedelta(hours=1)
"""Between two tries of an account that only its owner can mend."""
_PEACE = timedelta(days=1)
"""How long a server can have us leave an account alone."""
_SPARE = timedelta(days=2)
"""The stored window reaches this much past the horizon, so that it lasts until it is renewed."""
_OK = 200
"""An answer came, but it says nothing; the account as a whole is well."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of one calendar brought."""

    calendar: Calendar
    window: Interval
    sent: datetime
    received: datetime
    changes: Changes | None
    busy: BusyTime | None = None
    """The whole calendar's busy time, from a provider that answers it by itself."""
    error: ProviderError | None = None
    anew: bool = False
    """It is another calendar than the one that stood there before: nothing that is missing was taken out of it."""
    busy_error: ProviderError | None = None
    """Why its busy time could not be had, though its changes were."""
    known: Mapping[RefKey, ETag] = field(default_factory=dict)
    """What was known to stand there, in which version, when it was asked."""

    @property
    def changed(self) -> bool:
        """Whether what is stored of its busy time may be wrong by now."""
        seen_anew = self.changes is not None and (self.changes.listed is not None or bool(self.changes.items))
        return seen_anew or self.window != self.calendar.window


def sync(house: House, ticket: Ticket) -> None:
    """Look at every calendar of one account.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    account_id = AccountId(int(ticket.key))
    with house.db.read() as tx:
        account = tx.accounts.get(account_id)
        person = tx.people.get(account.person_id)
        calendars = tx.calendars.with_known(account_id)
    rounds: tuple[Round, ...] = ()
    if account.grant:
        with house.calling(account, person) as provider:
            rounds = look_at(house, provider, account, person, calendars)
    with house.db.write() as tx:
        fresh = tx.accounts.get(account_id)
        if not fresh.grant:  # it was disconnected, perhaps just now
            work.finish(tx, ticket, None)
            return
        write_rounds(house, tx, account, person, rounds)
        if (error := rounds_error(rounds)) is not None or not ailing.is_well(fresh):
            ailing.note_account(tx, account, error)
        _end(house, tx, ticket, person, rounds)


def write_others(house: House, tx: Tx, account: Account, person: Person, rounds: Sequence[Round]) -> None:
    """Keep what rounds brought that were made for the sake of an event, beside those of the account itself."""
    write_rounds(house, tx, account, person, rounds)
    if any(behind.is_in(each.changes) for each in rounds):
        key = work.account_key(account.id)
        at = tx.now + house.config.rules.lag
        tx.due.want(work.SYNC, key, at=at, prio=work.PRIO[work.SYNC], excl=key)


def write_rounds(house: House, tx: Tx, account: Account, person: Person, rounds: Sequence[Round]) -> None:
    """Keep what rounds brought, but of no calendar that was taken from us meanwhile."""
    present = {each.id for each in tx.calendars.of_account(account.id)}
    for each in rounds:
        if each.calendar.id in present:
            write_down(house, tx, account, person, each)


def look_at(
    house: House,
    provider: CalendarProvider,
    account: Account,
    person: Person,
    calendars: Sequence[tuple[Calendar, Mapping[RefKey, ETag]]],
) -> tuple[Round, ...]:
    """Return one round of each calendar; after a failure of the whole account, the rest fails alike."""
    rounds: list[Round] = []
    failed: ProviderError | None = None
    for calendar, known in calendars:
        window = _window(house, person, calendar)
        sent = house.clock.now()
        if failed is not None:
            rounds.append(Round(calendar, window, sent, sent, None, error=failed))
            continue
        if calendar.times_only:
            rounds.append(Round(calendar, window, sent, sent, None))
            continue
        try:
            witnesses = partial(old_ones, house, person, calendar, known)
            changes, anew = _changes(provider, calendar, known, window, witnesses)
        except ProviderError as error:
            rounds.append(Round(calendar, window, sent, house.clock.now(), None, error=error))
            failed = error if _whole_account(error) else None
        else:
            rounds.append(Round(calendar, window, sent, house.clock.now(), changes, anew=anew, known=known))
    return _with_busy(house, provider, account, rounds, failed)


def _changes(
    provider: CalendarProvider,
    calendar: Calendar,
    known: Mapping[RefKey, ETag],
    window: Interval,
    witnesses: Callable[[], AbstractSet[RefKey]],
) -> tuple[Changes, bool]:
    """Ask for what changed, or for everything when the window moved on or the calendar was out of sight.

    Also tell whether this is another calendar than before: then none of its *witnesses* stands there.

    :raises Unavailable: if only a cache answers, and what it shows may be either.
    """
    renewed = window != calendar.window
    whole = renewed or calendar.full_at is None
    versions = {} if renewed else known
    refused = False
    if calendar.token is not None and not whole and calendar.health is Health.OK:
        try:
            return provider.changes(calendar.remote, calendar.token, known=versions, window=window), False
        except SyncTokenExpired:
            refused = True
    listing = provider.changes(calendar.remote, None, known=versions, window=window)
    gone = is_gone(calendar)
    if not gone and (not known or still_holds(listing, witnesses())):
        return listing, False
    # It is the same one if it takes the token: what is missing was taken out of it.
    if calendar.token is None:
        return listing, gone
    anew = refused or not takes_token(provider, calendar, known, window)
    if anew and not gone and listing.receipt.cached:
        raise too_old()  # it may be another one, or show what was there before our own last writes
    return listing, anew


def too_old() -> Unavailable:
    """Return that only a cache answers: what it does not show may not have been there yet."""
    return Unavailable(
        "only a cache answers, and what it does not show may be newer; it is asked again", status=_OK
    )


def is_gone(calendar: Calendar) -> bool:
    """Tell whether the calendar was seen not to be there any more."""
    return (calendar.health, calendar.cause) == (Health.LOST, Loss.GONE)


def old_ones(
    house: House, person: Person, calendar: Calendar, known: Mapping[RefKey, ETag]
) -> AbstractSet[RefKey]:
    """Return what is known to stand there since before our own last writes: those a new calendar takes as well."""
    with house.db.read() as tx:
        copies = tx.copies.concerned(calendar.id, person.id) if known else ()
    bases = ((copy, base_of(copy)) for copy in copies)
    return known.keys() - {key_of(copy.ref) for copy, base in bases if base is not None and base.fresh}


def still_holds(listing: Changes, witnesses: AbstractSet[RefKey]) -> bool:
    """Tell whether any of the *witnesses* stands in a complete listing: then it is the calendar that we know."""
    return any(key_of(ref) in witnesses for ref in listing.listed or ())


def takes_token(
    provider: CalendarProvider, calendar: Calendar, known: Mapping[RefKey, ETag], window: Interval
) -> bool:
    """Tell whether the calendar takes the token that it gave: one that was made in its place does not.

    :raises ProviderError: if that cannot be told now.
    """
    try:
        provider.changes(calendar.remote, calendar.token, known=known, window=window)
    except SyncTokenExpired:
        return False
    return True


def _with_busy(
    house: House,
    provider: CalendarProvider,
    account: Account,
    rounds: Sequence[Round],
    failed: ProviderError | None,
) -> tuple[Round, ...]:
    """Return *rounds* with the busy time of the calendars that need it, which is one request for all of them."""
    asked = {each.calendar.remote: each for each in rounds if _needs_busy(account, each)}
    if not asked:
        return tuple(rounds)
    windows = [each.window for each in asked.values()]
    if failed is not None:
        answers: freebusy.Answers = dict.fromkeys(asked, failed)
    else:
        window = Interval(min(each.start for each in windows), max(each.end for each in windows))
        answers = freebusy.ask(provider, [each.calendar for each in asked.values()], window)
    at = house.clock.now()
    return tuple(
        _answered(each, answers[each.calendar.remote], at) if each.calendar.remote in asked else each
        for each in rounds
    )


def _needs_busy(account: Account, each: Round) -> bool:
    if each.changes is None:
        return each.calendar.times_only and each.error is None
    told = each.calendar.busy and Capability.FREE_BUSY in Capability(account.capabilities)
    return told and (each.changed or freebusy.is_old(each.calendar, each.sent))


def _answered(each: Round, answer: freebusy.Answer, at: datetime) -> Round:
    if isinstance(answer, BusyTime):
        return replace(each, busy=answer, received=at if each.changes is None else each.received)
    if each.changes is None:
        return replace(each, error=answer, received=at)
    return replace(each, busy_error=answer)


def _whole_account(error: ProviderError) -> bool:
    if isinstance(error, AccessLost):
        return error.loss is Loss.CREDENTIALS
    return isinstance(error, Unavailable) and error.status is None


def _window(house: House, person: Person, calendar: Calendar) -> Interval:
    """Return the stored window while it lasts, else a new one from the start of the owner's day."""
    now = house.clock.now()
    last = calendar.window
    horizon = house.config.grid.horizon
    if last is not None and last.start <= now and now + horizon <= last.end and not _full_due(calendar, now):
        return last
    day = now.astimezone(ZoneInfo(person.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return Interval(day, day + horizon + _SPARE)


def _full_due(calendar: Calendar, now: datetime) -> bool:
    return calendar.full_at is None or now - calendar.full_at >= FULL_EVERY


def write_down(house: House, tx: Tx, account: Account, person: Person, each: Round) -> None:
    """Keep what a round brought: evidence, busy time, token and health, in the caller's transaction."""
    answer = each.busy_error if each.busy is None else each.busy
    if answer is not None:
        freebusy.keep(house, tx, account, each.calendar, each.window, each.sent, answer, changed=each.changed)
    if each.changes is None and each.busy is not None:  # it shows only times
        full_at = each.sent if each.changed else None
        tx.calendars.saw(each.calendar.id, None, each.sent, full_at=full_at, window=each.window)
        ailing.calendar_is_well(tx, each.calendar)
        return
    if each.changes is None:
        error = each.error or Unavailable("no answer")
        ailing.note_calendar(house, tx, account, each.calendar, error, each.received)
        return
    lag = house.config.rules.lag
    changes = behind.settled(tx, each.calendar.id, each.changes, each.sent, lag)
    stood = {item.ref: since for item in changes.items if (since := _unread_until_now(tx, each, item))}
    _keep_busy(tx, each, changes)
    seen.in_changes(
        house, tx, person, each.calendar, changes, each.sent, each.received, anew=each.anew, stood=stood
    )
    _note_round(tx, each, changes)
    if behind.is_in(changes):
        tx.calendars.list_anew(each.calendar.id)
    ailing.calendar_is_well(tx, each.calendar)


def _note_round(tx: Tx, each: Round, changes: Changes) -> None:
    """Note when this was, and from where to ask next time.

    What is read anew keeps its token: by that the calendar is told from another one in its place.
    """
    before, cached = tx.calendars.get(each.calendar.id), changes.receipt.cached
    wanted = before.full_at is None and each.calendar.full_at is not None  # since we asked
    listed = changes.listed is not None
    tx.calendars.saw(
        each.calendar.id,
        token=changes.token if before.token == each.calendar.token else before.token,
        verified_at=each.calendar.verified_at if cached else each.sent,
        full_at=each.sent if listed and not cached and not wanted else None,
        window=each.window,
    )
    # Of what was not there yet no change would tell, nor of what was to be read again since it was asked.
    if listed and (cached or _was_forgotten(tx, each, changes)):
        tx.calendars.list_anew(each.calendar.id)


def _was_forgotten(tx: Tx, each: Round, changes: Changes) -> bool:
    """Tell whether something was not read because it was known, and is not known any more."""
    here = tx.calendars.known(each.calendar.id)
    return any(key in each.known and key not in here for key in map(key_of, changes.listed or ()))


def _unread_until_now(tx: Tx, each: Round, item: Item) -> datetime | None:
    """Return since when an event of ours has stood here that could not be read before as it is now."""
    if not isinstance(item, Event) or not item.uid.startswith(seen.OURS):
        return None
    return tx.calendars.noted_in(each.calendar.id, key_of(item.ref), item.etag)


def _keep_busy(tx: Tx, each: Round, changes: Changes) -> None:
    calendar = each.calendar
    for item in changes.items:
        stored.keep_resource(tx, calendar.id, item)
    if changes.listed is not None and not changes.receipt.cached:  # else it may not have been there yet
        stored.keep_only(tx, calendar.id, changes.listed)


def rounds_error(rounds: Sequence[Round]) -> ProviderError | None:
    """Return the error of a round that failed for the account as a whole, if all failed so."""
    errors = [each.error for each in rounds]
    if errors and all(error is not None and _whole_account(error) for error in errors):
        return errors[0]
    return None


def _end(house: House, tx: Tx, ticket: Ticket, person: Person, rounds: Sequence[Round]) -> None:
    """End the ticket of a round; an account of which nothing could be seen backs off by itself.

    A server that is merely down is asked at the usual pace, which leaps over no deadline; to lost access nobody
    but its owner can do anything.
    """
    errors = [each.error for each in rounds if each.error is not None]
    if not errors or len(errors) < len(rounds):
        work.finish(tx, ticket, next_round(house, tx, person, rounds))
        return
    every = house.config.poll.every
    usual = min(every, pace.usual(house, tx, person.id))
    lost = all(isinstance(error, AccessLost | Unsupported) for error in errors)
    longest = max(every, _LONGEST) if lost else usual
    work.set_back(tx, ticket, str(errors[0]), _asked(rounds), Pace(usual, longest, _PEACE))
    if rounds_error(rounds) is not None and (row := tx.due.get(ticket.kind, ticket.key)) is not None:
        tx.due.put_off(ticket.key, work.WRITE, row.due_at)


def next_round(house: House, tx: Tx, person: Person, rounds: Sequence[Round]) -> datetime:
    """Return when the account is looked at again; the server's own wish for peace is granted.

    Where a replica was behind it is as soon as none can be any more.
    """
    usual = pace.spread(tx, pace.usual(house, tx, person.id))
    if any(behind.is_in(each.changes) for each in rounds):
        usual = min(usual, house.config.rules.lag)
    return tx.now + max(usual, _asked(rounds))


def _asked(rounds: Sequence[Round]) -> timedelta:
    waits = [each.error.retry_after for each in rounds if isinstance(each.error, Unavailable)]
    # What events tell is not to be missed for long over when somebody is busy.
    busy = [each.busy_error.retry_after for each in rounds if isinstance(each.busy_error, Unavailable)]
    waits += [min(wait, _LONGEST) for wait in busy if wait is not None]
    if any(isinstance(each.error, AccessLost) and _whole_account(each.error) for each in rounds):
        waits.append(_GUESSES)
    return max((wait for wait in waits if wait is not None), default=timedelta(0))
