"""What a visitor of the open demo reads: who is there, where, and five things to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote

from syncd.demo.open_day import Booked, Command, Member, OpenDay
from syncd.demo.school import ZONE

_LAG = timedelta(minutes=5)
"""So long after a deadline it is certain that syncd has looked."""
_HOLD = "45m"
"""Longer than an act can be undone."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to try: what it shows, and the lines to be pasted for it."""

    what: str
    lines: tuple[str, ...]


def trials(school: OpenDay) -> Iterator[Trial]:
    """Yield the five things to try, in the order in which they are tried."""
    members = {member.email: member for member in school.people}
    in_time, late, declined = school.sessions
    wait = f"syncd demo move {_HOLD}"
    yield Trial(
        f"Arjun deletes {_day(in_time.start)}'s session: TIMELY, and Miriam is free again",
        (*_deletion(members[in_time.student], in_time), wait),
    )
    yield Trial(
        f"Lena's deadline passes, {_time(late.deadline)}: syncd looks, and has proof",
        (f"syncd demo move --to {late.deadline + _LAG:%Y-%m-%dT%H:%MZ}",),
    )
    yield Trial(
        "Only now she deletes it: FORFEIT, as half an hour later it is not put back",
        (*_deletion(members[late.student], late), wait),
    )
    yield Trial("Why? The evidence and the arithmetic", (f"syncd explain {late.id}",))
    yield Trial(
        f"Jonas declines {_day(declined.start)}'s session in his calendar: Chloé is owed it",
        (f"syncd demo decline {declined.id} && {wait}",),
    )


def _deletion(member: Member, session: Booked) -> tuple[str, ...]:
    if member.google:
        return (f"syncd demo delete {session.id}",)
    secret = quote(f"{member.user}:{member.password}")
    return f"curl -fsS -o /dev/null -X DELETE -u {secret} \\", f"  {session.student_event}"


def commands(school: OpenDay) -> tuple[Command, ...]:
    """Return the same for a program: each on one line, whatever the environment."""
    syncd = f"syncd --config {quote(school.config)} "
    return tuple(
        Command(trial.what, " ".join(line.strip(" \\") for line in part).replace("syncd ", syncd))
        for trial in trials(school)
        for part in _parts(trial)
    )


def _parts(trial: Trial) -> Iterator[tuple[str, ...]]:
    """Yield the lines of each command of *trial*."""
    part: tuple[str, ...] = ()
    for line in trial.lines:
        part = (*part, line)
        if not line.endswith("\\"):
            yield part
            part = ()


_BY_HAND = {
    "student": "with Google; by hand: syncd demo delete ID",
    "mentor": "with Google; by hand: syncd demo decline ID",
}


def guide(school: OpenDay) -> Iterator[str]:
    """Yield the guide line by line; what is to be pasted stands four columns in."""
    yield "A school is open, and syncd is at work in it, until you press Ctrl-C."
    yield f"Its clock says {_time(school.at)} in Berlin. Any calendar app can join (CalDAV):"
    width = max(len(member.name) for member in school.people)
    for member in school.people:
        who = f"{member.name:<{width}}  {member.role:<7}"
        where = f"{member.server}  {member.user} / {member.password}"
        yield f"  {who}  {_BY_HAND[member.role] if member.google else where}"
    yield ""
    yield "Or try it in another terminal. The clock jumps when you tell it to."
    yield f"    export SYNCD_CONFIG={quote(school.config)}"
    for number, trial in enumerate(trials(school), 1):
        yield f"{number}. {trial.what}"
        yield from (f"    {line}" for line in trial.lines)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%a %d %b %H:%M}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%A}"
