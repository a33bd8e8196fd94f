"""What people do in Google Calendar, and what becomes of it: the real loop, the real client, Google's answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest

from policy.facts import Act, Side
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from syncd.oauth import connecting
from syncd.store.rows import Role
from tests.faults.googletown import AT_GOOGLE, BOSS, GoogleTown, google_town
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, START
from tests.syncd.google.ground import AMINA, MO
from tests.syncd.store.grounds import Ground

DEADLINE = START - DAY


@pytest.fixture
def town(sqlite_ground: Ground) -> Iterator[GoogleTown]:
    with google_town(sqlite_ground) as one:
        one.person("mo", Role.MENTOR, "work", url=AT_GOOGLE)
        one.person("amina", Role.STUDENT, "life", "lessons", url=AT_GOOGLE)
        yield one
        one.check()


@pytest.fixture
def session(town: GoogleTown) -> str:
    """Return a session that stands for both."""
    town.agreeing("it")()
    town.sync()
    town.until(town.clock.now() + 2 * HOUR)
    assert town.standing(town.names["it"]) == {"lessons": 1, "work": 1}
    return town.names["it"]


def past_deadline(town: GoogleTown) -> None:
    """Go on until the event was seen to stand at the deadline."""
    town.until(DEADLINE + LAG + MINUTE)


def verdict(town: GoogleTown, session: str) -> tuple[Outcome, Doubt | None, Act]:
    found = town.session(session).verdict
    assert found is not None
    return found.outcome, found.doubt, found.act


# --- acts ----------------------------------------------------------------------------------------


def test_deleted_in_time_is_notice(town: GoogleTown, session: str) -> None:
    town.delete(session)
    town.until(town.clock.now() + 2 * HOUR)
    assert verdict(town, session) == (Outcome.TIMELY, None, Act.REMOVED)
    assert town.standing(session) == {}


def test_deleted_late_is_a_forfeit(town: GoogleTown, session: str) -> None:
    past_deadline(town)
    town.clock.sleep(HOUR)
    town.delete(session)
    town.until(town.clock.now() + 3 * HOUR)
    assert verdict(town, session) == (Outcome.FORFEIT, None, Act.REMOVED)


def test_a_mentor_who_declines_owes_the_session(town: GoogleTown, session: str) -> None:
    past_deadline(town)
    town.decline(session, Side.MENTOR, "mo")
    town.until(town.clock.now() + 3 * HOUR)
    outcome, doubt, _ = verdict(town, session)
    assert (outcome, doubt) == (Outcome.NOT_STUDENT, None)
    assert town.state(session) is State.RELEASED


def test_moved_in_time_is_a_request_and_moved_late_is_put_back(town: GoogleTown, session: str) -> None:
    town.drag(session, START + 3 * HOUR)
    town.until(town.clock.now() + HOUR)
    assert town.state(session) is State.MOVING
    town.drag(session, START)
    town.until(town.clock.now() + HOUR)
    assert town.state(session) is State.BOOKED
    past_deadline(town)
    town.drag(session, START + 3 * HOUR)
    town.until(town.clock.now() + 2 * HOUR)
    assert town.state(session) is State.BOOKED
    assert town.session(session).verdict is None
    assert town.told(session, Effect.MOVED_LATE) == 1
    shown = town.google.hand(AMINA).show(town.place(session)[2], town.place(session)[1])
    assert shown is not None
    assert shown["start"]["dateTime"].startswith(f"{START:%Y-%m-%dT}")


def test_a_mentors_refusal_outlives_the_putting_back_of_a_late_drag(town: GoogleTown, session: str) -> None:
    past_deadline(town)
    town.google.hand(MO).decline(town.place(session)[2])
    town.drag(session, START + 3 * HOUR)
    town.until(town.clock.now() + 3 * HOUR)
    assert verdict(town, session)[0] is Outcome.NOT_STUDENT


def test_carried_to_another_calendar_is_no_act(town: GoogleTown, session: str) -> None:
    past_deadline(town)
    _, calendar, ref = town.place(session)
    town.google.hand(AMINA).carry(ref, town.calendars["life"], calendar)
    town.until(town.clock.now() + 3 * HOUR)
    assert (town.state(session), town.session(session).verdict) == (State.BOOKED, None)
    # The other calendar organizes it now, and Amina is its guest: Google shows it in her own one, too.
    assert town.standing(session) == {"life": 1, "lessons": 1, "work": 1}


def test_restored_within_the_hold_is_as_if_nothing_had_happened(town: GoogleTown, session: str) -> None:
    town.delete(session)
    town.until(town.clock.now() + 40 * MINUTE)
    if town.session(session).pending is None:
        town.sync()
    assert town.state(session) is State.NOTICED
    town.restore(session)
    town.until(town.clock.now() + 3 * HOUR)
    assert (town.state(session), town.session(session).verdict) == (State.BOOKED, None)
    assert town.standing(session) == {"lessons": 1, "work": 1}


# --- stamps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("early", [MINUTE, HOUR])
def test_the_stamp_of_a_removal_in_time_helps_who_could_not_be_seen(
    town: GoogleTown, session: str, early: timedelta
) -> None:
    town.until(DEADLINE - 2 * HOUR)
    town.clock.move(DEADLINE - early)
    town.delete(session)
    town.clock.move(DEADLINE + 2 * HOUR)  # the computer stood still
    town.until(town.clock.now() + 3 * HOUR)
    assert verdict(town, session) == (Outcome.TIMELY, None, Act.REMOVED)


def test_the_stamp_of_a_late_removal_proves_nothing(town: GoogleTown, session: str) -> None:
    town.until(DEADLINE - 2 * HOUR)
    town.clock.move(DEADLINE + HOUR)  # nobody looked at the deadline
    town.delete(session)
    town.clock.move(DEADLINE + 2 * HOUR)
    town.until(town.clock.now() + 3 * HOUR)
    assert verdict(town, session) == (Outcome.TIMELY, Doubt.DAEMON_DOWN, Act.REMOVED)


# --- access ---------------------------------------------------------------------------------------


def connect_anew(town: GoogleTown, sessions: str) -> None:
    """Have the student permit it once more, with sessions in that calendar."""
    connecting.connect(town.house, town.people["amina"], town.granted(AMINA), None, [], sessions)


def incidents(town: GoogleTown) -> list[str]:
    with town.house.db.read() as tx:
        return [one.kind for one in tx.incidents.open()]


def test_a_calendar_that_is_not_there_any_more_is_an_incident_and_no_verdict(town: GoogleTown) -> None:
    life = town.calendars["life"]
    connect_anew(town, life)
    town.agreeing("it")()
    town.until(town.clock.now() + 2 * HOUR)
    session = town.names["it"]
    assert town.standing(session) == {"life": 1, "work": 1}
    past_deadline(town)
    town.google.hand(AMINA).delete_calendar(life)
    town.untouched = {place: event for place, event in town.untouched.items() if place[0] != life}
    town.until(START - HOUR)
    assert town.session(session).verdict is None
    assert town.state(session) is State.INCIDENT
    assert incidents(town)


def test_a_share_that_is_lost_takes_nothing_but_what_is_known_of_busy_time(
    town: GoogleTown, session: str
) -> None:
    town.google.hand(BOSS).share(AMINA, "freeBusyReader")
    connect_anew(town, AMINA)
    town.until(town.clock.now() + HOUR)
    town.google.hand(BOSS).share(AMINA, None)
    town.until(town.clock.now() + 3 * HOUR)
    assert (town.state(session), town.session(session).verdict) == (State.BOOKED, None)
    assert incidents(town)


def taken_back(town: GoogleTown) -> None:
    """Take back what was permitted, and see that it is told once and that Google is left in peace."""
    town.google.tokens.revoke_all(AMINA)
    town.until(town.clock.now() + HOUR)
    before = len(town.google.asked)
    town.until(town.clock.now() + 6 * HOUR)
    places = [AMINA, town.calendars["life"]]
    asked = town.google.asked[before:]
    assert [one for one in asked if any(place in one.path for place in places)] == []
    assert [one for one in asked if one.status == HTTPStatus.BAD_REQUEST] == []
    with town.house.db.read() as tx:
        assert [row.kind for row in tx.feed.after(0)].count("account.lost") == 1


@pytest.mark.parametrize(
    ("after_deadline", "doubt"), [(-HOUR, None), (HOUR, Doubt.ACCESS_LOST)], ids=["in time", "late"]
)
def test_a_grant_that_is_taken_back_is_told_once_and_a_deletion_meanwhile_is_notice(
    town: GoogleTown, session: str, after_deadline: timedelta, doubt: Doubt | None
) -> None:
    taken_back(town)
    town.until(DEADLINE + after_deadline)
    town.delete(session)
    town.until(DEADLINE + 2 * HOUR)
    assert town.session(session).verdict is None
    connect_anew(town, AMINA)
    town.until(town.clock.now() + 2 * HOUR)
    assert verdict(town, session) == (
        Outcome.TIMELY,
        doubt,
        Act.REMOVED,
    )  # Google's stamp may clear the doubt
    assert town.standing(session) == {}
