"""Whether the rows are as they must be: what should never be found, each with what to do about it.

Nothing is written, and every question is asked in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import available_timezones

from policy.rules import shown
from syncd import brake, work
from syncd.cli.checks import Check, Level
from syncd.config import Config
from syncd.errors import Problem
from syncd.house import identity
from syncd.invariants import Breach, rows
from syncd.replay import Difference, Replayed, replay
from syncd.store.database import Database
from syncd.store.inquiry import Open, Stale, Waits
from syncd.vault import Vault

_PAGE = 500
_NAMED = 3
"""So many are named; the rest is counted."""
_SAMPLE = 200
"""Sessions that are folded anew, unless all are wanted."""
_OLD = timedelta(days=1)
_SLACK = timedelta(minutes=1)
"""A step may be written down this much later than the rules have it."""
_RESTART = "restart syncd: it writes down anew what must be done"
_RESTORE = "stop syncd, keep a copy of the database as it is, and restore the last good backup"


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked at."""

    config: Config
    db: Database
    vault: Vault | None
    """``None`` if the key is not there: the check of the key has said it."""
    start: str
    """From which session on a sample is taken."""
    everything: bool


Looked = Iterator[Check]


def integrity(case: Case) -> Looked:
    """Look whether the file itself is whole."""
    with case.db.read() as tx:
        broken = tx.inquiry.broken()
    if broken:
        yield Check("integrity", Level.FAIL, _some(broken, "damage"), _RESTORE)
    else:
        yield Check("integrity", Level.OK, "no page, index or reference is broken")


def time(case: Case) -> Looked:
    """Look whether the clock agrees with the database's own, and with what was written down before."""
    with case.db.read() as tx:
        server, newest, now = tx.inquiry.server_time(), tx.inquiry.newest(), tx.now
    bound = case.config.rules.clock_bound
    remedy = "set the clock right, then restart syncd; until then looks can be late"
    if server is not None and abs(server - now) > bound:
        said = f"the database's clock differs by {shown(_whole(abs(server - now)))}"
        yield Check("time", Level.FAIL, said, remedy)
    elif newest is not None and newest - now > bound:
        said = f"it went back: something was written down {shown(_whole(newest - now))} from now"
        yield Check("time", Level.FAIL, said, remedy)
    else:
        yield Check("time", Level.OK, "nothing was written down in the future")


def overlaps(case: Case) -> Looked:
    """Look whether anybody is booked twice at one time."""
    with case.db.read() as tx:
        pairs = tx.inquiry.overlaps(_PAGE)
        unguarded = tx.inquiry.unguarded(_PAGE)
    if pairs:
        named = [f"{one} and {other}" for one, other in pairs]
        remedy = "ask the two people, then: syncd session cancel ID --by school"
        yield Check("overlaps", Level.FAIL, f"booked twice at one time: {_some(named, 'pair')}", remedy)
    if unguarded:
        said = f"nothing refuses a second booking beside {_some(unguarded, 'session')}"
        yield Check("overlaps", Level.FAIL, said, _RESTORE)
    if not (pairs or unguarded):
        yield Check("overlaps", Level.OK, "nobody is booked twice at one time")


def steps(case: Case) -> Looked:
    """Look whether every live session has its next step written down, and not later than it is due."""
    missing, late, count = [], [], 0
    for each, now in _waiting(case):
        count += 1
        step = rows.due_by_itself(each, now)
        if step is None:
            continue
        if not each.rows:
            missing.append(each.id)
        elif _too_late(each, max(step.at, now)):
            late.append(each.id)
    if missing:
        yield Check("due work", Level.FAIL, f"nothing waits for {_some(missing, 'live session')}", _RESTART)
    if late:
        said = f"later than the rules have it: {_some(late, 'live session')}"
        yield Check("due work", Level.FAIL, said, _RESTART)
    if not (missing or late):
        yield Check("due work", Level.OK, f"each of {count} live sessions has its next step")


def _waiting(case: Case) -> Iterator[tuple[Waits, datetime]]:
    after = ""
    while True:
        with case.db.read() as tx:
            page, now = tx.inquiry.waiting((work.LOOK, work.TIME), after, _PAGE), tx.now
        if not page:
            return
        after = page[-1].id
        yield from ((each, now) for each in page)


def _too_late(each: Waits, at: datetime) -> bool:
    """Tell whether all work of a session waits past *at*; what failed backs off and may."""
    return all(row.due_at > at + _SLACK and not row.attempts and not row.lease_until for row in each.rows)


def promises(case: Case) -> Looked:
    """Look whether every forfeit is proven, and every event stands once, in its owner's calendar, and is told of."""
    found, count, after, now_open = list[Breach](), 0, "", 0
    while True:
        with case.db.read() as tx:
            part, now_open = rows.page(tx, after), len(tx.incidents.open(brake.BREACH))
            found += rows.promised(tx, part) if part else ()
        if part is None:
            break
        after, count = part.last, count + len(part.chapters)
    remedy = "show it to whoever looks after syncd, decide nothing; then see: syncd incidents"
    if found:
        yield Check("promises", Level.FAIL, _some([str(one) for one in found], "breach", "breaches"), remedy)
    elif now_open:
        yield Check(
            "promises", Level.FAIL, f"{now_open} that were found broken wait for you", "syncd incidents"
        )
    else:
        yield Check("promises", Level.OK, f"none is broken in {count} sessions")


