"""A mentor's invite, refusal and call-off that travel by the calendar server itself, on a real Xandikos.

Xandikos puts an invite into the guest's default calendar, named ``calendar``, under a name of
its own; it applies an answer only to an event in the organizer's default calendar, and tells
nobody of a copy that was deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin

import pytest

from policy.facts import Act, Actor, Side
from policy.life import State
from policy.notice import Outcome, Verdict
from providers.base import CalendarProvider, Owner
from syncd import route
from syncd.book import current
from syncd.demo.hand import Hand
from syncd.house import Doors, Found
from syncd.pictures import base_of
from syncd.store.rows import Account, Role, SessionId
from tests.providers.entries import answering, edited, saying, starting
from tests.rules.rows import row
from tests.syncd.engine.faults import Faults, Faulty
from tests.system.school import SCHEDULING, School, school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
START = NOW + timedelta(hours=48)
DEADLINE = START - timedelta(hours=24)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
AMINA, MO = "amina@school.example", "mo@school.example"
_HREF = re.compile(r"<(?:\w+:)?href>([^<]+\.ics)</")
_LIST = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'


@dataclass
class Story:
    """A session of Amina with Mo, whose server sends its invitations by itself."""

    school: School
    id: str

    def hand(self, name: str) -> Hand:
        return self.school.hand(name)

    @property
    def url(self) -> str:
        return self.school.event(self.id)

    def copies(self, name: str, calendar: str = "calendar") -> dict[str, str]:
        """Return the session's events in somebody's calendar, by their addresses."""
        hand = self.hand(name)
        home = hand.calendar(calendar)
        listed = hand.ask("PROPFIND", home, _LIST, {"Depth": "1"}).text
        texts = {urljoin(home, href): hand.get(urljoin(home, href)) for href in _HREF.findall(listed)}
        return {url: text for url, text in texts.items() if f"UID:syncd-{self.id}" in text}

    @property
    def invite(self) -> tuple[str, str]:
        """Return the one copy that Mo has: where it stands, and its text."""
        (found,) = self.copies("mo").items()
        return found

    def messages(self, method: str) -> int:
        """Return how many messages about the session came to Mo."""
        hand = self.hand("mo")
        inbox = urljoin(hand.home, "../inbox/")
        listed = hand.ask("PROPFIND", inbox, _LIST, {"Depth": "1"}).text
        texts = [hand.get(urljoin(inbox, href)) for href in _HREF.findall(listed)]
        return sum(f"METHOD:{method}" in text and self.id in text for text in texts)

    def answer(self, word: str) -> None:
        url, text = self.invite
        self.hand("mo").put(url, edited(text, answering(MO, word)))

    def state(self) -> State:
        return self.school.session(self.id).state

    @property
    def verdict(self) -> Verdict:
        verdict = self.school.session(self.id).verdict
        assert verdict is not None, f"undecided: {self.state()}"
        return verdict

    def feed(self) -> list[str]:
        with self.school.house.db.read() as tx:
            return [row.kind for row in tx.feed.after(0) if row.session_id == self.id]

    def route(self) -> str:
        with self.school.house.db.read() as tx:
            return route.shown(current(tx, SessionId(self.id)))

    def after(self, length: timedelta) -> None:
        self.school.wait(length)
        self.school.sync()

    def settle(self) -> None:
        """Let the second look be taken and the hold run out."""
        for length in (timedelta(0), 31 * SECOND, 3 * MINUTE, 31 * MINUTE):
            self.after(length)

    def prove(self) -> None:
        """Let the deadline look be taken, and a quarter of an hour pass."""
        self.school.clock.move(DEADLINE + 2 * MINUTE)
        self.school.sync()
        self.school.wait(15 * MINUTE)

    def acts_of_the_mentor(self) -> int:
        with self.school.house.db.read() as tx:
            facts = tx.ledger.facts(SessionId(self.id))
        return sum(fact.kind == "missing" and fact.body["side"] == "mentor" for fact in facts)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[School]:
    """A school on a Xandikos that knows both by their addresses."""
    with school(tmp_path, SCHEDULING, ("amina", "mo"), NOW) as one:
        for name in ("amina", "mo"):
            one.server.introduce(name, f"{name}@school.example")
        yield one


def told(one: School, *connected: str) -> Story:
    """Let Amina and Mo agree on a session, and have it written."""
    amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
    one.connect(amina, "amina", "calendar")
    if "mo" in connected:
        one.connect(mo, "mo", "calendar")
    session = one.agree(amina, mo, START)
    one.sync()
    one.sync()
    one.wait(HOUR)
    return Story(one, session.id)


@pytest.fixture
def story(one: School) -> Story:
    story = told(one, "mo")
    assert story.state() is State.BOOKED
    assert story.route() == "provider"
    return story


def test_the_invite_travels_by_the_server_alone(story: Story) -> None:
    url, text = story.invite
    assert "STATUS:CONFIRMED" in text
    assert not url.endswith(f"syncd-{story.id}-1.ics"), "it is the server's own copy"
    with story.school.house.db.read() as tx:
        mentors = current(tx, SessionId(story.id))[Side.MENTOR]
    base = base_of(mentors)
    assert base is not None
    assert base.served
    assert story.school.event(story.id, Side.MENTOR) == url
    story.after(3 * MINUTE)
    story.after(HOUR)
    assert list(story.copies("mo")) == [url]
    assert story.messages("REQUEST") == 1


def test_a_mentor_who_connected_nothing_is_invited_too(one: School) -> None:
    story = told(one)
    assert story.route() == "provider"
    assert len(story.copies("mo")) == 1
    story.answer("DECLINED")
    story.settle()
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.NOT_STUDENT, Actor.MENTOR)


def test_a_declined_invite_is_the_mentors_act_and_counts_once(story: Story) -> None:
    story.answer("DECLINED")
    assert "PARTSTAT=DECLINED" in story.hand("amina").get(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.act) == (Outcome.NOT_STUDENT, Act.DECLINED)
    assert story.feed().count("session.noticed") == 1
    assert story.copies("amina") == {}


def test_an_accepted_invite_changes_nothing(story: Story) -> None:
    story.answer("ACCEPTED")
    story.settle()
    assert story.state() is State.BOOKED
    assert story.feed() == ["session.planned", "session.booked"]


def test_a_refusal_taken_back_in_time_is_none(story: Story) -> None:
    story.answer("DECLINED")
    story.after(timedelta(0))
    assert story.state() is State.NOTICED
    story.answer("ACCEPTED")
    story.school.wait(5 * MINUTE)
    story.settle()
    assert story.state() is State.BOOKED


def test_deleted_in_time_the_server_calls_the_mentor_off(story: Story) -> None:
    story.hand("amina").delete(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.TIMELY, Actor.STUDENT)
    assert "STATUS:CANCELLED" in story.invite[1]
    assert story.acts_of_the_mentor() == 0
    story.after(HOUR)
    assert "STATUS:CANCELLED" in story.invite[1], "it is the mentor's to tidy up"


def test_deleted_late_is_a_forfeit_and_the_mentor_is_called_off(story: Story) -> None:
    story.prove()
    story.hand("amina").delete(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.FORFEIT, Actor.STUDENT)
    assert "STATUS:CANCELLED" in story.invite[1]
    assert story.acts_of_the_mentor() == 0


def test_declined_by_the_student_our_own_deletion_calls_the_mentor_off(story: Story) -> None:
    text = story.hand("amina").get(story.url)
    story.hand("amina").put(story.url, edited(text, answering(AMINA, "DECLINED")))
    story.settle()
    assert (story.verdict.outcome, story.verdict.act) == (Outcome.TIMELY, Act.DECLINED)
    assert story.copies("amina") == {}
    assert "STATUS:CANCELLED" in story.invite[1]
    assert story.acts_of_the_mentor() == 0


def test_an_invite_that_nobody_called_off_is_taken_away(story: Story) -> None:
    story.school.server.stop()
    story.school.server.start()  # Mo has made no request since: Xandikos cannot reach him
    story.hand("amina").delete(story.url)
    assert "STATUS:CONFIRMED" in story.invite[1]
    story.settle()
    assert story.verdict.outcome is Outcome.TIMELY
    story.after(3 * MINUTE)
    assert story.copies("mo") == {}, "the hour is free again"
    assert story.acts_of_the_mentor() == 0


def test_a_deleted_invite_is_the_mentors_act_once_the_students_event_outlived_it(story: Story) -> None:
    story.hand("mo").delete(story.invite[0])
    story.after(timedelta(0))
    assert story.state() is State.NOTICED
    story.settle()
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.NOT_STUDENT, Actor.MENTOR)
    assert story.verdict.act is Act.REMOVED


@row("3.mentor-cascade")
def test_a_copy_that_went_with_the_students_event_is_no_act_of_the_mentor(story: Story) -> None:
    """As SOGo does it: the invite does not stay called off, it goes."""
    story.hand("mo").delete(story.invite[0])
    story.hand("amina").delete(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.TIMELY, Actor.STUDENT)


def test_restored_in_the_hold_the_invite_stands_again(story: Story) -> None:
    text = story.hand("amina").get(story.url)
    story.hand("amina").delete(story.url)
    story.after(MINUTE)
    assert story.state() is State.NOTICED
    assert "STATUS:CANCELLED" in story.invite[1]
    story.school.wait(5 * MINUTE)
    story.hand("amina").put(story.url, text)
    story.settle()
    assert story.state() is State.BOOKED
    assert "STATUS:CONFIRMED" in story.invite[1]
    assert story.route() == "provider"


@row("3.guest")
def test_a_guest_who_was_dropped_is_put_back_once(story: Story) -> None:
    def drop(event: dict[str, list[str]]) -> None:
        event["ATTENDEE"] = [guest for guest in event["ATTENDEE"] if MO not in guest]

    def guests() -> str:
        return story.hand("amina").get(story.url).replace("\r\n ", "")

    text = story.hand("amina").get(story.url)
    story.hand("amina").put(story.url, edited(text, drop))
    assert "STATUS:CANCELLED" in story.invite[1]
    story.after(timedelta(0))
    assert f"mailto:{MO}" in guests()
    assert "STATUS:CONFIRMED" in story.invite[1]
    story.settle()
    assert story.state() is State.BOOKED
    assert "session.put_back" not in story.feed()
    story.hand("amina").put(story.url, edited(story.hand("amina").get(story.url), drop))
    story.settle()
    assert f"mailto:{MO}" not in guests(), "now the student is asked"
    assert story.feed().count(route.DROPPED) == 1
    assert story.state() is State.BOOKED


@row("3.mentor-moves")
def test_a_mentor_cannot_move_the_session_in_their_own_copy(story: Story) -> None:
    url, text = story.invite
    moved = edited(text, starting(START + 2 * HOUR))
    answer = story.hand("mo").ask("PUT", url, moved, {"Content-Type": "text/calendar"})
    assert answer.status == HTTPStatus.PRECONDITION_FAILED
    story.settle()
    assert (story.state(), story.school.session(story.id).start) == (State.BOOKED, START)


def test_what_was_put_back_has_a_higher_sequence_and_a_fresh_question(story: Story) -> None:
    story.answer("ACCEPTED")
    story.prove()
    text = story.hand("amina").get(story.url)
    story.hand("amina").put(story.url, edited(text, starting(START + 2 * HOUR)))
    story.after(timedelta(0))
    ours = story.hand("amina").get(story.url).replace("\r\n ", "")
    assert "SEQUENCE:1" in ours
    assert f"{START:%Y%m%dT%H%M%SZ}" in ours
    (mo,) = [line for line in ours.splitlines() if f"mailto:{MO}" in line]
    assert "PARTSTAT=NEEDS-ACTION" in mo
    assert f"DTSTART:{START:%Y%m%dT%H%M%SZ}" in story.invite[1]


def test_a_refused_invite_is_replaced_by_a_copy_of_ours(tmp_path: Path) -> None:
    with school(tmp_path, SCHEDULING, ("amina", "mo"), NOW) as one:
        one.server.introduce("amina", AMINA)  # the server does not know Mo by his address
        story = told(one, "mo")
        assert (story.route(), story.state()) == ("direct", State.BOOKED)
        (url,) = story.copies("mo")
        assert url.endswith(f"syncd-{story.id}-1.ics")


def test_a_server_that_does_not_know_the_student_is_not_asked_to_invite(tmp_path: Path) -> None:
    with school(tmp_path, SCHEDULING, ("amina", "mo"), NOW) as one:
        one.server.introduce("mo", MO)
        story = told(one, "mo")
        assert story.route() == "direct"
        assert story.messages("REQUEST") == 0
        assert len(story.copies("mo")) == 1


def test_an_invite_that_turns_up_late_takes_the_place_of_our_copy(tmp_path: Path) -> None:
    with school(tmp_path, SCHEDULING, ("amina", "mo"), NOW) as one:
        one.server.introduce("amina", AMINA)
        one.calendar("mo", "work")
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        one.connect(amina, "amina", "calendar")
        one.connect(mo, "mo", "work")
        story = Story(one, one.agree(amina, mo, START).id)
        one.sync()
        one.sync()
        assert len(story.copies("mo", "work")) == 1
        one.server.introduce("mo", MO)
        text = story.hand("amina").get(story.url)
        story.hand("amina").put(story.url, edited(text, saying("SUMMARY", "Maths with Mo")))
        assert len(story.copies("mo")) == 1, "the server has caught up"
        one.wait(HOUR)
        for _ in range(3):
            story.after(MINUTE)
        assert story.copies("mo", "work") == {}
        assert len(story.copies("mo")) == 1
        assert (story.state(), story.route()) == (State.BOOKED, "provider")
        assert story.acts_of_the_mentor() == 0
        story.hand("amina").delete(story.url)
        story.settle()
        assert (story.verdict.outcome, story.verdict.actor) == (Outcome.TIMELY, Actor.STUDENT)


def test_an_invite_that_is_merged_into_our_copy_is_the_servers_from_then_on(tmp_path: Path) -> None:
    with school(tmp_path, SCHEDULING, ("amina", "mo"), NOW) as one:
        one.server.introduce("amina", AMINA)
        story = told(one, "mo")
        assert story.route() == "direct"
        one.server.introduce("mo", MO)
        text = story.hand("amina").get(story.url)
        story.hand("amina").put(story.url, edited(text, saying("SUMMARY", "Maths with Mo")))
        assert "Maths with Mo" in story.invite[1]
        story.after(MINUTE)
        assert story.route() == "provider"
        story.hand("amina").delete(story.url)
        assert "STATUS:CANCELLED" in story.invite[1]
        story.settle()
        assert (story.verdict.outcome, story.verdict.actor) == (Outcome.TIMELY, Actor.STUDENT)
        assert story.acts_of_the_mentor() == 0


class Killed(BaseException):
    """The process ends here."""


@dataclass
class MortalDoors:
    """Ways into calendars for a process that is killed at its first look after a write."""

    inner: Doors
    faults: Faults

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        return Faulty(self.inner.open(account, secret, owner), self.faults)

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        return self.inner.find(address, username, secret, owner)


def test_killed_between_the_write_and_the_reading_back_there_is_one_invite(one: School) -> None:
    def kill(name: str) -> None:
        if name == "fetch":
            raise Killed

    house = one.house
    one.house = replace(house, doors=MortalDoors(house.doors, Faults(hook=kill)))
    with pytest.raises(Killed):
        told(one, "mo")
    one.house = house
    (session,) = stored(one)
    story = Story(one, session)
    assert story.messages("REQUEST") == 1, "it was killed after the write"
    assert story.state() is State.PLANNED
    for _ in range(3):
        story.after(3 * MINUTE)
    assert (story.state(), story.route()) == (State.BOOKED, "provider")
    assert len(story.copies("mo")) == 1
    assert story.messages("REQUEST") == 1


def stored(one: School) -> tuple[str, ...]:
    with one.house.db.read() as tx:
        return tuple(row.id for row in tx.sessions.all())
