"""A house on a Google of our own: a person with a primary calendar, their mentor, and a stranger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from providers.base import CalendarId, EventRef
from providers.google import GoogleProvider
from providers.transport import TransportRules, session
from providers.uids import OURS, google_id, named_by
from syncd.clock import SystemClock
from syncd.demo.google import GoogleFake, Manners, Person
from syncd.demo.google import Hand as Phone
from tests.providers.entries import Entry, Shown
from tests.providers.house import HOUR, MENTOR, OWNER, START, STUDENT, House

ACCOUNT = "amina.student@gmail.example"
"""The address that Google knows the student by; the school knows another."""
STRANGER = "stranger@gmail.example"
SCOPES = ("calendar.freebusy", "calendar.calendarlist.readonly", "calendar.events.owned")
"""What a student permits."""
ANSWERS = {"DECLINED": "declined", "ACCEPTED": "accepted", "TENTATIVE": "tentative"}


class GoogleHand:
    """A person's phone: past the API, in ids instead of names of resources."""

    def __init__(self, google: GoogleFake, account: str = ACCOUNT) -> None:
        self._google = google
        self._account = account
        self._phone: Phone = google.hand(account)

    def add(self, calendar: CalendarId, entry: Entry) -> EventRef:
        ref = self._insert(calendar, _name(entry), entry)
        for old, new in entry.moved.items():
            length = _instant(entry.end) - _instant(entry.start)
            self._phone.move(f"{ref}_{old:%Y%m%dT%H%M%SZ}", new, new + length, calendar)
        if entry.status == "CANCELLED":
            self._phone.delete(ref, calendar)
        return ref

    def add_unreadable(self, calendar: CalendarId) -> EventRef:
        ref = self.add(calendar, Entry("odd-software", START, START + HOUR, transparent=True))
        with self._google.world.act():
            home = self._google.world.calendars[calendar]
            home.copies[ref].shared["start"] = {"date": "some day"}
        return ref

    def hide_time(self, calendar: CalendarId) -> None:
        self._google.manners.busy_errors[calendar] = "internalError"

    def move_time(self, calendar: CalendarId, ref: EventRef, start: datetime) -> None:
        before = self._phone.show(ref, calendar)
        assert before is not None
        first, last = (datetime.fromisoformat(before[which]["dateTime"]) for which in ("start", "end"))
        self._phone.move(ref, start, start + (last - first), calendar)

    def decline(self, calendar: CalendarId, ref: EventRef, address: str) -> None:
        (self._phone if address == STUDENT else self._google.hand(address)).decline(ref)

    def cancel(self, calendar: CalendarId, ref: EventRef) -> None:
        self._phone.delete(ref, calendar)

    def retitle(self, calendar: CalendarId, ref: EventRef, title: str) -> None:
        self._phone.retitle(ref, title, calendar)

    def show(self, calendar: CalendarId, ref: EventRef) -> Shown:
        shown = self._phone.show(ref, calendar)
        assert shown is not None
        return Shown(shown["summary"], shown["description"], shown["location"])

    def delete(self, calendar: CalendarId, ref: EventRef) -> None:
        self._phone.delete(ref, calendar)

    def restore(self, calendar: CalendarId, ref: EventRef) -> None:
        self._phone.restore(ref, calendar)

    def move_to(self, calendar: CalendarId, ref: EventRef, other: CalendarId) -> EventRef:
        self._phone.carry(ref, other, calendar)
        return ref

    def delete_calendar(self, calendar: CalendarId) -> None:
        self._phone.delete_calendar(calendar)

    def _insert(self, calendar: CalendarId, name: str, entry: Entry) -> EventRef:
        """Make an event as another program does; a phone chooses no ids."""
        said = requests.post(
            f"{self._google.api_endpoint}/calendars/{quote(calendar)}/events",
            json=_body(name, entry),
            headers={"Authorization": f"Bearer {self._google.token(self._account)}"},
            timeout=10,
        )
        said.raise_for_status()
        return EventRef(said.json()["id"])


@contextmanager
def house_on(google: GoogleFake, crowd: int) -> Iterator[House]:
    """Yield the house of the student on *google*."""
    phone, stranger, before = google.hand(ACCOUNT), google.hand(STRANGER), [0]
    stranger.share(ACCOUNT, "reader")
    with ExitStack() as turn:

        def connect(token: Callable[[bool], str] = lambda _: google.token(ACCOUNT, SCOPES)) -> GoogleProvider:
            provider = provider_on(google, token)
            turn.callback(provider.close)
            return provider

        @contextmanager
        def outage() -> Iterator[None]:
            before[0] += len(google.asked)
            google.stop()
            try:
                yield
            finally:
                google.start()

        yield House(
            provider=connect(),
            calendar=CalendarId(ACCOUNT),
            make_other=lambda: CalendarId(phone.make_calendar("Sport ü")),
            forbidden=CalendarId(STRANGER),
            no_calendar=CalendarId("nobody@nowhere.example"),
            outside=GoogleHand(google),
            another=connect,
            refused=connect(lambda _: "expired"),
            outage=outage,
            requests=lambda: before[0] + len(google.asked),
            crowd=crowd,
            silent=False,
            cancelled_stands=False,
            tells_tentative=False,
            permanent=True,
        )


def provider_on(
    google: GoogleFake, token: Callable[[bool], str], pause: Callable[[timedelta], None] = lambda _: None
) -> GoogleProvider:
    """Connect the student's account."""
    allowed = frozenset({urlsplit(google.url).netloc})
    return GoogleProvider(
        google.api_endpoint, ACCOUNT, OWNER, session(TransportRules(allow=allowed)), token, pause=pause
    )


def google_of(manners: Manners | None = None, **more: Any) -> GoogleFake:
    """Return a Google with a student, a mentor and a stranger, not yet started."""
    people = [Person(ACCOUNT, "A Student"), Person(MENTOR, "A Mentor"), Person(STRANGER)]
    return GoogleFake(SystemClock(), people, manners=manners, **more)


def _body(name: str, entry: Entry) -> dict[str, Any]:
    zone = entry.zone or "UTC"
    body: dict[str, Any] = {
        "id": name,
        "summary": "Dentist",
        "start": _moment(entry.start, zone),
        "end": _moment(entry.end, zone),
        "transparency": "transparent" if entry.transparent else "opaque",
        "status": "tentative" if entry.status == "TENTATIVE" else "confirmed",
        "attendees": [_guest(address, answer) for address, answer in entry.answers.items()],
    }
    if entry.rule:
        body["recurrence"] = [f"RRULE:{entry.rule}", *map(_left_out, entry.without)]
    return body if named_by(name) else {**body, "iCalUID": entry.uid}


def _moment(when: datetime | date, zone: str) -> dict[str, str]:
    if isinstance(when, datetime):
        return {"dateTime": when.isoformat(), "timeZone": zone}
    return {"date": when.isoformat()}


def _name(entry: Entry) -> str:
    """Return an id: at Google it is one with the UID, and has few letters."""
    if entry.uid.startswith(OURS):
        return google_id(entry.uid)
    if entry.name is None or named_by(entry.name) is not None:
        return entry.name or google_id(entry.uid)
    return google_id(entry.name)


def _guest(address: str, answer: str) -> dict[str, str]:
    return {"email": ACCOUNT if address == STUDENT else address, "responseStatus": ANSWERS[answer]}


def _left_out(when: datetime) -> str:
    return f"EXDATE:{when:%Y%m%dT%H%M%SZ}"


def _instant(when: datetime | date) -> datetime:
    assert isinstance(when, datetime)
    return when
