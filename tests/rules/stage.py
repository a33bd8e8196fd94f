"""What the rows need of a school beyond its people: doubtful answers, an unsure clock, and the ways that were gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar, cast

from policy.facts import Act, Agreed, parse
from policy.life import State
from policy.session import advance, begin
from providers.base import Changes, Event, Receipt
from syncd.clock import MovableClock
from syncd.config.model import Poll
from syncd.house import House
from syncd.store.database import Database
from tests.providers.entries import Change, edited
from tests.syncd.engine.faults import Faults
from tests.syncd.engine.house import HOUR, MINUTE, Play

T = TypeVar("T")
SECOND = timedelta(seconds=1)
LOSSES = {"delete": Act.REMOVED, "decline": Act.DECLINED, "cancel": Act.CANCELLED}
"""How a student takes a session back: what their hand does, and what it means."""
Way = tuple[State, State]


class Calm(Play):
    """A school in which accounts are looked at rarely, deadlines or not: only due work is done."""

    def opened(self, db: Database) -> House:
        """Return the house with its rounds far apart."""
        house = super().opened(db)
        poll = Poll(every=self.every, near_deadline=min(HOUR, self.every))
        return replace(house, config=house.config.model_copy(update={"poll": poll}))


def act(play: Play, session: str, how: str = "delete") -> None:
    """Let the student take a session back."""
    {"delete": play.delete, "decline": play.decline, "cancel": play.cancel}[how](session)


def confirm(play: Play) -> None:
    """Look, and once more as soon as that confirms."""
    play.sync()
    play.after(31 * SECOND)


def settle(play: Play) -> None:
    """Look, confirm, and let the hold run out."""
    confirm(play)
    play.after(31 * MINUTE)


def writing(name: str, value: date) -> Change:
    """Return the change of one time of an event."""

    def write(event: Any) -> None:
        event.pop(name, None)
        event.add(name, value)

    return write


def edit(play: Play, session: str, change: Change) -> None:
    """Let the student's app write the event anew with a change."""
    url, calendar, ref = play.place(session)
    body = play.servers[url].body(calendar, ref).decode()
    play.servers[url].put(calendar, ref, edited(body, change).encode())


def ways(play: Play) -> set[Way]:
    """Return the ways that the sessions of a school have gone, told anew from their facts."""
    found: set[Way] = set()
    with play.house.db.read() as tx:
        for row in tx.sessions.all():
            facts = [parse(fact.body) for fact in tx.ledger.facts(row.id)]
            assert isinstance(facts[0], Agreed)
            session, _ = begin(facts[0])
            for fact in facts[1:]:
                before, (session, _) = session.state, advance(session, fact)
                if session.state is not before:
                    found.add((before, session.state))
    return found


# --- answers and clocks that are worth less --------------------------------------------

Receipts = Callable[[Receipt], Receipt]


class Doubtful(Faults):
    """Calls whose answers come with another receipt."""

    def __init__(self, inner: Faults, change: Receipts) -> None:
        super().__init__()
        self._inner, self._change = inner, change

    def call(self, name: str, act: Callable[[], T]) -> T:
        return cast("T", self._changed(self._inner.call(name, act)))

    def _changed(self, found: object) -> object:
        if isinstance(found, Event):
            return replace(found, receipt=self._change(found.receipt))
        if isinstance(found, Changes):
            items = tuple(
                replace(one, receipt=self._change(one.receipt)) if isinstance(one, Event) else one
                for one in found.items
            )
            return replace(found, items=items, receipt=self._change(found.receipt))
        return found


def answering(play: Play, change: Receipts) -> None:
    """Let every answer from now on come with another receipt."""
    play.doors.faults = Doubtful(play.faults, change)


def cached(receipt: Receipt) -> Receipt:
    """Return the receipt of an answer that a cache gave."""
    return replace(receipt, cached=True)


def undated(_receipt: Receipt) -> Receipt:
    """Return the receipt of a server that says no date."""
    return Receipt()


def as_it_is(receipt: Receipt) -> Receipt:
    """Return the receipt as it came."""
    return receipt


class UnsureClock(MovableClock):
    """A clock that nobody vouches for."""

    def disciplined(self) -> bool:
        """Tell that nobody does."""
        return False
