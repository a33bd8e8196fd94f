"""An account on its server: principal, homes, calendars and what the server can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import unquote

from providers.answers import readable
from providers.base import CalendarEntry, CalendarId, Capability
from providers.caldav.dav import CAL, DAV, Row
from providers.caldav.href import absolute, calendar_path, url_of
from providers.caldav.quirks import Quirks, of_headers
from providers.caldav.wire import Answer, Wire, refusal, same_origin
from providers.errors import AccessLost, Loss, Unavailable, Unsupported
from providers.transport import origin, shown

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_WHO = (
    f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><current-user-principal/><C:calendar-home-set/>"
    "<C:schedule-inbox-URL/><C:schedule-outbox-URL/><C:calendar-user-address-set/></prop></propfind>"
).encode()
_CALENDARS = (
    f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><displayname/><current-user-privilege-set/>"
    "<C:supported-calendar-component-set/><supported-report-set/><sync-token/></prop></propfind>"
).encode()
_DEFAULT = f"{_HEAD}<propfind {_SPACES}><prop><C:schedule-default-calendar-URL/></prop></propfind>".encode()
_WRITES = frozenset({f"{DAV}all", f"{DAV}write", f"{DAV}bind"})
_MAILTO = "mailto:"
_BOXES = frozenset({f"{CAL}schedule-inbox", f"{CAL}schedule-outbox"})


@dataclass(frozen=True, slots=True)
class Account:
    """Where one person's calendars are."""

    url: str
    """The principal, or the home or calendar that stands for it."""
    homes: tuple[str, ...]
    """The collections that hold the calendars (RFC 4791, 6.2.1)."""
    calendar: str | None = None
    """The address that was asked, if it is itself a calendar."""
    inbox: str | None = None
    outbox: str | None = None
    addresses: frozenset[str] = frozenset()
    """The e-mail addresses by which the server knows the person (RFC 6638, 2.4.1), in lower case."""


@dataclass(frozen=True, slots=True)
class _Found:
    entry: CalendarEntry
    tokens: bool


def whose(wire: Wire, url: str) -> Answer:
    """Return the answer to the question whose calendars *url* leads to, whatever it is."""
    return wire.xml("PROPFIND", url, _WHO, where=url, depth=0)


def locate(wire: Wire, url: str, answer: Answer | None = None) -> Account:
    """Return the account that *url* leads to: from a principal, a home, a calendar or a server's root.

    :raises Unsupported: if no calendars can be found from there.
    """
    answer = answer or whose(wire, url)
    row = _own(wire, url, answer)
    url = answer.url  # a server's root often sends on to its calendars
    kinds = row.names(f"{DAV}resourcetype")
    calendar = url if f"{CAL}calendar" in kinds else None
    if homes := _addresses(row, f"{CAL}calendar-home-set", url):
        return _account(url, homes, row, calendar)
    for principal in _addresses(row, f"{DAV}current-user-principal", url):
        if _same(principal, url):
            continue
        found = _own(wire, principal, whose(wire, principal))
        if homes := _addresses(found, f"{CAL}calendar-home-set", principal):
            return _account(principal, homes, found, calendar)
    if calendar is not None:
        return Account(url, (), calendar)
    raise Unsupported("this server names no calendars of this person", where=shown(url))


def calendars(wire: Wire, url: str) -> tuple[CalendarEntry, ...]:
    """Return every calendar of the account at *url*, sorted by name.

    :raises Unsupported: if this is not a calendar server.
    """
    account = locate(wire, url)
    entries = {calendar_path(one.entry.id): one.entry for one in _found(wire, account)}
    chosen = _default(wire, account)
    marked = (replace(one, default=path == chosen) for path, one in entries.items())
    return tuple(sorted(marked, key=lambda one: (one.name, one.id)))


def capabilities(wire: Wire, url: str, own: frozenset[str]) -> Capability:
    """Return what the server of the account at *url* can do for whoever has the addresses *own*.

    A server sends invitations only in the name of an organizer whom it knows by that address.

    :raises Unsupported: if this is not a calendar server.
    """
    account = locate(wire, url)
    can = Capability.NONE
    if any(one.tokens for one in _found(wire, account)):
        can |= Capability.SYNC_TOKEN
    if account.outbox is not None and account.addresses & own and _schedules(wire, account.homes[0]):
        can |= Capability.SCHEDULING
    return can


def _schedules(wire: Wire, home: str) -> bool:
    answer = wire.ask("OPTIONS", home, where=home)
    same_origin(answer, asked=home, where=home)
    if answer.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        raise refusal(answer, asked=home, where=home)
    offers = {word.strip().lower() for word in answer.headers.get("DAV", "").split(",")}
    return "calendar-auto-schedule" in offers and of_headers(answer.headers).scheduling


