"""People's hands in their calendars: what each act changes on a server, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from providers.base import EventRef, PartStat, Status
from tests.simulation.places import WORLD, Body, Place, Shelf, newest, of_session
from tests.simulation.plan import Act, Deed, Meeting

Found = tuple[Shelf, EventRef, Body]


class Hands:
    """Everybody's hands."""

    def __init__(
        self, places: Iterable[Place], homes: dict[str, Place], meetings: dict[int, Meeting]
    ) -> None:
        self._places = tuple(places)
        self._homes = homes
        self._meetings = meetings
        self.revoked: set[str] = set()
        """Whose password is refused."""
        self.ids: dict[int, str] = {}
        """The program's ids of the sessions."""

    def do(self, deed: Deed, at: datetime) -> bool:
        """Do it, and tell whether it changed anything."""
        match deed.act:
            case Act.REVOKE:
                self.revoked.add(deed.person)
                return True
            case Act.DROP_CALENDAR:
                return self._drop_calendar(deed.person, at)
            case _:
                return self._to_event(deed, at)

    def _drop_calendar(self, person: str, at: datetime) -> bool:
        for shelf in self._homes[person].of(person):
            if shelf.id.endswith("/lessons/"):
                shelf.gone = at
                return True
        return False

    # --- one event -----------------------------------------------------------------------

    def _to_event(self, deed: Deed, at: datetime) -> bool:
        meeting = self._meetings[deed.meeting]
        session = self.ids.get(deed.meeting)
        if session is None:
            return False
        mentors = deed.act in _MENTORS
        who = meeting.mentor if mentors else meeting.student
        found = self.find(who, session)
        if deed.act in {Act.RESTORE, Act.MENTOR_RESTORE}:
            return self._restore(who, session, at, found)
        if found is None:
            return False
        return self._change(deed, at, who, meeting, found)

    def find(self, who: str, session: str) -> Found | None:
        """Return the event of a session as its owner sees it."""
        place = self._homes[who]
        for shelf in place.of(who):
            standing = dict(of_session(shelf, session))
            if (ref := newest(standing)) is not None and not ref.endswith("mirror.ics"):
                return shelf, ref, standing[ref]
        return None

    def _restore(self, who: str, session: str, at: datetime, found: Found | None) -> bool:
        own = f"{who}@school.example"
        if found is not None:
            shelf, ref, body = found
            if body.stands_for(own):
                return False
            again = replace(body, status=Status.CONFIRMED).answered(own, PartStat.ACCEPTED)
            self._put(shelf, ref, again, at, who)
            return True
        for shelf in self._homes[who].of(who):
            mine = [entry.ref for entry in shelf.log if entry.body and f"syncd-{session}-" in entry.body.uid]
            gone = [ref for ref in mine if shelf.at(ref) is None and not ref.endswith("mirror.ics")]
            if gone and (last := shelf.last(gone[-1])) is not None:
                self._put(shelf, gone[-1], last, at, who)
                return True
        return False

    def _change(self, deed: Deed, at: datetime, who: str, meeting: Meeting, found: Found) -> bool:
        shelf, ref, body = found
        after = self._changed(deed, who, meeting, body)
        google = self._homes[who].google
        if google and deed.act is Act.MENTOR_MOVE and body.organizer != f"{who}@school.example":
            return False  # a guest cannot
        match deed.act:
            case Act.REMOVE | Act.MENTOR_REMOVE:
                self._put(shelf, ref, None, at, who)
            case Act.CANCEL if google:
                self._put(shelf, ref, None, at, who)
            case Act.CARRY | Act.CARRY_OUT:
                return self._carry(deed, shelf, ref, body, at, who)
            case Act.MIRROR | Act.IMPORT:
                return self._double(deed, shelf, body, at, who)
            case _ if after != body:
                self._put(shelf, ref, after, at, who)
            case _:
                return False
        return True

    def _changed(self, deed: Deed, who: str, meeting: Meeting, body: Body) -> Body:
        own, by = f"{who}@school.example", timedelta(hours=deed.size)
        match deed.act:
            case Act.DECLINE | Act.MENTOR_DECLINE:
                return body.answered(own, PartStat.DECLINED)
            case Act.MENTOR_GUEST:
                return body.answered(f"{meeting.mentor}@school.example", PartStat.DECLINED)
            case Act.CANCEL:
                return replace(body, status=Status.CANCELLED)
            case Act.MOVE | Act.MENTOR_MOVE if body.start is not None and body.end is not None:
                return replace(body, start=body.start + by, end=body.end + by, sequence=body.sequence + 1)
            case Act.BACK:
                return replace(
                    body, start=meeting.start, end=meeting.start + timedelta(hours=1), all_day=False
                )
            case Act.ALL_DAY:
                day = meeting.start.replace(hour=0, minute=0)
                return replace(body, start=day, end=day + timedelta(days=1), all_day=True)
            case Act.LENGTHEN if body.end is not None:
                return replace(body, end=body.end + timedelta(minutes=30))
            case _:
                return _edited(deed.act, own, body)

    def _carry(self, deed: Deed, shelf: Shelf, ref: EventRef, body: Body, at: datetime, who: str) -> bool:
        wanted = "/life/" if deed.act is Act.CARRY else "/private/"
        target = next((one for one in self._homes[who].of(who) if one.id.endswith(wanted)), None)
        if target is None or target is shelf:
            return False
        there = EventRef(f"{target.id}{ref.rpartition('/')[2]}")
        target.put(at, there, body, who)
        shelf.put(at, ref, None, who)
        return True

    def _double(self, deed: Deed, shelf: Shelf, body: Body, at: datetime, who: str) -> bool:
        target = next((one for one in self._homes[who].of(who) if one.id.endswith("/life/")), None)
        if target is None or target is shelf:
            return False
        uid = body.uid if deed.act is Act.MIRROR else f"import-{body.uid}"
        there = EventRef(f"{target.id}{uid}-mirror.ics")
        target.put(at, there, replace(body, uid=uid), WORLD)
        return True

    def _put(self, shelf: Shelf, ref: EventRef, body: Body | None, at: datetime, who: str) -> None:
        before = shelf.at(ref)
        shelf.put(at, ref, body, who)
        invite = before or body
        if invite is not None and invite.partstats and self._homes[who].schedules:
            self._homes[who].tell(shelf, at, before, body)


_MENTORS = frozenset({Act.MENTOR_REMOVE, Act.MENTOR_DECLINE, Act.MENTOR_RESTORE, Act.MENTOR_MOVE})


def _edited(act: Act, own: str, body: Body) -> Body:
    """Return what leaves the session as it is."""
    match act:
        case Act.EDIT:
            return replace(body, text=body.text + 1)
        case Act.STRIP:
            return replace(body, partstats=tuple(one for one in body.partstats if one[0] == own))
        case Act.BLEACH:
            return replace(body, session=None)
        case _:
            return body
