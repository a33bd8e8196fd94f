"""Servers that call us when a calendar changes: an optional bell that only says "look now".

Rule 1: a call is no evidence and carries nothing: it makes a round due, and the rounds go on as without it.
Rule 2: a channel is noted before it is opened, and stopped after another stands in its place. Whatever dies in between
leaves at most one that ends by itself.
Rule 3: of the secret of a channel only a digest is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from urllib.parse import urlsplit

import structlog

from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.push import Channel, Hook, PushProvider
from syncd import work
from syncd.config import Config
from syncd.errors import Misconfigured
from syncd.house import GOOGLE, House
from syncd.store.errors import StoreError
from syncd.store.rows import (
    Account,
    AccountId,
    Calendar,
    CalendarRowId,
    ChannelRow,
    DueRow,
    Health,
    Pace,
    Person,
    Ticket,
)
from syncd.store.tx import Tx

HOOK = "/api/v1/hooks/google"
"""Where Google calls, below ``school.public_url``."""
LIFE = timedelta(days=7)
"""How long a channel is asked to last; Google gives no more."""
OVERLAP = timedelta(days=1)
"""So long before its end another one is opened, if it lasts long enough."""
GAP = timedelta(seconds=5)
"""Between two rounds of one account that calls bring about."""
_AGAIN = timedelta(days=1)
"""How often it is looked whether every calendar has its channel."""
_SOONER = timedelta(hours=1)
"""The same, where one has none because it, or the account, is not well."""
_LEAST = timedelta(minutes=10)
_PACE = Pace(timedelta(minutes=1), timedelta(hours=6), timedelta(days=1))
_SECRET = 32  # 256 bits
_LONGEST_ID = 64  # Google takes no longer one
_log = structlog.get_logger(__name__)


def why_off(config: Config) -> str | None:
    """Return why no server calls us, if none does."""
    public = config.school.public_url
    if not config.google.push:
        return "google.push is false"
    if public is None:
        return "school.public_url is not set"
    return None if urlsplit(public).scheme == "https" else "school.public_url is no https address"


def address_of(config: Config) -> str | None:
    """Return where servers are to call; ``None`` if none is."""
    if why_off(config) is not None:
        return None
    return f"{config.school.public_url}".rstrip("/") + HOOK


# --- what is due -------------------------------------------------------------------------


def want(house: House, tx: Tx, account: Account) -> None:
    """Have the channels of *account* looked at, in the caller's transaction."""
    if account.provider == GOOGLE and address_of(house.config) is not None:
        tx.due.want(work.PUSH, work.account_key(account.id), prio=work.PRIO[work.PUSH])


def keep(house: House) -> None:
    """Make sure that the channels of every account are looked at, and stopped if they are not wanted any more.

    A level, not an edge: nothing is written where nothing is missing.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.read() as tx:
        rows = {row.key: row for row in tx.due.all([work.PUSH])}
        if address_of(house.config) is not None:
            ours = [each for each in tx.accounts.all() if each.provider == GOOGLE and each.grant]
            keys = {work.account_key(each.id) for each in ours} - rows.keys()
        else:
            open_ones = map(work.account_key, tx.channels.accounts())
            keys = {key for key in open_ones if _sleeps(rows.get(key), tx.now)}
    if keys:
        with house.db.write() as tx:
            for key in sorted(keys):
                tx.due.set_time(work.PUSH, key, tx.now, prio=work.PRIO[work.PUSH])


def _sleeps(row: DueRow | None, now: datetime) -> bool:
    return row is None or (row.due_at > now and not row.attempts)


# --- one account -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done about the channels of one account."""

    open: Sequence[Calendar] = ()
    stop: Sequence[ChannelRow] = ()


