"""Sessions that stand in their students' calendars, as if the daemon had written them."""

from __future__ import annotations

from datetime import timedelta

import requests

from benchmarks.ground import person
from policy.facts import Agreed, Side, Sighted, Via
from policy.rules import Rules
from providers.base import ETag, EventRef
from providers.ical import render
from syncd.book import found, record
from syncd.house import House
from syncd.invitation import draft, uid
from syncd.pictures import Base
from syncd.store.rows import Person, Role, SessionId
from syncd.store.tx import Tx

_HOUR = timedelta(hours=1)
_RULES = Rules(grace=timedelta(0))


def book(house: House, url: str, size: int) -> None:
    """Enter a session for each of the first *size* people, and lay its event on the server at *url*."""
    with house.db.read() as tx:
        students = sorted(tx.people.all(), key=lambda each: each.id)[:size]
    with requests.Session() as server:
        for number, student in enumerate(students):
            mentor = person(house, f"mentor{number}", Role.MENTOR)
            _book(house, server, url, student, mentor)


def _book(house: House, server: requests.Session, url: str, student: Person, mentor: Person) -> None:
    with house.db.write() as tx:
        start = tx.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
        new = Agreed(
            at=tx.now,
            id=house.new_id(),
            student=student.id,
            mentor=mentor.id,
            start=start,
            end=start + _HOUR,
            rules=_RULES,
        )
        session = found(tx, new, None)
        (place,) = tx.calendars.of_person(student.id)
        event = draft(session, student, mentor, Side.STUDENT, generation=1, sequence=0, at=tx.now)
        ref = f"{place.remote.removeprefix(url.rstrip('/'))}{event.uid}.ics"
        answer = server.put(url.rstrip("/") + ref, data=render(event), timeout=60)
        base = Base(etag=ETag(answer.headers["ETag"]), start=start, sequence=0)
        name = uid(session.id, 1)
        tx.copies.add(SessionId(session.id), Side.STUDENT, 1, place.id, name, EventRef(ref), base.stored())
        record(tx, session, [_sighted(tx, new)])


def _sighted(tx: Tx, new: Agreed) -> Sighted:
    return Sighted(
        side=Side.STUDENT, via=Via.LOOK, sent=tx.now, received=tx.now, start=new.start, proves=True
    )
