"""Connecting people's accounts: found, tested, read once, and only then kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from policy.facts import Blinded, Side
from policy.notice import Doubt
from providers.base import CalendarEntry, CalendarId, CalendarProvider, ETag, RefKey
from syncd import ailing, poll, push, seen, work
from syncd.book import DISCONNECTED, current, note_due, record, session_in
from syncd.errors import Usage
from syncd.house import Found, House, identity, owner
from syncd.store.rows import (
    Account,
    AccountId,
    Calendar,
    CalendarChoice,
    CalendarRowId,
    Copy,
    Health,
    Person,
    SessionId,
    SessionRow,
)
from syncd.store.tx import Tx

_NOT_YET = b"\0"
"""Stands for a grant until the row that it is bound to has an id."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a person gives to connect an account."""

    provider: str
    address: str
    username: str
    secret: str


@dataclass(frozen=True, slots=True)
class Connected:
    """An account as it was connected."""

    person: str
    url: str
    busy: tuple[CalendarEntry, ...]
    sessions: CalendarEntry
    others: tuple[CalendarEntry, ...]
    """What else there was, and is left alone."""


def connect(
    house: House,
    person: Person,
    login: Login,
    busy: Sequence[str],
    sessions: str | None,
    found: Found | None = None,
) -> Connected:
    """Connect an account of *person*, or connect it anew; nothing is kept unless all of it works.

    An account that is *found* already is not looked for.

    :raises ProviderError: if the server, the password or a calendar is not what it should be.
    :raises Usage: if a calendar that was named is not there, or none is named and several could be meant.
    """
    found = found or house.doors.find(login.address, login.username, login.secret, owner(person))
    provider = found.provider
    try:
        entries = provider.calendars()
        read = _chosen(entries, busy) if busy else tuple(entry for entry in entries if entry.events)
        written = _for_sessions(entries, sessions)
        capabilities = provider.capabilities()
        probe = _probe(house, found.url, login, person, capabilities.value)
        choices = [_choice(entry, read, written) for entry in entries if entry in {*read, written}]
        rounds = _first_rounds(house, provider, probe, person, choices)
    finally:
        provider.close()
    if found.secret is not None:
        login = replace(login, secret=found.secret())
    with house.db.write() as tx:
        account = _keep_account(house, tx, probe, person, login)
        _keep_calendars(house, tx, account, person, choices, rounds)
    others = tuple(entry for entry in entries if entry.events and entry not in {*read, written})
    return Connected(person.email, found.url, read, written, others)


def disconnect(house: House, person: Person) -> int:
    """Erase the grants and the busy time of all accounts of *person*; return how many there were.

    Sessions that stand in their calendars are decided by nobody's silence: somebody is asked.
    """
    with house.db.write() as tx:
        accounts = tx.accounts.of(person.id)
        standing = tuple(_standing(tx, person))
        for account in accounts:
            for kind in (work.SYNC, work.PUSH):
                tx.due.set_time(kind, work.account_key(account.id), None)
            ailing.forget(tx, account)
            tx.accounts.remove(account.id)
        for row, copy in standing:
            _lose(tx, row, copy, "account was disconnected")
        if accounts:
            tx.audit.note("command", "disconnect", person.email, {"accounts": len(accounts)})
            tx.feed.put("account.disconnected", None, person.id, {"accounts": len(accounts)})
    return len(accounts)


def _standing(tx: Tx, person: Person) -> Iterator[tuple[SessionRow, Copy]]:
    """Yield the person's own copy of every live session."""
    for row in tx.sessions.all(person_id=person.id):
        side = Side.STUDENT if row.student_id == person.id else Side.MENTOR
        copy = current(tx, row.id).get(side) if row.live else None
        if copy is not None:
            yield row, copy


def _lose(tx: Tx, row: SessionRow, copy: Copy, why: str) -> None:
    what = f"the {copy.side}'s {why}: session {row.id} stands, and cannot be seen there"
    tx.incidents.begin(DISCONNECTED, None, None, SessionId(row.id), what)
    blind = Blinded(at=tx.now, cause=Doubt.ACCESS_LOST, lost=True)
    record(tx, session_in(tx.sessions.get(row.id)), [blind] if copy.side is Side.STUDENT else [])


