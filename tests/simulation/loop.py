"""One play from its beginning to its end: the program's turns and the world's, in one thread."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy import Integer, bindparam, column, select

from policy.life import ENDED
from syncd import jumps
from syncd.engine.runs import Attempt
from syncd.invariants.rows import broken, page
from syncd.store.errors import StoreError
from syncd.store.tables import facts
from tests.simulation.oracle import Wrong
from tests.simulation.school import Killed, School
from tests.simulation.weather import DAY, HOUR, SECOND, Kind

_PAUSE = 20 * SECOND
"""How long the program waits for a database that cannot be used."""
_TAIL = 3 * DAY
"""How long after the last session the program goes on at most, until it has ended all."""
_MOST = 100
"""So many requests an hour may be sent for each person."""
_WIRED = 4
"""So many times as many if they speak CalDAV: one question may take several requests."""
_LEAST = timedelta(milliseconds=200)
_TICK = SECOND
"""What a runner says that knows of nothing to come."""


_NEWS = select(column("rowid", Integer).label("number"), facts.c.session_id).where(
    column("rowid", Integer) > bindparam("last")
)
"""Facts in the order in which SQLite got them."""


class Play:
    """One school, played."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.turns = 0
        self.starts = 0
        self.broken: list[Wrong] = []
        """Invariants that did not hold after a turn."""
        self._since = school.true.now
        self._before = 0
        self._storms = False
        self._last = 0
        """The number of the last fact that was checked."""

    def run(self) -> None:
        """Play it to its end."""
        school = self.school
        self.go_on(school.plan.end)
        last = school.plan.end + _TAIL
        while school.true.now < last and not self._storms and self._unended():
            self._step(last)

    def go_on(self, until: datetime) -> None:
        """Play until *until*."""
        while self.school.true.now < until and not self._storms:
            self._step(until)

    def _watch(self) -> None:
        """Count the requests of each hour: whoever asks a server without a pause would never end."""
        school = self.school
        sent = school.wire.requests - self._before
        if sent > _MOST * (_WIRED if school.plan.wired else 1) * len(school.homes):
            what = f"{sent} requests from {self._since} to {school.true.now}"
            self.broken.append(Wrong(school.plan.seed, -1, "storm", what))
            self._storms = True
        if school.true.now - self._since >= HOUR:
            self._since, self._before = school.true.now, school.wire.requests

    def _unended(self) -> bool:
        with self.school.db.read() as tx:
            return any(row.state not in ENDED for row in tx.sessions.all())

    def _step(self, end: datetime) -> None:
        school = self.school
        try:
            self._guarded(end)
        except Killed:
            self._revive()
        except StoreError:
            school.happen(school.true.now + _PAUSE)

    def _guarded(self, end: datetime) -> None:
        school = self.school
        now = school.true.now
        if school.weather.now(Kind.DOWN, now):
            school.db.dead = True
            raise Killed
        if school.weather.now(Kind.KILL, now):
            school.db.doomed = True
        for deed in school.due_commands():
            school.done.append((deed, school.command(deed)))
            if school.db.dead:
                raise Killed
        wait = school.runner.turn()
        self.turns += 1
        self._watch()
        if school.db.dead:
            raise Killed
        if school.db.told:
            self._check()
        for step in school.clock.steps():
            jumps.note(school.house, step)
            wait = timedelta(0)
        self._rest(wait, end)

    def _check(self) -> None:
        """Ask of each session about which there is a new fact what must hold whatever has happened."""
        self.school.db.told = False
        with self.school.db.read() as tx:
            rows = tx.ledger._link.rows(_NEWS, {"last": self._last})
            self._last = max((row.number for row in rows), default=self._last)
            for each in sorted({row.session_id for row in rows}):
                one = page(tx, _before(each), 1)
                assert one is not None
                assert one.last == each
                found = (
                    Wrong(self.school.plan.seed, -1, it.rule, f"{each}: {it.what}") for it in broken(tx, one)
                )
                self.broken += found

    def _rest(self, wait: timedelta, end: datetime) -> None:
        """Let time pass until the program or the world has something to do."""
        school = self.school
        if wait <= timedelta(0):
            school.happen(school.true.now + _LEAST)
            return
        until = min(school.true.now + (self._idle() if wait == _TICK else wait), end)
        coming = school.next_world()
        if coming is not None:
            until = min(until, max(coming, school.true.now + _LEAST))
        edge = school.weather.edge(school.true.now)
        school.happen(until if edge is None else min(until, edge))

    def _idle(self) -> timedelta:
        """Return how long the book has nothing to do, where the runner only says that it looks again soon."""
        with self.school.db.read() as tx:
            at = tx.due.next_due()
            return HOUR if at is None else max(at - tx.now, _LEAST)

    def _revive(self) -> None:
        """Start the program anew once it may run."""
        school = self.school
        while down := school.weather.now(Kind.DOWN, school.true.now):
            school.happen(down.until)
        school.happen(school.true.now + 5 * SECOND)
        self.starts += 1
        school.db.dead = False
        while True:
            with Attempt() as attempt:
                school.start()
            if attempt.error is None:
                return
            if not isinstance(attempt.error, StoreError | Killed):
                raise attempt.error
            school.happen(school.true.now + _PAUSE)


def _before(id_: str) -> str:
    """Return what comes before *id_* and after every other id."""
    return f"{id_[:-1]}{chr(ord(id_[-1]) - 1)}~"


def trace(school: School) -> str:
    """Return a digest of all that happened: every change in every calendar, every fact, every verdict."""
    digest = blake2b(digest_size=12)
    for url, place in sorted(school.places.items()):
        for id_, shelf in sorted(place.shelves.items()):
            digest.update(f"{url} {id_} {shelf.log!r}".encode())
    with school.db.read() as tx:
        for row in tx.sessions.all():
            facts = [(fact.seq, fact.kind, fact.body) for fact in tx.ledger.facts(row.id)]
            digest.update(f"{row.id} {row.state} {facts!r}".encode())
        digest.update(repr([(row.kind, row.session_id) for row in tx.feed.after(0)]).encode())
    return digest.hexdigest()
