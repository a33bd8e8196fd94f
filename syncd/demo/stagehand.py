"""What the story needs behind the scenes: the clock, people's hands, and what is expected of syncd."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import count
from textwrap import fill

from policy.facts import Side
from policy.life import Session, State
from policy.notice import Outcome
from syncd import work
from syncd.book import session_in
from syncd.clock import MovableClock
from syncd.demo.home import Home, Seen
from syncd.demo.people import MONDAY, Person
from syncd.demo.school import ZONE
from syncd.demo.terminal import Stage
from syncd.demo.town import Town
from syncd.engine.drain import Drain
from syncd.errors import Problem
from syncd.house import House
from syncd.sessions import person_called, row_of
from syncd.sync import HANDLERS, PATIENCE, sync_now

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WITHOUT_POLLS = (work.LOOK, work.TIME, work.WRITE)
_LINE = 79
_ID_BYTES = 5  # 8 letters: short enough to be read aloud


class WrongEnding(Problem):
    """The story did not go as it must: syncd did something else than it should."""


def when(text: str) -> datetime:
    """Return a time of the story's week, such as ``Tue 16:02``, as an instant."""
    day, _, clock = text.partition(" ")
    return datetime.combine(MONDAY + timedelta(days=_DAYS.index(day)), time.fromisoformat(clock), ZONE)


def ids() -> Callable[[], str]:
    """Return a source of ids that look like real ones and are the same every time."""
    numbers = count(1)
    return lambda: b32encode(sha256(f"story {next(numbers)}".encode()).digest()[:_ID_BYTES]).decode().lower()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session of the story."""

    key: str
    """What the story calls it."""
    student: str
    mentor: str
    start: datetime
    state: State
    """How it must end."""
    outcome: Outcome | None
    """The verdict it must end with."""
    ended: str
    """The same in words."""


@dataclass(frozen=True, slots=True)
class Play:
    """A school whose clock can be moved, with everybody in it."""

    stage: Stage
    clock: MovableClock
    house: House
    town: Town
    cast: Mapping[str, Person]
    """By user name."""
    ids: dict[str, str] = field(default_factory=dict)
    """Sessions by what the story calls them."""

    def until(self, moment: datetime) -> None:
        """Let time pass, with every look and every write made at the very instant at which it is due."""
        Drain(self.house, HANDLERS).run({}, _WITHOUT_POLLS, lambda: self._next(moment), PATIENCE)
        self.clock.move(moment)

    def poll(self, moment: datetime, *users: str) -> None:
        """Let time pass, then have syncd look at the calendars of *users*, as it does every few minutes."""
        self.until(moment)
        for user in users:
            with self.house.db.read() as tx:
                person = person_called(tx, self.cast[user].email)
            sync_now(self.house, person.id, soon=timedelta(0))

    def _next(self, moment: datetime) -> datetime | None:
        with self.house.db.read() as tx:
            coming = [row.due_at for row in tx.due.all(_WITHOUT_POLLS) if row.attempts == 0]
            return min((at for at in coming if tx.now < at <= moment), default=None)

    # --- people's own hands ----------------------------------------------------------

    def home(self, user: str) -> Home:
        """Return the calendars of somebody, where their own hands act."""
        return self.town.home(user)

    def event(self, meeting: Meeting, side: Side) -> str:
        """Return the address of the event of *meeting* in the calendar on *side*.

        :raises WrongEnding: if it does not stand there.
        """
        self.expect_event(meeting, side, stands=True)
        return self.standing(meeting, side)[0].url

    def standing(self, meeting: Meeting, side: Side) -> tuple[Seen, ...]:
        """Ask the server itself for the events of *meeting* in the calendars on *side*."""
        user = meeting.student if side is Side.STUDENT else meeting.mentor
        return tuple(one for one in self.town.events(user, self.ids[meeting.key]) if not one.cancelled)

    def delivered(self, meeting: Meeting) -> bool:
        """Tell whether the mentor's event is brought there by the student's own server."""
        return self.town.delivers(meeting.student, meeting.mentor)

    def decline(self, meeting: Meeting) -> None:
        """Decline *meeting* in the mentor's calendar, as with a finger.

        :raises WrongEnding: if it does not stand there.
        """
        self.home(meeting.mentor).decline(self.event(meeting, Side.MENTOR))

    def drag(self, meeting: Meeting, by: timedelta) -> None:
        """Move the event of *meeting* in the student's calendar, as with a finger."""
        self.home(meeting.student).drag(self.event(meeting, Side.STUDENT), by)

    # --- what is expected ------------------------------------------------------------

    def session(self, meeting: Meeting) -> Session:
        """Return what syncd has in its book of *meeting*."""
        with self.house.db.read() as tx:
            return session_in(row_of(tx, self.ids[meeting.key]))

    def expect(self, meeting: Meeting, state: State, outcome: Outcome | None = None) -> Session:
        """Return the session, which must be in *state* and have the verdict *outcome*, without doubt.

        :raises WrongEnding: if it is otherwise.
        """
        found = self.session(meeting)
        verdict = found.verdict
        came = f"{found.state}, {_said(verdict.outcome if verdict else None)}"
        if verdict and verdict.doubt:
            came += f" with doubt ({verdict.doubt})"
        self.demand(meeting, f"{state}, {_said(outcome)}", came)
        return found

    def expect_event(self, meeting: Meeting, side: Side, *, stands: bool) -> None:
        """Look at the server itself for the event of *meeting*: once, or not at all.

        :raises WrongEnding: if it is not as it must be.
        """
        where = f"in the {side}'s calendar"
        words = {1: f"the event {where}", 0: f"no event {where}"}
        count = len(self.standing(meeting, side))
        self.demand(meeting, words[stands], words.get(count, f"{count} events {where}"))

    def demand(self, meeting: Meeting, expected: str, came: str) -> None:
        """Stop the story unless what *came* is what was *expected*.

        :raises WrongEnding: if it is not.
        """
        if came != expected:
            who = f"{self.cast[meeting.student].name} with {self.cast[meeting.mentor].name}"
            raise WrongEnding(
                f"session {self.ids[meeting.key]} ({who}): expected {expected}; came {came}; "
                "this is an error in syncd: show it to whoever looks after it"
            )

    def chapter(self, title: str, *below: str) -> None:
        """Open a chapter, with paragraphs below its title."""
        self.stage.title(title, "\n\n".join(fill(one, _LINE) for one in below))

    def tell(self, step: str, what: str, meeting: Meeting | None = None) -> None:
        """Tell one step; the verdict is the one in syncd's book, told once it is there."""
        if meeting is None:
            self.stage.step(step, what)
            return
        verdict = self.session(meeting).verdict
        self.stage.step(step, what, self.ids[meeting.key], verdict.outcome.value if verdict else None)


def _said(outcome: Outcome | None) -> str:
    return "no verdict" if outcome is None else f"verdict {outcome}"
