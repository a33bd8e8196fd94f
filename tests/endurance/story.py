"""A busy day at the school: sessions are agreed all the time, and people do what people do."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from policy.facts import Actor, Side
from policy.life import State
from providers.base import CalendarId, EventRef
from syncd import sessions
from syncd.book import current
from syncd.errors import Problem
from syncd.store.errors import StoreBusy
from syncd.store.rows import SessionId
from tests.endurance.deeds import REMOVALS, WORDS, Deed, Fate, Record
from tests.endurance.ground import Ground
from tests.endurance.hands import IN_VAIN, Hand
from tests.endurance.places import LESSONS, LIFE, Somebody
from tests.providers.entries import Entry

MARGIN = timedelta(seconds=2)
"""Nobody acts nearer to a deadline than this: the truth is to be beyond doubt."""
UNDO = timedelta(milliseconds=600)
"""After so long a second thought follows the first."""
_BEFORE_START = timedelta(seconds=5)
_AGAIN = timedelta(milliseconds=400)
_FAR = timedelta(hours=3)
_LENGTH = timedelta(seconds=3)
_BEAT = 0.25
_PATIENCE = 120.0
"""Seconds for what is still planned when nothing new is agreed any more."""

_CHANCES: Mapping[Fate, int] = {
    Fate.NOTHING: 12,
    Fate.DELETED: 34,
    Fate.DECLINED: 8,
    Fate.MARKED: 4,
    Fate.MOVED: 10,
    Fate.MOVED_BACK: 6,
    Fate.MOVED_DELETED: 6,
    Fate.RESTORED: 8,
    Fate.RETITLED: 4,
    Fate.CARRIED: 6,
    Fate.MENTOR_DELETED: 8,
    Fate.SAID: 4,
    Fate.MENTOR_SAID: 1,
    Fate.SCHOOL_SAID: 1,
}
_EITHER = REMOVALS | {
    *(Fate.MOVED, Fate.MOVED_DELETED, Fate.RESTORED, Fate.SAID, Fate.RETITLED, Fate.CARRIED),
    Fate.MENTOR_DELETED,
}
"""What happens on both sides of the deadline."""


@dataclass(frozen=True, slots=True)
class Innocent:
    """An event that is nobody's business."""

    hand: Hand
    calendar: CalendarId
    ref: EventRef
    seen: object
    """What its owner saw of it from the beginning."""

    @property
    def touched(self) -> bool:
        """Whether anybody has changed it."""
        return self.hand.look(self.calendar, self.ref) != self.seen


