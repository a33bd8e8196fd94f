"""Work that does as it is told, and a runner that is stopped whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from syncd import work
from syncd.engine.runner import ThreadRunner
from syncd.engine.runs import Handler
from syncd.house import House
from syncd.store.rows import PersonId, Role, Ticket
from tests.syncd.engine.house import Play

GUARD = 30.0
"""Seconds after which a test hangs, on the busiest machine."""
GRACE = timedelta(seconds=GUARD)
KINDS = (work.LOOK, work.TIME, work.WRITE, work.SYNC)


@dataclass
class Stage:
    """A handler for every kind; what is held stays on it until it is let go."""

    hold: bool = False
    change: threading.Condition = field(default_factory=threading.Condition)
    started: list[Ticket] = field(default_factory=list)
    running: list[Ticket] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    houses: list[House] = field(default_factory=list)
    clashes: int = 0
    free: set[str] = field(default_factory=set)
    act: Callable[[House, Ticket], None] | None = None
    """What is done instead of only ending the ticket."""

    def __call__(self, house: House, ticket: Ticket) -> None:
        with self.change:
            self.clashes += ticket.excl is not None and ticket.excl in {one.excl for one in self.running}
            self.started.append(ticket)
            self.running.append(ticket)
            self.houses.append(house)
            self.change.notify_all()
            self.change.wait_for(lambda: not self.hold or ticket.key in self.free, 2 * GUARD)
        try:
            (self.act or finish)(house, ticket)
        finally:
            with self.change:
                self.running.remove(ticket)
                self.done.append(ticket.key)
                self.change.notify_all()

    def let_go(self, *keys: str) -> None:
        """Let these go on, or everything from now on."""
        with self.change:
            self.free.update(keys)
            self.hold = self.hold and bool(keys)
            self.change.notify_all()

    def sees(self, what: Callable[[], bool]) -> None:
        """Wait until *what* holds."""
        with self.change:
            assert self.change.wait_for(what, GUARD), "it never came"

    def kinds(self) -> list[str]:
        """Return the kinds of what runs now."""
        return sorted(ticket.kind for ticket in self.running)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Return it as the handler of every kind."""
        return dict.fromkeys(KINDS, self)


def finish(house: House, ticket: Ticket) -> None:
    """End the ticket for good."""
    with house.db.write() as tx:
        work.finish(tx, ticket, None)


@contextmanager
def runner(
    play: Play, handlers: Mapping[str, Handler], workers: int = 4, per_host: int = 4
) -> Iterator[ThreadRunner]:
    """Run while the block lasts."""
    one = ThreadRunner(play.house, handlers, workers=workers, per_host=per_host)
    one.start()
    try:
        yield one
    finally:
        one.stop(GRACE)


@contextmanager
def staged(play: Play, stage: Stage, workers: int = 4, per_host: int = 4) -> Iterator[ThreadRunner]:
    """Run what is on *stage* while the block lasts; what it holds is let go at the end."""
    with runner(play, stage.handlers, workers, per_host) as one:
        try:
            yield one
        finally:
            stage.let_go()


def eventually(what: Callable[[], bool]) -> None:
    """Wait until *what* holds, where nobody tells of it."""
    pause = threading.Event()
    for _ in range(int(GUARD / 0.005)):
        if what():
            return
        pause.wait(0.005)
    raise AssertionError("it never came")


def want(play: Play, kind: str, *keys: str, excl: str | None = None) -> None:
    """Ask for work now; a round excludes by its key."""
    with play.db.write() as tx:
        for key in keys:
            account = key if kind == work.SYNC and excl is None else excl
            tx.due.want(kind, key, at=tx.now, prio=work.PRIO[kind], excl=account)


def accounts_on(play: Play, host: str, count: int) -> list[str]:
    """Bring in accounts on *host*, and return their keys."""
    with play.db.write() as tx:
        person = tx.people.add(f"someone@{host}", "Someone", Role.STUDENT, "UTC")
        url = f"https://{host}/"
        made = [tx.accounts.add(PersonId(person.id), "memory", url, f"u{n}", b"", 0) for n in range(count)]
    return [work.account_key(account.id) for account in made]
