"""An older event that its owner brings back beside the newer one: the session stands once again, and nobody is blamed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from policy.facts import Act, Actor, Decision, Side
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from policy.rules import Rules
from providers.base import CalendarId, EventRef
from providers.errors import Unavailable
from syncd import look, sessions, work
from syncd.decisions import decide
from syncd.replay import replay
from syncd.store.rows import Role
from tests.providers.entries import edited, saying
from tests.rules.rows import row
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, TWO, Play
from tests.syncd.engine.test_acts import DEADLINE, SECOND, booked, settle

BOTH = {"lessons": 1, "work": 1}


@dataclass
class Bin:
    """What a calendar's trash bin still holds of a session: its first event."""

    play: Play
    calendar: CalendarId
    ref: EventRef
    body: bytes

    def restore(self) -> None:
        """Bring it back as it was."""
        self.play.servers[ONE].put(self.calendar, self.ref, self.body)

    def remove(self) -> None:
        """Take it away again."""
        self.play.servers[ONE].remove(self.calendar, self.ref)

    def stands(self) -> bool:
        """Tell whether it stands."""
        return self.ref in self.play.servers[ONE].refs(self.calendar)


def binned(play: Play, session: str, side: Side = Side.STUDENT) -> Bin:
    """Return the event as it stands now, for the day on which it is restored."""
    _, calendar, ref = play.place(session, side)
    return Bin(play, calendar, ref, play.servers[ONE].body(calendar, ref))


def anew(play: Play, side: Side = Side.STUDENT) -> tuple[str, Bin]:
    """Return a session that has a second event, and the first one in the bin."""
    session = booked(play)
    play.after(HOUR)
    old = binned(play, session, side)
    title = "lessons" if side is Side.STUDENT else "work"
    calendar = play.calendars[title]
    play.servers[ONE].delete_calendar(calendar)
    play.after(HOUR)
    play.servers[ONE].restore_calendar(calendar)
    play.replace(title)
    play.after(HOUR)
    play.caught_up()
    assert (play.state(session), play.generation(session, side)) == (State.BOOKED, 2)
    return session, old


def late(play: Play) -> tuple[str, Bin]:
    """Return the same after its deadline, proven to have stood then."""
    session, old = anew(play)
    play.until(DEADLINE + 15 * MINUTE)
    assert play.session(session).proven_at_deadline
    return session, old


def same_when_replayed(play: Play) -> None:
    assert [one.differences for one in replay(play.db) if one.differences] == []


def acts(play: Play, session: str) -> int:
    return play.told(session, Effect.NOTICED)


@row("4.restored-older")
@pytest.mark.parametrize("after", [False, True], ids=["in time", "late"])
def test_what_stands_twice_comes_to_stand_once(play: Play, *, after: bool) -> None:
    session, old = late(play) if after else anew(play)
    old.restore()
    play.caught_up()
    assert play.standing(session) == BOTH
    assert not old.stands(), "the newer one stays"
    play.after(HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    assert acts(play, session) == 0
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED
    assert play.faults.calls.count("delete") == 1
    same_when_replayed(play)


@row("4.restored-older-stands")
@pytest.mark.parametrize("after", [False, True], ids=["in time", "late"])
def test_what_goes_while_an_older_one_stands_is_no_act(play: Play, *, after: bool) -> None:
    session, old = late(play) if after else anew(play)
    old.restore()
    play.delete(session)
    play.sync()
    settle(play)
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)
    assert play.standing(session) == BOTH
    assert old.stands()
    play.until(START + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)
    assert "delete" not in play.faults.calls
    same_when_replayed(play)


def test_what_takes_the_place_again_is_judged_like_any_other(play: Play) -> None:
    session, old = late(play)
    old.restore()
    play.delete(session)
    play.sync()
    play.after(HOUR)
    play.delete(session)
    assert not old.stands()
    play.sync()
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act, verdict.doubt) == (Outcome.FORFEIT, Act.REMOVED, None)
    assert play.standing(session) == {}
    same_when_replayed(play)


def test_both_deleted_in_time_is_timely(play: Play) -> None:
    session, old = anew(play)
    old.restore()
    play.delete(session)
    play.sync()
    play.after(HOUR)
    old.remove()
    play.sync()
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, None)