# --- choosing calendars --------------------------------------------------------------


def _chosen(entries: Sequence[CalendarEntry], names: Sequence[str]) -> tuple[CalendarEntry, ...]:
    return tuple(dict.fromkeys(_named(entries, name) for name in names))


def _named(entries: Sequence[CalendarEntry], name: str) -> CalendarEntry:
    """Return the calendar that a person calls *name*: its name, its address, or the end of its address."""
    held = [entry for entry in entries if entry.events]
    exact = [entry for entry in held if name in {entry.id, entry.name}]
    loose = [entry for entry in held if entry.name.casefold() == name.casefold() or _slug(entry) == name]
    matching = exact or loose
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise Usage(f"{len(matching)} calendars are called {name!r}; use the address: {_listed(matching)}")
    raise Usage(f"there is no calendar {name!r}; there are: {_listed(held)}")


def _for_sessions(entries: Sequence[CalendarEntry], name: str | None) -> CalendarEntry:
    if name is not None:
        entry = _named(entries, name)
        if entry.times_only:
            raise Usage(
                f"the calendar {name!r} shows us nothing but when it is busy, so no session can stand in it; name"
                f" another with --sessions: {_listed([each for each in entries if each.events and each.writable])}"
            )
        if not entry.writable:
            raise Usage(
                f"the calendar {name!r} is read-only, so sessions cannot be written to it; name another with"
                f" --sessions: {_listed([each for each in entries if each.events and each.writable])}"
            )
        return entry
    open_ones = [entry for entry in entries if entry.events and entry.writable and not entry.times_only]
    default = [entry for entry in open_ones if entry.default]
    if len(default) == 1:
        return default[0]
    if len(open_ones) == 1:
        return open_ones[0]
    if not open_ones:
        raise Usage(f"no calendar of this account can be written to; there are: {_listed(entries)}")
    raise Usage(f"name the calendar for sessions with --sessions; there are: {_listed(open_ones)}")


def _slug(entry: CalendarEntry) -> str:
    return entry.id.rstrip("/").rpartition("/")[2]


def _listed(entries: Sequence[CalendarEntry]) -> str:
    return ", ".join(f"{entry.name!r} ({_slug(entry)})" for entry in entries) or "none"


def _choice(entry: CalendarEntry, read: Sequence[CalendarEntry], written: CalendarEntry) -> CalendarChoice:
    return CalendarChoice(entry.id, entry.name, entry in read, entry == written, entry.times_only)


# --- keeping -------------------------------------------------------------------------


def _probe(house: House, url: str, login: Login, person: Person, capabilities: int) -> Account:
    """Return the account as a row that is not stored yet."""
    now = house.clock.now()
    return Account(
        id=AccountId(0),
        person_id=person.id,
        provider=login.provider,
        url=url,
        username=login.username,
        grant=_NOT_YET,
        capabilities=capabilities,
        health=Health.OK,
        health_since=now,
        trouble=None,
        cause=None,
        created_at=now,
    )


def _first_rounds(
    house: House,
    provider: CalendarProvider,
    account: Account,
    person: Person,
    choices: Sequence[CalendarChoice],
) -> dict[CalendarId, poll.Round]:
    """Read every chosen calendar once, and let any of them that fails stop the whole.

    :raises ProviderError: the first failure.
    """
    held = _held(house, account)
    asked = [_as_chosen(each, held.get(each.remote), house.clock.now()) for each in choices]
    for each in (rounds := poll.look_at(house, provider, account, person, asked)):
        if (error := each.error or each.busy_error) is not None:
            raise error
    # Of a calendar that was out of our hands nobody can say why an event is missing.
    return {each.calendar.remote: replace(each, anew=each.anew or not each.calendar.id) for each in rounds}


def _held(house: House, account: Account) -> dict[CalendarId, tuple[Calendar, Mapping[RefKey, ETag]]]:
    """Return the calendars of the same account that are connected already, with what is known of each."""
    with house.db.read() as tx:
        same = [each for each in tx.accounts.of(account.person_id) if _name(each) == _name(account)]
        held = [each for one in same for each in tx.calendars.with_known(one.id)]
        return {calendar.remote: (calendar, known) for calendar, known in held}