@dataclass
class Story:
    """All that happens, by one seed."""

    ground: Ground
    seed: int
    live: int = 18
    slow: float = 1.0
    """How much more time everything is given."""
    records: list[Record] = field(default_factory=list)
    innocents: list[Innocent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)  # noqa: S311 - a story is no secret
        self._coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._clock = self.ground.house.clock

    def begin(self) -> None:
        """Put into each calendar what is nobody's business."""
        for one in self.ground.everybody:
            for title in one.calendars:
                self._innocent(one, title, f"dentist-{title}")

    def run(self, over: Callable[[], bool]) -> None:
        """Let people live until it is *over*, and then until nothing is planned any more.

        What is far away and does not come to stand is not waited for for ever.
        """
        end: float | None = None
        while end is None or (self._coming and time.monotonic() < end):
            if end is None and over():
                end = time.monotonic() + _PATIENCE * self.slow
            if end is None:
                self._agree()
            self._act()
            time.sleep(_BEAT)

    def _act(self) -> None:
        while self._coming and self._coming[0][0] <= self._clock.now():
            _, _, act = heapq.heappop(self._coming)
            with suppress(StoreBusy):
                act()

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (moment, next(self._order), act))

    # --- agreements ------------------------------------------------------------------

    def _agree(self) -> None:
        now = self._clock.now()
        if sum(record.start > now for record in self.records if not record.far) >= self.live:
            return
        far = self._chance.random() < 0.1
        student, mentor = self._chance.choice(self.ground.students), self._chance.choice(self.ground.mentors)
        lead = timedelta(seconds=round(self._chance.randint(*self.ground.pace.lead) * self.slow))
        start = datetime.fromtimestamp(math.ceil(now.timestamp()), UTC) + lead
        if far:
            start += _FAR + len(self.records) * 2 * _LENGTH
        fate = self._chance.choices(list(_CHANCES), list(_CHANCES.values()))[0]
        late = not far and fate in _EITHER and self._chance.random() < 0.5
        if self._chance.random() < 0.1:
            self._innocent(student, LESSONS, f"party-{len(self.innocents)}")
        try:
            made, _ = sessions.agree(
                self.ground.house, student.person.email, mentor.person.email, start, _LENGTH, None
            )
        except (Problem, StoreBusy):
            return  # one of the two has another session then, or the book is being written
        record = Record(made.id, start, fate, late, far)
        self.records.append(record)
        if fate is not Fate.NOTHING:
            self._at(self._moment(record, now), lambda: self._try(record))

    def _moment(self, record: Record, now: datetime) -> datetime:
        deadline = record.start - timedelta(seconds=self.ground.pace.notice)
        if record.late:
            first, last = deadline + MARGIN, record.start - _BEFORE_START
        elif record.far:
            first, last = now + MARGIN, now + timedelta(seconds=self.ground.pace.lead[0])
        else:
            first, last = now + MARGIN, deadline - MARGIN
        return first + self._chance.random() * max(last - first, timedelta(0))

    # --- acts ------------------------------------------------------------------------

    def _try(self, record: Record) -> None:
        """Do what is fated, once the session stands where it is to be seen; a moment later if it does not."""
        session, now = self.ground.session(record.id), self._clock.now()
        if record.late and now < session.deadline + MARGIN:
            self._at(session.deadline + MARGIN, lambda: self._try(record))
            return
        over = session.start - _BEFORE_START if record.late else session.deadline - MARGIN
        side = Side.MENTOR if record.fate is Fate.MENTOR_DELETED else Side.STUDENT
        if now > over:
            record.skipped = f"it was {session.state} too long"
        elif session.state is not State.BOOKED or not self._stands(record, side):
            self._at(now + _AGAIN, lambda: self._try(record))
        else:
            try:
                self._do(record, side)
            except IN_VAIN as why:
                record.skipped = str(why)

    def _stands(self, record: Record, side: Side) -> bool:
        """Tell whether the event is there for its owner to see."""
        with self.ground.house.db.read() as tx:
            copy = current(tx, SessionId(record.id)).get(side)
        return copy is not None and copy.base is not None and copy.intent is None

    def _do(self, record: Record, side: Side) -> None:
        owner, calendar, ref = self.ground.where(record.id, side)
        hand = owner.hand
        match record.fate:
            case fate if fate in WORDS:
                self._say(record)
            case Fate.DELETED | Fate.MENTOR_DELETED:
                self._deed(record, lambda: hand.delete(calendar, ref))
            case Fate.DECLINED:
                self._deed(record, lambda: hand.decline(calendar, ref, owner.person.email))
            case Fate.MARKED:
                self._deed(record, lambda: hand.cancel(calendar, ref))
            case Fate.RETITLED:
                self._deed(record, lambda: hand.retitle(calendar, ref, "Maths!"))
            case Fate.CARRIED:
                self._deed(record, lambda: hand.move_to(calendar, ref, owner.calendars[LIFE]))
            case Fate.RESTORED:
                self._deed(record, lambda: hand.delete(calendar, ref))
                self._then(record, lambda: hand.restore(calendar, ref))
            case _:
                elsewhere = record.start + timedelta(hours=1)
                self._deed(record, lambda: hand.move_time(calendar, ref, elsewhere))
                if record.fate is Fate.MOVED_BACK:
                    self._then(record, lambda: hand.move_time(calendar, ref, record.start))
                if record.fate is Fate.MOVED_DELETED:  # perhaps while it is being put back
                    self._then(record, lambda: hand.delete(calendar, ref))

    def _then(self, record: Record, act: Callable[[], None]) -> None:
        """Have a second thought follow the first, if it can be acted upon by then."""

        def second() -> None:
            try:
                self._deed(record, act)
            except IN_VAIN as why:
                record.skipped = f"the second thought: {why}"

        self._at(record.deeds[0].ended + UNDO, second)

    def _deed(self, record: Record, act: Callable[[], object]) -> None:
        began = self._clock.now()
        act()
        record.deeds.append(Deed(began, self._clock.now()))

    def _say(self, record: Record) -> None:
        by = {Fate.SAID: Actor.STUDENT, Fate.MENTOR_SAID: Actor.MENTOR}.get(record.fate, Actor.SCHOOL)
        try:
            self._deed(record, lambda: _said(self.ground, record.id, by))
        except Problem as problem:
            record.skipped = str(problem)

    def _innocent(self, one: Somebody, title: str, name: str) -> None:
        day = self._clock.now().replace(microsecond=0) + timedelta(days=self._chance.randint(1, 30))
        calendar = one.calendars[title]
        entry = Entry(f"{name}@foreign.example", day, day + timedelta(hours=1))
        ref = one.hand.add(calendar, entry)
        self.innocents.append(Innocent(one.hand, calendar, ref, one.hand.look(calendar, ref)))


def _said(ground: Ground, session_id: str, by: Actor) -> None:
    sessions.cancel(ground.house, session_id, by, "")
