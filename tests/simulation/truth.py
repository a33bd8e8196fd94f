"""What truly happened to a session, and what anybody could have known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from policy.life import Session
from tests.simulation.places import Body, Shelf
from tests.simulation.plan import Act, Deed, Meeting
from tests.simulation.school import School
from tests.simulation.weather import DAY, HOUR, MINUTE, Kind

LAG = 2 * MINUTE
_MENTORS = frozenset(
    {Act.MENTOR_REMOVE, Act.MENTOR_DECLINE, Act.MENTOR_GUEST, Act.MENTOR_MOVE, Act.MENTOR_ASK, Act.SCHOOL_ASK}
)
_PERSONAL = frozenset({Act.DROP_CALENDAR, Act.REVOKE, Act.DISCONNECT})
_BLIND = frozenset({Kind.OUTAGE, Kind.ERRORS, Kind.SLOW, Kind.CACHE, Kind.BLUR, Kind.AMNESIA})
_SICK = frozenset({Kind.DOWN, Kind.CLOCK, Kind.FULL, Kind.LOCKED})
_HOLD = 30 * MINUTE
_SETTLE = 10 * MINUTE
"""After a fault the program needs a while: a wrong clock is not believed at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of whether, or when, the event stands in what the program may see of the student's calendars."""

    at: datetime
    stands: bool
    start: datetime | None
    author: str


