"""What a visitor of the open demo can do as one of its people, over HTTP as with a calendar app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

from policy.facts import Side
from syncd.demo.hand import Hand, Stored
from syncd.errors import Problem
from syncd.house import GOOGLE, House, identity
from syncd.sessions import row_of
from syncd.store.rows import Account, Person


class Fingers(Protocol):
    """What somebody can do in the calendars of one account."""

    def find(self, calendar: str, uid: str) -> tuple[Stored, ...]:
        """Return the events in a calendar whose UID begins with *uid*."""

    def decline(self, event: Stored, address: str) -> None:
        """Answer an invitation with no."""

    def delete(self, url: str) -> None:
        """Delete an event."""


@dataclass(frozen=True, slots=True)
class _Place:
    """An event of a session in somebody's calendar."""

    fingers: Fingers
    event: Stored
    calendar: str


def decline(house: House, session_id: str) -> str:
    """Decline a session in its mentor's own calendar; return what was done.

    :raises Problem: if there is no such session, or it does not stand there.
    :raises Refused: if the server does not take the answer.
    """
    mentor, place = _standing(house, session_id, Side.MENTOR)
    place.fingers.decline(place.event, mentor.email)
    return f"{mentor.name} has declined session {session_id}, in the calendar {place.calendar}."


def delete(house: House, session_id: str) -> str:
    """Delete a session in its student's own calendar; return what was done.

    :raises Problem: if there is no such session, or it does not stand there.
    :raises Refused: if the server does not take the deletion.
    """
    student, place = _standing(house, session_id, Side.STUDENT)
    place.fingers.delete(place.event.url)
    return f"{student.name} has deleted session {session_id}, in the calendar {place.calendar}."


def _standing(house: House, session_id: str, side: Side) -> tuple[Person, _Place]:
    with house.db.read() as tx:
        session = row_of(tx, session_id)
        person = tx.people.get(session.mentor_id if side is Side.MENTOR else session.student_id)
    for place in _places(house, person, f"syncd-{session_id}-"):
        return person, place
    raise Problem(
        f"session {session_id} does not stand in a calendar of {person.name}; see: syncd session show {session_id}"
    )


def _places(house: House, person: Person, uid: str) -> Iterator[_Place]:
    with house.db.read() as tx:
        accounts = [(one, tx.calendars.of_account(one.id)) for one in tx.accounts.of(person.id)]
    for account, calendars in accounts:
        fingers, address = _fingers(house, account, person)
        for calendar in calendars:
            for event in fingers.find(address(calendar.remote), uid):
                if not event.cancelled:
                    yield _Place(fingers, event, calendar.name)


def _fingers(house: House, account: Account, person: Person) -> tuple[Fingers, Callable[[str], str]]:
    """Return what acts in the calendars of an account, and what makes addresses of their names."""
    secret = house.vault.open(account.grant, identity(account.id, person.id)).decode()
    if account.provider == GOOGLE:
        from syncd.demo.google_fingers import GoogleFingers  # noqa: PLC0415 - only some demos have it

        google = GoogleFingers.of(house.config, account, secret)
        return google, google.calendar
    return Hand(account.url, account.username, secret), lambda remote: urljoin(account.url, remote)
