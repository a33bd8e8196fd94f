"""Whether the server's invite has turned up at the mentor's, found out by one round of their calendars.

Only after that is a copy of ours written: looking first is what keeps a session from
standing there twice.
"""

from __future__ import annotations

from policy.facts import Side
from providers.errors import ProviderError
from syncd import ailing, poll, route, work
from syncd.book import current, note_due, session_in
from syncd.house import House
from syncd.store.rows import Account, Health, Ticket
from syncd.store.tx import Tx


def search(house: House, ticket: Ticket) -> None:
    """Look for the server's invite, and give it up if it is nowhere.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    session_id, _ = work.of_side(ticket.key)
    with house.db.read() as tx:
        account = route.searched(tx, session_in(tx.sessions.get(session_id)))
    rounds = _rounds(house, account) if account and account.health is not Health.LOST else ()
    error = next((each.error for each in rounds if each.error is not None), None)
    with house.db.write() as tx:
        if account is None or not tx.accounts.get(account.id).grant:
            work.finish(tx, ticket, None)
            return
        person = tx.people.get(account.person_id)
        poll.write_others(house, tx, account, person, rounds)
        if error is not None or not rounds:
            _not_seen(tx, ticket, account, error)
            return
        copies = current(tx, session_id)
        session = session_in(tx.sessions.get(session_id))
        if not route.is_standing(copies.get(Side.MENTOR)) and Side.STUDENT in copies:
            route.give_up(tx, session, copies[Side.STUDENT])
        work.finish(tx, ticket, None)
        note_due(tx, session)


def _rounds(house: House, account: Account) -> tuple[poll.Round, ...]:
    with house.db.read() as tx:
        person = tx.people.get(account.person_id)
        known = [each for each in tx.calendars.with_known(account.id) if not each[0].times_only]
    with house.calling(account, person) as provider:
        return poll.look_at(house, provider, account, person, known)


def _not_seen(tx: Tx, ticket: Ticket, account: Account, error: ProviderError | None) -> None:
    if error is not None:
        ailing.note_refusal(tx, account, error)
    work.set_back(tx, ticket, "the mentor's calendars cannot be seen")
