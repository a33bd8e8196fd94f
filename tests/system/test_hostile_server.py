"""A server that misbehaves while sessions are booked: no write is believed, no event called gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.facts import Actor
from policy.life import Session, State
from policy.notice import Outcome
from syncd import sessions
from syncd.store.rows import Person, Role
from syncd.sync import sync_now
from syncd.wiring import PublicDoors
from tests.system.crooked import XML, Asked, Crooked, Fault, Said, crooked
from tests.system.school import School, school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LOGIN = b"<!DOCTYPE html><html><body><form>Log in</form></body></html>"
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'


def always(status: int, body: bytes = b"", **headers: str) -> Fault:
    return lambda _: Said(status, body, headers)


def only(methods: str, fault: Fault) -> Fault:
    return lambda asked: fault(asked) if asked.method in methods.split() else None


def of_the_collection(status: int) -> Fault:
    return lambda asked: Said(status) if asked.path.endswith("/") else None


def _xml(rows: str, status: int = 207) -> Said:
    text = f"<multistatus {SPACES}>{rows}<sync-token>http://example.org/t</sync-token></multistatus>"
    return Said(status, text.encode(), {"Content-Type": XML})


def all_gone(server: Crooked) -> Fault:
    """Say 404, in a 207, of all that was ever written, and of the collection itself if that is asked about."""

    def fault(asked: Asked) -> Said:
        named = re.findall(r"<href>([^<]*)</href>", asked.body.decode())
        hrefs = named or ([asked.path] if asked.method == "PROPFIND" else sorted({*server.written}))
        gone = "<response><href>{}</href><status>HTTP/1.1 404 Not Found</status></response>"
        return _xml("".join(gone.format(href) for href in hrefs))

    return fault


def cut(server: Crooked) -> Fault:
    """Say the same, and break off in the middle of it."""

    def fault(asked: Asked) -> Said | None:
        whole = all_gone(server)(asked)
        return whole and Said(whole.status, whole.body[: len(whole.body) // 2], whole.headers)

    return fault


Making = Callable[[Crooked], Fault]


def same(fault: Fault) -> Making:
    return lambda _: fault


FAULTS: dict[str, Making] = {
    "a 302 on PUT and on DELETE": same(only("PUT DELETE", always(302, Location="/login"))),
    "a 302 to a page on everything": same(always(302, LOGIN, Location="/login")),
    "a log-in page with 200 on everything": same(always(200, LOGIN, **{"Content-Type": "text/html", "ETag": '"1"'})),
    "a log-in page that calls itself a calendar": same(always(200, LOGIN, **{"Content-Type": "text/calendar"})),
    "an empty 207": same(always(207)),
    "a 207 with nothing in it": same(lambda _: _xml("")),
    "all gone, says a 207": all_gone,
    "a 403 of the collection": same(of_the_collection(403)),
    "a 404 of the collection": same(of_the_collection(404)),
    "a 410 of the collection": same(of_the_collection(410)),
    "a 404 of everything": same(always(404)),
    "a 500": same(always(500, LOGIN)),
    "a 507": same(always(507)),
    "cut XML": cut,
}  # fmt: skip


@dataclass
class Story:
    one: School
    server: Crooked
    amina: Person
    mo: Person

    def sync(self, *, after: timedelta = timedelta(minutes=10)) -> None:
        self.one.wait(after)
        self.one.sync(soon=timedelta(0))

    def agree(self, days: int) -> Session:
        return self.one.agree(self.amina, self.mo, NOW + days * DAY)

    def state(self, session: Session) -> State:
        return self.one.session(session.id).state

    def stands(self, session: Session) -> bool:
        """Tell whether the event stands, by the server's own word."""
        with self.server.being(None):
            return self.one.hand("amina").ask("GET", self.one.event(session.id)).status == 200

    def well_again(self) -> None:
        """Wait until whatever was put off is tried again, by itself."""
        for _ in range(4):
            self.sync(after=timedelta(minutes=61))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with school(tmp_path, "Radicale", ("amina",), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        one.calendar("amina", "life")
        one.calendar("amina", "lessons")
        assert one.server.front is not None
        with crooked(one.server.front) as server:
            one.connect(amina, "amina", "lessons")
            yield Story(one, server, amina, mo)


def undecided(story: Story, *sessions_: Session) -> None:
    for session in sessions_:
        assert story.state(session) in {State.BOOKED, State.INCIDENT}
        assert story.one.session(session.id).verdict is None
        assert story.stands(session)


USUAL = frozenset(
    {
        *("a 302 on PUT and on DELETE", "a log-in page with 200 on everything", "all gone, says a 207"),
        *("a 404 of the collection", "a 507", "cut XML"),
    }
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in USUAL else pytest.mark.long) for name in FAULTS]
)
def test_a_server_that_misbehaves_is_waited_for(story: Story, name: str) -> None:
    fault = FAULTS[name](story.server)
    kept, given_up, dropped = story.agree(5), story.agree(6), story.agree(7)
    story.sync()
    assert {story.state(each) for each in (kept, given_up, dropped)} == {State.BOOKED}

    with story.server.being(fault):  # idle rounds, the write of an event, and a removal by the school
        story.sync()
        undecided(story, kept, given_up, dropped)
        new = story.agree(8)
        sessions.cancel(story.one.house, dropped.id, Actor.SCHOOL, "")
        story.sync()
        story.sync()
        undecided(story, kept, given_up)
        if refuses(fault, "PUT"):
            assert story.state(new) is State.PLANNED
            assert story.one.session(new.id).calendar_state in {"unwritten", "unreachable"}
        assert story.stands(dropped) is refuses(fault, "DELETE")
    assert story.server.said
    story.well_again()
    assert {story.state(each) for each in (kept, given_up, new)} == {State.BOOKED}
    assert [story.stands(each) for each in (kept, given_up, new, dropped)] == [True, True, True, False]

    story.one.hand("amina").delete(story.one.event(given_up.id))
    story.sync()
    assert story.state(given_up) is State.NOTICED
    with story.server.being(fault):  # the second look, and the end of the hold
        story.sync()
        story.sync()
        assert story.state(given_up) is State.NOTICED
        undecided(story, kept, new)
    story.well_again()
    verdict = story.one.session(given_up.id).verdict
    assert verdict is not None
    assert (verdict.outcome, verdict.actor, verdict.doubt) == (Outcome.TIMELY, Actor.STUDENT, None)
    assert story.state(given_up) is State.CANCELLED

    story.one.clock.move(kept.deadline + kept.rules.lag)
    with story.server.being(fault):  # the deadline look
        story.sync(after=timedelta(0))
        story.sync()
        undecided(story, kept, new)
    story.well_again()
    assert {story.state(each) for each in (kept, new)} == {State.BOOKED}