def test_both_deleted_late_between_two_looks_is_a_forfeit(play: Play) -> None:
    session, old = late(play)
    play.faults.every("delete", Unavailable("not now"))
    old.restore()
    play.sync()
    assert play.standing(session) == {"lessons": 2, "work": 1}
    play.check()  # two of them are no breach of ours
    play.clock.sleep(HOUR)
    old.remove()
    play.delete(session)
    play.faults.mend()
    play.sync()
    settle(play)
    # Our own removal may have arrived, so its absence is ours; the newer one was not seen to outlive that.
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 3)
    play.after(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT
    same_when_replayed(play)


def test_a_look_that_misses_the_newer_one_knows_that_the_older_stands(play: Play) -> None:
    session, old = anew(play)
    play.clock.move(DEADLINE + LAG)
    old.restore()
    play.delete(session)
    look.look(play.house, play.claim(work.LOOK))
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)
    play.sync()
    assert play.session(session).proven_at_deadline, "the older one was looked at instead"
    assert old.stands()


def test_an_older_one_that_is_brought_back_within_the_hold_undoes_the_act(play: Play) -> None:
    session, old = late(play)
    play.delete(session)
    play.sync()
    play.after(31 * SECOND)
    assert play.told(session, Effect.CONFIRMED) == 1
    old.restore()
    play.after(5 * MINUTE)
    assert (play.state(session), play.told(session, Effect.RESTORED)) == (State.BOOKED, 1)
    play.until(START + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)


@pytest.mark.parametrize("way", ["listing", "another name", "another calendar"])
def test_an_older_one_is_known_wherever_and_however_it_is_seen(play: Play, way: str) -> None:
    session, old = late(play)
    if way == "listing":
        play.servers[ONE].forget_tokens(old.calendar)
    elif way == "another name":
        old.ref = play.ref("lessons", "0-from-the-bin.ics")
    else:
        old.calendar, old.ref = play.calendars["life"], play.ref("life", "from-the-bin.ics")
    old.restore()
    play.delete(session)
    play.sync()
    settle(play)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    assert old.stands()
    play.after(HOUR)
    old.remove()
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_what_stands_in_two_calendars_comes_to_stand_in_one(play: Play) -> None:
    session, old = late(play)
    old.calendar, old.ref = play.calendars["life"], play.ref("life", "from-the-bin.ics")
    old.restore()
    play.sync()
    assert play.standing(session) == BOTH
    play.after(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_an_older_one_in_another_account_is_taken_away_there(bare: Play) -> None:
    play = bare
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work")
    play.connect("amina", "private", url=TWO)
    with play.house.db.write() as tx:
        (one,) = tx.calendars.of_account(tx.accounts.of(play.people["amina"].id)[0].id)
        tx.calendars.add(one.account_id, one.remote, one.name, busy=True, sessions=True)
    session, old = late(play)
    there = play.ref("private", "from-the-bin.ics")
    play.servers[TWO].put(play.calendars["private"], there, old.body)
    play.sync()
    play.after(MINUTE)
    assert play.standing(session) == BOTH
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)


@pytest.mark.parametrize("how", ["decline", "cancel"])
def test_one_of_two_that_is_refused_leaves_the_other(play: Play, how: str) -> None:
    session, old = late(play)
    play.faults.every("delete", Unavailable("not now"))
    old.restore()
    play.sync()
    play.after(MINUTE)
    getattr(play, how)(session)
    play.sync()
    settle(play)
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    assert old.stands()


def test_what_the_student_takes_away_while_we_take_the_other_is_written_again(play: Play) -> None:
    session, old = late(play)
    old.restore()

    def taken(name: str) -> None:
        if name == "delete":
            play.delete(session)
            play.faults.hook = lambda _name: None

    play.faults.hook = taken
    play.sync()
    play.after(5 * MINUTE)
    play.after(HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    assert play.standing(session) == BOTH
    assert play.generation(session) == 3
    assert play.session(session).deadline == DEADLINE, "nobody gains time by it"
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT
    same_when_replayed(play)


@pytest.mark.parametrize("after", [False, True], ids=["in time", "late"])
def test_the_newer_one_is_looked_at_once_more_before_the_older_one_is_taken_away(
    play: Play, *, after: bool
) -> None:
    session, old = late(play) if after else anew(play)
    play.after(MINUTE)
    old.restore()
    before = play.faults.calls.count("fetch")

    def taken(name: str) -> None:
        if name == "fetch" and play.faults.calls.count("fetch") == before + 2:
            play.delete(session)
            play.faults.hook = lambda _name: None

    play.faults.hook = taken
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)
    assert "delete" not in play.faults.calls
    assert play.standing(session) == BOTH
    assert old.stands()


