"""How the story ends: every session checked, all of them in a table, and one decision explained in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TextIO

from policy.facts import Side, parse
from policy.life import State
from syncd.book import session_in
from syncd.demo.arrival import clock, first_name
from syncd.demo.playbill import Playbill, Row
from syncd.demo.stagehand import Meeting, Play
from syncd.explain import Told, explain
from syncd.house import House
from syncd.sessions import row_of

_STANDS = frozenset({State.BOOKED})


def check(play: Play, meetings: Iterable[Meeting]) -> None:
    """Look at every session once more: at the book, and at both calendars over HTTP.

    :raises WrongEnding: if one of them is not exactly what it must be.
    """
    for meeting in meetings:
        play.expect(meeting, meeting.state, meeting.outcome)
        play.expect_event(meeting, Side.STUDENT, stands=meeting.state in _STANDS)
        play.expect_event(meeting, Side.MENTOR, stands=meeting.state in {*_STANDS, State.INCIDENT})


def closing(play: Play, meetings: Mapping[str, Meeting], out: TextIO, *, json: bool) -> None:
    """Show how everything ended, and the evidence of the session that was lost."""
    play.tell("the end", "Six sessions, and each of them ended as it must.")
    if json:
        return
    bill = Playbill(out)
    bill.heading("How the six sessions ended")
    bill.table([_row(play, each) for each in sorted(meetings.values(), key=lambda one: one.start)])
    bill.heading("Why the forfeit? Whoever asks can read it", f"syncd explain {play.ids['late']}")
    bill.explanation(_explained(play.house, play.ids["late"]))
    google = " --google" if play.town.google else ""
    bill.heading("Now you", f"Start the same school with your own hands on it:  syncd demo{google}")


def _row(play: Play, meeting: Meeting) -> Row:
    student, mentor = play.cast[meeting.student], play.cast[meeting.mentor]
    verdict = meeting.outcome.value if meeting.outcome else None
    who = f"{first_name(student)} with {first_name(mentor)}"
    return Row(clock(meeting.start), who, meeting.ended, verdict)


def _explained(house: House, session_id: str) -> Iterable[str]:
    with house.db.read() as tx:
        row = row_of(tx, session_id)
        facts = tuple((fact.seq, parse(fact.body)) for fact in tx.ledger.facts(row.id))
        told = Told(session_in(row), tx.people.get(row.student_id), tx.people.get(row.mentor_id), facts)
    return tuple(explain(told))
