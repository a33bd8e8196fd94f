"""What a visitor of the open demo can do as one of its people, over HTTP as with a calendar app."""

from __future__ import annotations

from urllib.parse import urljoin

from syncd.demo.hand import Hand
from syncd.errors import Problem
from syncd.house import House, identity
from syncd.sessions import row_of
from syncd.store.rows import Account, Calendar, Person


def decline(house: House, session_id: str) -> str:
    """Decline a session in its mentor's own calendar; return what was done.

    :raises Problem: if there is no such session, or it does not stand there.
    :raises Refused: if the server does not take the answer.
    """
    with house.db.read() as tx:
        mentor = tx.people.get(row_of(tx, session_id).mentor_id)
        accounts = [(one, tx.calendars.of_account(one.id)) for one in tx.accounts.of(mentor.id)]
    for account, calendars in accounts:
        hand = _hand(house, account, mentor)
        for calendar in calendars:
            for event in hand.find(_address(account, calendar), f"syncd-{session_id}-"):
                if not event.cancelled:
                    hand.decline(event, mentor.email)
                    return (
                        f"{mentor.name} has declined session {session_id}, in the calendar {calendar.name}."
                    )
    raise Problem(
        f"session {session_id} does not stand in a calendar of {mentor.name}; see: syncd session show {session_id}"
    )


def _hand(house: House, account: Account, person: Person) -> Hand:
    secret = house.vault.open(account.grant, identity(account.id, person.id)).decode()
    return Hand(account.url, account.username, secret)


def _address(account: Account, calendar: Calendar) -> str:
    return urljoin(account.url, calendar.remote)