def test_a_removal_whose_answer_is_lost_is_ours_all_the_same(play: Play) -> None:
    session, old = late(play)
    old.restore()
    play.faults.once("delete", Unavailable("no answer"), after=True)
    play.sync()
    assert not old.stands()
    play.until(play.clock.now() + HOUR)
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT, "the newer one was proven to stand after it"


def test_a_word_counts_while_the_other_one_is_being_taken_away(play: Play) -> None:
    session, old = late(play)
    old.restore()
    play.faults.every("delete", Unavailable("not now"))
    play.sync()
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    assert play.verdict(session).outcome is Outcome.FORFEIT
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.standing(session) == {}, "both are taken away"


@row("4.restored-late")
def test_an_older_one_that_is_seen_after_the_verdict_changes_nothing(play: Play) -> None:
    session, old = anew(play)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY
    play.after(HOUR)
    old.restore()
    play.after(MINUTE)
    assert play.told(session, Effect.RESTORED_LATE) == 1
    play.until(START + DAY)
    assert play.state(session) is State.CANCELLED
    assert old.stands(), "it is the student's to keep"
    same_when_replayed(play)


def test_an_event_without_our_mark_is_not_ours_to_take_away_but_it_stands(play: Play) -> None:
    session, old = late(play)
    old.body = edited(old.body.decode(), lambda event: event.pop("X-SYNCD-SESSION")).encode()
    old.restore()
    play.sync()
    play.after(HOUR)
    assert play.standing(session) == {"lessons": 2, "work": 1}
    play.delete(session)
    play.sync()
    settle(play)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    assert "delete" not in play.faults.calls


def test_what_was_changed_meanwhile_is_seen_again_before_it_is_taken_away(play: Play) -> None:
    session, old = late(play)
    old.restore()

    def retitled(name: str) -> None:
        if name == "delete":
            play.faults.hook = lambda _name: None
            old.body = edited(old.body.decode(), saying("SUMMARY", "Maths!")).encode()
            old.restore()

    play.faults.hook = retitled
    play.sync()
    assert old.stands(), "it was not what we had seen"
    play.until(play.clock.now() + HOUR)
    assert play.faults.calls.count("delete") == 2
    assert play.standing(session) == BOTH
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)


def dismissed(play: Play, how: str) -> tuple[str, Bin]:
    """Return a session that stands anew after an act that a person called void."""
    play.rules = Rules(brake_least=1, brake_share=0.01)
    play.house = play.opened(play.db)
    session = booked(play)
    play.after(HOUR)
    old = binned(play, session)
    getattr(play, how)(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.SUSPECT
    decide(play.house, None, Decision.DISMISS, "IT")
    play.sync()
    play.after(MINUTE)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)
    return session, old


def test_what_comes_back_after_a_dismissal_stands_once(play: Play) -> None:
    session, old = dismissed(play, "delete")
    old.restore()
    play.caught_up()
    assert play.standing(session) == BOTH
    assert not old.stands()
    assert play.state(session) is State.BOOKED


@pytest.mark.parametrize("how", ["decline", "cancel"])
def test_an_older_one_that_stays_refused_does_not_stand(play: Play, how: str) -> None:
    session, old = dismissed(play, how)
    play.after(DAY / 2)
    assert play.standing(session) == {"lessons": 2, "work": 1}, "what is declined is its owner's"
    assert play.copy(session).uid.endswith("-2")
    old.body = play.servers[ONE].body(old.calendar, old.ref)
    play.clock.move(DEADLINE + 3 * HOUR)
    play.sync()
    play.delete(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.SUSPECT, "an act, which this school stops"


def test_a_mentors_older_copy_is_no_second_one(play: Play) -> None:
    session, old = anew(play, Side.MENTOR)
    old.restore()
    play.sync()
    assert play.standing(session) == BOTH
    assert not old.stands()
    play.after(HOUR)
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)


def test_a_mentor_who_keeps_the_older_copy_has_done_nothing(play: Play) -> None:
    session, old = anew(play, Side.MENTOR)
    old.restore()
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(NOW + 6 * HOUR)
    assert (play.state(session), acts(play, session)) == (State.BOOKED, 0)
    assert play.standing(session) == BOTH
    assert old.stands()
    play.delete(session, Side.MENTOR)
    play.until(NOW + 9 * HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT
    assert Doubt.UNPROVEN is not play.verdict(session).doubt