def intents(case: Case) -> Looked:
    """Look whether every write that left is followed up."""
    with case.db.read() as tx:
        old = rows.unfollowed(tx)
        lost = [one.session_id for one in old if one.row is None or _untouched(one, tx.now)]
    if lost:
        said = f"left more than a day ago and never followed up: writes of {_some(lost, 'session')}"
        yield Check("writes", Level.FAIL, said, _RESTART)
    elif old:
        named = _some([one.session_id for one in old], "session")
        remedy = "see: syncd status; a calendar may refuse what is written to it"
        yield Check("writes", Level.WARN, f"unconfirmed for more than a day: writes of {named}", remedy)
    else:
        yield Check("writes", Level.OK, "none is unconfirmed for more than a day")


def _untouched(one: Open, now: datetime) -> bool:
    return one.row is not None and not one.row.attempts and one.row.due_at < now - _OLD


def leases(case: Case) -> Looked:
    """Look whether work is held for longer than anybody may hold it."""
    with case.db.read() as tx:
        # Where the database has a clock of its own, it is the clock of the leases.
        held = tx.inquiry.leased((tx.inquiry.server_time() or tx.now) + work.LEASE + _SLACK)
    if held:
        named = _some([f"{row.kind} {row.key}" for row in held], "piece of work", "pieces of work")
        remedy = "the clock was wrong once: see that it is right, then restart syncd"
        yield Check("leases", Level.FAIL, f"nobody can take up {named} for long", remedy)
    else:
        yield Check("leases", Level.OK, "nothing is held for too long")


def ledger(case: Case) -> Looked:
    """Look whether sessions and verdicts follow from the ledger: a sample, or all."""
    count, wrong = 0, list[Difference]()
    for each in _replayed(case):
        count += 1
        wrong += each.differences[: _NAMED - len(wrong)]
    which = "every one" if case.everything else "a sample"
    if wrong:
        said = "; ".join(f"session {one.session}: {one.what}" for one in wrong)
        remedy = "all of it: syncd replay --check; then show it to whoever looks after syncd, decide nothing"
        yield Check("ledger", Level.FAIL, f"the book differs from it: {said}", remedy)
    else:
        yield Check("ledger", Level.OK, f"{count} sessions follow from it ({which})")


def _replayed(case: Case) -> Iterator[Replayed]:
    if case.everything:
        yield from replay(case.db)
        return
    first = list(replay(case.db, case.start, _SAMPLE))
    yield from first
    seen = {each.session for each in first}
    if len(first) < _SAMPLE:
        yield from (each for each in replay(case.db, limit=_SAMPLE - len(first)) if each.session not in seen)


def sight(case: Case) -> Looked:
    """Look whether every calendar was verified lately."""
    with case.db.read() as tx:
        old = tx.inquiry.stale(tx.now - case.config.poll.stale_after)
        now = tx.now
    if old:
        named = _some([_calendar(one, now) for one in old], "calendar")
        said = f"not seen for {shown(case.config.poll.stale_after)}: {named}"
        remedy = "see that the daemon runs (syncd run), and: syncd status"
        yield Check("sight", Level.WARN, said, remedy)
    else:
        yield Check("sight", Level.OK, f"every calendar within {shown(case.config.poll.stale_after)}")


def _calendar(one: Stale, now: datetime) -> str:
    ago = f"{shown(_whole(now - one.verified_at))} ago" if one.verified_at else "never"
    return f"'{one.name}' of {one.email} ({ago})"


def zones(case: Case) -> Looked:
    """Look whether every zone that somebody lives by is known here."""
    with case.db.read() as tx:
        found = tx.inquiry.zones()
    unknown = sorted(found.keys() - available_timezones())
    if unknown:
        people = sum(found[zone] for zone in unknown)
        said = f"unknown here: {_some(unknown, 'zone')}, by which {people} of the school live"
        yield Check("zones", Level.FAIL, said, "bring the package tzdata up to date")
    else:
        yield Check("zones", Level.OK, f"{len(found)} in use, all known")


def grants(case: Case) -> Looked:
    """Look whether the key opens the secret of every connected account."""
    if case.vault is None:
        return
    shut, count, after = list[str](), 0, 0
    while True:
        with case.db.read() as tx:
            page = tx.inquiry.grants(after, _PAGE)
        if not page:
            break
        after, count = page[-1].id, count + len(page)
        for one in page:
            try:
                case.vault.open(one.grant, identity(one.id, one.person_id))
            except Problem:
                shut.append(str(one.id))
    if shut:
        said = f"the key does not open {_some(shut, 'account')}"
        remedy = "put the key back that sealed it, or connect the account again (syncd connect)"
        yield Check("secrets", Level.FAIL, said, remedy)
    else:
        yield Check("secrets", Level.OK, f"the key opens {count} accounts")


ALL: Sequence[Callable[[Case], Iterator[Check]]] = (
    integrity,
    time,
    grants,
    overlaps,
    steps,
    promises,
    intents,
    leases,
    ledger,
    sight,
    zones,
)
"""Every question, the gravest first."""


def _some(names: Sequence[str], one: str, many: str = "") -> str:
    """Return how many there are and the first few of them."""
    count = f"{len(names)} {one if len(names) == 1 else many or f'{one}s'}"
    rest = ", ..." if len(names) > _NAMED else ""
    return f"{count} ({', '.join(islice(names, _NAMED))}{rest})"


def _whole(length: timedelta) -> timedelta:
    return timedelta(seconds=int(length.total_seconds()))