def push(house: House, ticket: Ticket) -> None:
    """Open a channel for every calendar of one account that is polled by changes, and stop those that are over.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    account_id = AccountId(int(ticket.key))
    address = address_of(house.config)
    with house.db.read() as tx:
        account = tx.accounts.get(account_id)
        person = tx.people.get(account.person_id)
        plan = _plan(tx, account, address)
    errors: list[ProviderError] = []
    if plan.open or plan.stop:
        errors = _carry_out(house, ticket, account, person, plan, address)
    with house.db.write() as tx:
        _end(tx, ticket, account_id, address, errors)
    if errors and not ticket.attempts:
        first = errors[0]
        _log.warning("push.failing", account=account_id, error=type(first).__name__, status=first.status)


def _plan(tx: Tx, account: Account, address: str | None) -> _Plan:
    # Without access nothing can be opened, and its owner would be asked for nothing but a bell.
    if not account.grant or (account.health is not Health.OK and address is not None):
        return _Plan()
    calendars = _polled(tx, account) if address is not None else {}
    mine = tx.channels.of(account.id)
    fresh = _fresh(mine, calendars, address, tx.now)
    bare = [each for each in calendars.values() if each.id not in fresh and each.health is Health.OK]
    kept = {each.id for each in fresh.values()}
    over = [
        each
        for each in mine
        if each.id not in kept and (each.calendar_id in fresh or each.calendar_id not in calendars)
    ]
    return _Plan(bare, over)


def _polled(tx: Tx, account: Account) -> Mapping[CalendarRowId, Calendar]:
    return {each.id: each for each in tx.calendars.of_account(account.id) if not each.times_only}


def _fresh(
    mine: Sequence[ChannelRow],
    calendars: Mapping[CalendarRowId, Calendar],
    address: str | None,
    now: datetime,
) -> Mapping[CalendarRowId, ChannelRow]:
    """Return for each calendar the channel that is good for longest, if there is one that is good."""
    good = [each for each in mine if each.resource and each.address == address and each.renew_at > now]
    good.sort(key=lambda each: each.until)
    return {each.calendar_id: each for each in good if each.calendar_id in calendars}


def _carry_out(
    house: House, ticket: Ticket, account: Account, person: Person, plan: _Plan, address: str | None
) -> list[ProviderError]:
    """Open and stop what *plan* says, and return what went wrong."""
    errors: list[ProviderError] = []
    try:
        with _calling(house, account, person) as provider:
            for calendar in plan.open:
                errors += _opened(house, ticket, provider, calendar, f"{address}")
            with house.db.read() as tx:
                plan = _plan(tx, account, address)
            for channel in plan.stop:
                _stop(house, ticket, provider, channel)
    except ProviderError as error:
        errors.append(error)
    return errors


@contextmanager
def _calling(house: House, account: Account, person: Person) -> Iterator[PushProvider]:
    with house.calling(account, person) as provider:
        if not isinstance(provider, PushProvider):
            raise Unsupported("this server calls nobody")
        yield provider


def _opened(
    house: House, ticket: Ticket, provider: PushProvider, calendar: Calendar, address: str
) -> Sequence[ProviderError]:
    """Open a channel, and return what went wrong with this one calendar: there are others."""
    try:
        _open(house, ticket, provider, calendar, address)
    except (AccessLost, Unsupported) as error:
        if isinstance(error, AccessLost) and error.loss is Loss.CREDENTIALS:
            raise
        return (error,)
    return ()


def _open(house: House, ticket: Ticket, provider: PushProvider, calendar: Calendar, address: str) -> None:
    """Open a channel; it is noted before, because the server calls before it answers."""
    id_, secret = house.new_id(), token_urlsafe(_SECRET)
    with house.db.write() as tx:
        work.hold(tx, ticket)
        until, account_id = tx.now + LIFE, calendar.account_id
        if not tx.accounts.get(account_id).grant:
            return  # it was disconnected, just now
        row = ChannelRow(id_, account_id, calendar.id, address, _digest(secret), None, until, until)
        tx.channels.add(row)
    try:
        opened = provider.watch(calendar.remote, id_, Hook(address, secret, LIFE))
    except ProviderError:
        with house.db.write() as tx:
            tx.channels.drop(id_)  # if it was opened all the same, it ends by itself
        raise
    with house.db.write() as tx:
        until = opened.until or tx.now + LIFE
        renew_at = until - min(OVERLAP, abs(until - tx.now) / 4)
        wanted = tx.channels.opened(id_, opened.resource, until, renew_at)
    if wanted:
        _log.info("push.opened", account=calendar.account_id, calendar=calendar.id)
        return
    with suppress(ProviderError):  # the account was disconnected meanwhile
        provider.stop(opened)


def _stop(house: House, ticket: Ticket, provider: PushProvider, channel: ChannelRow) -> None:
    if channel.resource is not None:  # else nobody but its own end can stop it
        provider.stop(Channel(channel.id, channel.resource))
    with house.db.write() as tx:
        work.hold(tx, ticket)
        tx.channels.drop(channel.id)
    _log.info("push.stopped", account=channel.account_id, calendar=channel.calendar_id)


def _end(
    tx: Tx, ticket: Ticket, account_id: AccountId, address: str | None, errors: Sequence[ProviderError]
) -> None:
    tx.channels.drop_ended(account_id)
    account, mine = tx.accounts.get(account_id), tx.channels.of(account_id)
    if not account.grant or (address is None and not mine):
        work.finish(tx, ticket, None)
    elif errors:
        asked = [each.retry_after for each in errors if isinstance(each, Unavailable) and each.retry_after]
        work.set_back(tx, ticket, type(errors[0]).__name__, max(asked, default=None), _PACE)
    else:
        calendars = _polled(tx, account)
        fresh = _fresh(mine, calendars, address, tx.now)
        latest = tx.now + (_AGAIN if fresh.keys() == calendars.keys() else _SOONER)
        next_at = min((each.renew_at for each in fresh.values()), default=latest)
        work.finish(tx, ticket, max(tx.now + _LEAST, min(next_at, latest)))


def end(house: House, account: Account, person: Person) -> None:
    """Stop the channels of an account that is about to be disconnected; what cannot be stopped ends by itself.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.read() as tx:
        channels = [each for each in tx.channels.of(account.id) if each.resource is not None]
    if not channels:
        return
    with suppress(ProviderError, Misconfigured), _calling(house, account, person) as provider:
        for each in channels:
            provider.stop(Channel(each.id, f"{each.resource}"))