def _name(account: Account) -> tuple[str, str, str]:
    return account.provider, account.url, account.username


def _as_chosen(
    choice: CalendarChoice, held: tuple[Calendar, Mapping[RefKey, ETag]] | None, now: datetime
) -> tuple[Calendar, Mapping[RefKey, ETag]]:
    """Return a calendar as it is to be read for what it is chosen for now, with what is known of it."""
    if held is None or held[0].times_only != choice.times_only:
        return _unread(choice, now), {}
    return replace(held[0], busy=choice.busy, sessions=choice.sessions, busy_at=None), held[1]


def _unread(choice: CalendarChoice, now: datetime) -> Calendar:
    return Calendar(
        id=CalendarRowId(0),
        account_id=AccountId(0),
        remote=choice.remote,
        name=choice.name,
        busy=choice.busy,
        sessions=choice.sessions,
        token=None,
        verified_at=None,
        full_at=None,
        window=None,
        health=Health.OK,
        health_since=now,
        trouble=None,
        cause=None,
        times_only=choice.times_only,
    )


def _keep_account(house: House, tx: Tx, probe: Account, person: Person, login: Login) -> Account:
    same = [each for each in tx.accounts.of(person.id) if _name(each) == _name(probe)]
    account = same[0] if same else _add_account(tx, probe)
    tx.accounts.put_grant(
        account.id, house.vault.seal(login.secret.encode(), identity(account.id, person.id))
    )
    tx.accounts.put_capabilities(account.id, probe.capabilities)
    tx.accounts.set_health(account.id, Health.OK, None, None)
    tx.audit.note("command", "connect", person.email, {"provider": login.provider, "account": account.id})
    return tx.accounts.get(account.id)


def _add_account(tx: Tx, probe: Account) -> Account:
    return tx.accounts.add(
        probe.person_id, probe.provider, probe.url, probe.username, probe.grant, probe.capabilities
    )


def _keep_calendars(
    house: House,
    tx: Tx,
    account: Account,
    person: Person,
    choices: Sequence[CalendarChoice],
    rounds: dict[CalendarId, poll.Round],
) -> None:
    ailing.forget(tx, account)
    gone = {each.id for each in tx.calendars.of_account(account.id) if poll.is_gone(each)}
    calendars = tx.calendars.replace(account.id, choices)
    for row, copy in _standing(tx, person):
        if copy.calendar_id in gone - {each.id for each in calendars}:
            seen.went_with_it(tx, session_in(row), copy, tx.now)
    _take_back(tx, account, person, calendars)
    shut = {each.id for each in calendars if each.times_only}
    for row, copy in _standing(tx, person):
        if copy.calendar_id in shut:
            _lose(tx, row, copy, "calendar shows us only times by now")
    for calendar in calendars:
        poll.write_down(house, tx, account, person, replace(rounds[calendar.remote], calendar=calendar))
    key = work.account_key(account.id)
    at = poll.next_round(house, tx, person, tuple(rounds.values()))
    tx.due.set_time(work.SYNC, key, at, prio=work.PRIO[work.SYNC], excl=key)
    push.want(house, tx, account)
    ailing.resume(tx, account)
    for row in tx.sessions.all(person_id=person.id):
        if row.live:
            note_due(tx, session_in(row))


def _take_back(tx: Tx, account: Account, person: Person, calendars: Sequence[Calendar]) -> None:
    """Know the events again that stand in *calendars* since before they were disconnected."""
    again = {calendar.remote: calendar.id for calendar in calendars}
    for row, copy in _standing(tx, person):
        old = tx.calendars.get(copy.calendar_id)
        if old.id in again.values() or old.remote not in again:
            continue
        home = tx.accounts.get(old.account_id)
        if not home.grant and home.url == account.url:
            tx.copies.follow(copy.id, again[old.remote], copy.ref, copy.base)
            tx.incidents.end(DISCONNECTED, session_id=SessionId(row.id))