class Truth:
    """All that truly happened to one session."""

    def __init__(self, school: School, meeting: Meeting, session: Session | None) -> None:
        self.school = school
        self.meeting = meeting
        self.session = session

    @cached_property
    def shelves(self) -> tuple[Shelf, ...]:
        """The student's calendars that the program was given, gone ones included."""
        place = self.school.homes[self.meeting.student]
        every = (*place.past, *place.shelves.values())
        return tuple(one for one in every if one.owner == self.meeting.student and one.connected)

    def seemed_replaced(self, until: datetime) -> bool:
        """Tell whether by *until* a calendar was replaced, or may have been: an empty one refused its own tokens.

        The token that is refused may be older than the agreement: an account that waits for nothing is seldom asked.
        """
        since_token = self.meeting.agreed_at - 3 * 1.15 * self.school.plan.every
        where = self.school.homes[self.meeting.student].url
        forgot = self.school.weather.bad(frozenset({Kind.FORGET, Kind.AMNESIA}), where)
        mine = (deed for deed, _ in self.school.done if deed.person == self.meeting.student)
        dropped = any(deed.act is Act.DROP_CALENDAR and deed.at <= until for deed in mine)
        return dropped or any(since_token <= end and since <= until for since, end in forgot)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change, by time."""
        if self.session is None:
            return ()
        own, mark = f"{self.meeting.student}@school.example", f"syncd-{self.session.id}-"
        entries = sorted(
            (
                (entry.at, number, (shelf.id, shelf.born), entry)
                for shelf in self.shelves
                for number, entry in enumerate(shelf.log)
                if _of(shelf, entry.ref, mark) and not entry.ref.endswith("mirror.ics")
            ),
            key=lambda one: (one[0], one[3].body is None, one[1]),
        )
        there: dict[tuple[str, int, str], Body | None] = {}
        found: list[Change] = []
        for at, _, shelf, entry in entries:
            there[*shelf, entry.ref] = entry.body
            live = [
                body
                for (id_, born, _), body in there.items()
                if body is not None and body.stands_for(own) and not self._was_gone(id_, born, at)
            ]
            found.append(Change(at, bool(live), live[-1].start if live else None, entry.author))
        return tuple(found)

    def _was_gone(self, id_: str, born: int, at: datetime) -> bool:
        return any(
            shelf.gone is not None and shelf.gone <= at and (shelf.id, shelf.born) == (id_, born)
            for shelf in self.shelves
        )

    def stood(self, at: datetime) -> bool:
        """Tell whether it stood at *at*."""
        before = [change for change in self.changes if change.at <= at]
        return bool(before) and before[-1].stands

    @cached_property
    def removals(self) -> tuple[datetime, ...]:
        """When the student took it away."""
        return tuple(now.at for before, now in self._pairs() if before and not now.stands and self._own(now))

    @cached_property
    def restorations(self) -> tuple[datetime, ...]:
        """When the student put it back."""
        return tuple(now.at for before, now in self._pairs() if not before and now.stands and self._own(now))

    @cached_property
    def moves(self) -> tuple[datetime, ...]:
        """When the student moved it to another time."""
        return tuple(
            now.at
            for _, now in self._pairs()
            if now.stands and now.start != self.meeting.start and self._own(now)
        )

    def _pairs(self) -> Iterator[tuple[bool, Change]]:
        before = False
        for change in self.changes:
            yield before, change
            before = change.stands

    def _own(self, change: Change) -> bool:
        return change.author == self.meeting.student

    @cached_property
    def written(self) -> datetime | None:
        """When it first stood there."""
        return next((change.at for change in self.changes if change.stands), None)

    @cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """What was done about this session, and took effect."""
        return tuple(
            deed
            for deed, effective in self.school.done
            if effective and deed.meeting == self.meeting.number and deed.act is not Act.AGREE
        )

    @cached_property
    def personal(self) -> tuple[Deed, ...]:
        """What the two did to their accounts, while this session could be touched by it."""
        two = {self.meeting.student, self.meeting.mentor}
        return tuple(
            deed
            for deed, effective in self.school.done
            if effective and deed.person in two and deed.act in _PERSONAL | {Act.RECONNECT}
        )

    def words(self, *acts: Act) -> tuple[datetime, ...]:
        """Return when one of *acts* was done."""
        return tuple(deed.at for deed in self.deeds if deed.act in acts)

    @cached_property
    def mentors(self) -> tuple[datetime, ...]:
        """When the mentor, or the school, did something."""
        return self.words(*_MENTORS)

    # --- what could be known -------------------------------------------------------------

    @cached_property
    def dark(self) -> tuple[tuple[datetime, datetime], ...]:
        """Every time in which nobody could look for sure."""
        weather, where = self.school.weather, self.school.homes[self.meeting.student].url
        times = [(since, until + _SETTLE) for since, until in weather.bad(_BLIND, where)]
        for shelf in self.shelves:
            bad = weather.bad(frozenset({Kind.PART}), shelf.id)
            times += [(since, until + _SETTLE) for since, until in bad]
        times += [(since, until + _SETTLE) for since, until in weather.bad(_SICK, "")]
        times += list(self._unseen())
        return tuple(times)

    @cached_property
    def kills(self) -> tuple[tuple[datetime, datetime], ...]:
        """Every time in which the program is killed: it is there again at once, but what it was at is late."""
        spells = self.school.weather.bad(frozenset({Kind.KILL}), "")
        return tuple((since, until + 2 * MINUTE) for since, until in spells)

    def _unseen(self) -> Iterator[tuple[datetime, datetime]]:
        since: datetime | None = None
        for deed in self.personal:
            if deed.person != self.meeting.student:
                continue
            if deed.act is Act.RECONNECT and since is not None:
                yield since, deed.at + _SETTLE
                since = None
            elif deed.act is not Act.RECONNECT:
                since = since or deed.at
        if since is not None:
            yield since, self.meeting.start + 30 * DAY

    def clear(self, since: datetime, until: datetime) -> bool:
        """Tell whether nothing was in the way of looking between the two."""
        return not any(begin < until and since < end for begin, end in (*self.dark, *self.kills))

    def refused(self, since: datetime, until: datetime) -> bool:
        """Tell whether the student's server took no writes at some time between the two."""
        where = self.school.homes[self.meeting.student].url
        spells = self.school.weather.bad(frozenset({Kind.REFUSAL}), where)
        return any(begin < until and since < end for begin, end in spells)

    def lit(self, at: datetime) -> datetime:
        """Return from when on, at *at* or later, somebody could look for sure."""
        while ends := [end for begin, end in self.dark if begin <= at < end]:
            at = max(ends)
        return at

    def peaceful(self, since: datetime, until: datetime) -> bool:
        """Tell whether nothing but a kill was in the way of looking between the two."""
        return not any(begin < until and since < end for begin, end in self.dark)

    def clock_was_wrong(self, about: datetime) -> bool:
        """Tell whether the clock was wrong about then."""
        spells = self.school.weather.bad(frozenset({Kind.CLOCK}), "")
        return any(since - 15 * MINUTE <= about <= until + 15 * MINUTE for since, until in spells)

    def _shown_again(self, removed: datetime, until: datetime) -> bool:
        """Tell whether a cache may have shown what was removed as if it had been brought back within the hold."""
        where = self.school.homes[self.meeting.student].url
        caches = self.school.weather.bad(frozenset({Kind.CACHE}), where)
        return any(begin < until and removed < end for begin, end in caches)

    def decidable(self, removed: datetime, deadline: datetime) -> bool:
        """Tell whether somebody who looks at our pace could have known what was first."""
        plan = self.school.plan
        pace, near = plan.every * 1.15, plan.near * 1.15
        if removed > deadline:
            looked = self.clear(deadline, min(removed, deadline + LAG + MINUTE))
            seen = self.clear(removed, removed + 3 * pace + 3 * HOUR)
            return removed > deadline + LAG + 2 * MINUTE and looked and seen
        late = LAG + MINUTE + 3 * MINUTE * len(self.kills)
        if removed > deadline - near - late or self._shown_again(removed, removed + pace + _HOLD):
            return False
        since = max(removed, deadline - HOUR)
        return self.peaceful(removed, removed + pace + late) or self.peaceful(since, deadline)


def _of(shelf: Shelf, ref: str, mark: str) -> bool:
    body = shelf.last(ref)  # type: ignore[arg-type]  # a ref by name
    return body is not None and body.uid.startswith(mark)