# --- a call ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """What a call says of itself, as it came."""

    channel: str
    resource: str
    secret: str
    state: str


class Heard(Enum):
    """What a call was taken for."""

    TAKEN = auto()
    UNKNOWN = auto()
    """There is no such channel, or it is over."""
    REFUSED = auto()
    """Whoever called does not know the secret."""


class Bell:
    """Hears the calls of servers; used from many threads."""

    def __init__(self) -> None:
        self._rung: dict[AccountId, datetime] = {}
        """For when the last round of each account was asked for."""
        self._owed: dict[AccountId, datetime] = {}
        """What of that is not written down yet."""
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def ring(self, house: House, call: Call) -> Heard:
        """Take a call; nothing is written before :meth:`settle`, so nobody who calls waits for that.

        :raises StoreError: if the database cannot be used now.
        """
        if address_of(house.config) is None or not 0 < len(call.channel) <= _LONGEST_ID:
            return Heard.UNKNOWN
        with house.db.read() as tx:
            channel, now = tx.channels.get(call.channel), tx.now
            row = tx.due.get(work.SYNC, work.account_key(channel.account_id)) if channel else None
        if channel is None or channel.until <= now:
            return Heard.UNKNOWN
        if not compare_digest(channel.digest, _digest(call.secret)):
            return Heard.REFUSED
        if channel.resource not in {None, call.resource}:
            return Heard.UNKNOWN
        if call.state != "sync":  # that one only says that the channel is open
            self._owe(channel.account_id, row, now)
        return Heard.TAKEN

    def _owe(self, account_id: AccountId, row: DueRow | None, now: datetime) -> None:
        """Have a round now, or ``GAP`` after the last one that was asked for; one to come is enough for all."""
        with self._lock:
            last = self._rung.get(account_id, now - GAP)
            at = now if last > now + GAP else max(now, last + GAP)  # the clock may have been set back
            if account_id not in self._owed and not _comes(row, at, now):
                self._rung[account_id] = self._owed[account_id] = at

    def settle(self, house: House) -> None:
        """Have the rounds due that calls have brought about; one thread does it for all that come meanwhile."""
        while self._owed and self._writing.acquire(blocking=False):
            try:
                with self._lock:
                    owed, self._owed = self._owed, {}
                self._write(house, owed)
            finally:
                self._writing.release()

    def _write(self, house: House, owed: Mapping[AccountId, datetime]) -> None:
        try:
            with house.db.write() as tx:
                for account_id, at in owed.items():
                    _ask(tx, work.account_key(account_id), at)
        except StoreError:
            with self._lock:  # that round does not come, so the next call is not to wait for it
                self._rung = {each: at for each, at in self._rung.items() if owed.get(each) != at}


def _comes(row: DueRow | None, at: datetime, now: datetime) -> bool:
    """Tell whether a round begins by *at* anyhow; what runs now may have asked before the change."""
    if row is None or row.attempts:
        return True  # there are no rounds, or they keep away from a server that is not well
    return row.due_at <= at and (row.lease_until is None or row.due_at > now)


def _ask(tx: Tx, key: str, at: datetime) -> None:
    if _comes(tx.due.get(work.SYNC, key), at, tx.now):
        return
    if at <= tx.now:
        tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)
    else:  # wanted, what runs now would run again at once, however many calls come
        tx.due.set_time(work.SYNC, key, at, prio=work.PRIO[work.SYNC], excl=key)


def _digest(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()