def _account(url: str, homes: tuple[str, ...], row: Row, calendar: str | None) -> Account:
    inbox = _addresses(row, f"{CAL}schedule-inbox-URL", url)
    outbox = _addresses(row, f"{CAL}schedule-outbox-URL", url)
    return Account(
        url, homes, calendar, next(iter(inbox), None), next(iter(outbox), None), _mail_addresses(row)
    )


def _mail_addresses(row: Row) -> frozenset[str]:
    named = (href.strip().lower() for href in row.hrefs(f"{CAL}calendar-user-address-set"))
    return frozenset(unquote(one.removeprefix(_MAILTO)) for one in named if one.startswith(_MAILTO))


def _found(wire: Wire, account: Account) -> Iterator[_Found]:
    seen: set[str] = set()
    for home in account.homes:
        for one in _listed(wire, home, 1, account):
            seen.add(calendar_path(one.entry.id))
            yield one
    if account.calendar is not None and calendar_path(account.calendar) not in seen:
        yield from _listed(wire, account.calendar, 0, account)


def _listed(wire: Wire, url: str, depth: int, account: Account) -> Iterator[_Found]:
    answer = wire.xml("PROPFIND", url, _CALENDARS, where=url, depth=depth)
    same_origin(answer, asked=url, where=url)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise AccessLost("there is no account at this address", loss=Loss.GONE, where=shown(url))
    rows = wire.rows(answer, asked=url, where=url).rows
    if any(row.garbled for row in rows):
        raise Unavailable("the answer has a row whose status is none", where=shown(url))
    _itself(rows, url)
    quirks = of_headers(answer.headers)
    for row in rows:
        if row.fine and row.names(f"{DAV}resourcetype") & {f"{CAL}calendar", *_BOXES}:
            yield _Found(_entry(row, url, account, quirks), _has_tokens(row))


def _itself(rows: tuple[Row, ...], url: str) -> Row:
    """Return the row about *url* itself: without it the answer is to another question."""
    for row in rows:
        if row.ref.rstrip("/") == calendar_path(url).rstrip("/"):
            if row.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:  # Xandikos: a 207 around the 404
                raise AccessLost("there is no account at this address", loss=Loss.GONE, where=shown(url))
            return row
    raise Unavailable("the answer does not speak of what was asked", where=shown(url))


def _own(wire: Wire, url: str, answer: Answer) -> Row:
    same_origin(answer, asked=url, where=url)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise AccessLost("there is no account at this address", loss=Loss.GONE, where=shown(url))
    return _itself(wire.rows(answer, asked=url, where=url).rows, answer.url)


def _entry(row: Row, url: str, account: Account, quirks: Quirks) -> CalendarEntry:
    name = row.ref.rstrip("/").rpartition("/")[2]
    return CalendarEntry(
        id=CalendarId(url_of(calendar_path(row.ref), url)),
        name=readable(row.text(f"{DAV}displayname") or name),
        writable=_writable(row),
        events=name not in quirks.boxes and _holds_events(row, account),
    )


def _writable(row: Row) -> bool:
    granted = f"{DAV}current-user-privilege-set"
    return granted not in row.props or bool(row.names(granted) & _WRITES)


def _holds_events(row: Row, account: Account) -> bool:
    kinds = row.names(f"{DAV}resourcetype")
    if f"{CAL}calendar" not in kinds or kinds & _BOXES:
        return False
    if calendar_path(row.ref) in {calendar_path(box) for box in (account.inbox, account.outbox) if box}:
        return False
    components = row.props.get(f"{CAL}supported-calendar-component-set")
    if components is None:
        return True  # RFC 4791, 5.2.3: then all are supported
    return any(one.get("name", "").upper() == "VEVENT" for one in components.iterfind(f"{CAL}comp"))


def _has_tokens(row: Row) -> bool:
    return bool(row.text(f"{DAV}sync-token")) or f"{DAV}sync-collection" in row.names(
        f"{DAV}supported-report-set"
    )


def _default(wire: Wire, account: Account) -> str | None:
    """Return the path of the calendar for new events (RFC 6638, 9.2), if the server names one."""
    if account.inbox is None:
        return None
    answer = wire.xml("PROPFIND", account.inbox, _DEFAULT, where=account.inbox, depth=0)
    same_origin(answer, asked=account.inbox, where=account.inbox)
    if answer.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return None
    rows = wire.rows(answer, asked=account.inbox, where=account.inbox).rows
    named = [
        href for row in rows for href in _addresses(row, f"{CAL}schedule-default-calendar-URL", account.inbox)
    ]
    return calendar_path(named[0]) if named else None


def _addresses(row: Row, name: str, url: str) -> tuple[str, ...]:
    try:
        return tuple(absolute(href, url) for href in row.hrefs(name))
    except Unavailable as error:
        error.where = shown(url)
        raise


def _same(one: str, other: str) -> bool:
    return origin(one) == origin(other) and calendar_path(one) == calendar_path(other)