def refuses(fault: Fault, method: str) -> bool:
    return fault(Asked(method, "/amina/lessons/x.ics", b"")) is not None


def test_reports_that_call_everything_gone_are_checked_before_anything_is_decided(story: Story) -> None:
    kept, other = story.agree(5), story.agree(6)
    story.sync()
    for _ in range(3):
        with story.server.being(only("REPORT", all_gone(story.server))):
            story.sync()
            assert story.one.session(kept.id).verdict is None
            assert story.one.session(other.id).verdict is None
        story.sync()
        assert {story.state(kept), story.state(other)} == {State.BOOKED}
    assert story.server.said


def test_it_permits_how_many_rows_an_answer_may_have(story: Story) -> None:
    house = story.one.house
    caldav = house.config.caldav.model_copy(update={"max_rows": 100})
    strict = replace(house, doors=PublicDoors(house.config.model_copy(update={"caldav": caldav})))
    gone = "<response><href>/amina/{}.ics</href><status>HTTP/1.1 404 Not Found</status></response>"
    with story.server.being(only("REPORT", lambda _: _xml("".join(map(gone.format, range(101)))))):
        story.one.wait(timedelta(minutes=10))
        sync_now(strict, soon=timedelta(0))
    with house.db.read() as tx:
        troubles = {each.trouble for each in tx.calendars.of_person(story.amina.id)}
    assert all(trouble and "more than 100 rows (caldav.max_rows)" in trouble for trouble in troubles)
