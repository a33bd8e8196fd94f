from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.facts import Act, Missing, Side, Sighted, Via
from providers.base import ETag, Event, EventRef, PartStat, Status
from syncd.observe import Glance, act_in, observe, standing
from syncd.pictures import Base, Intent, Op

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
START = NOW + timedelta(days=2)
OWNER = "amina@school.example"
GLANCE = Glance(Side.STUDENT, OWNER, Via.LOOK, NOW, NOW + timedelta(seconds=1), proves=True)
BASE = Base(etag=ETag('"1"'), start=START, sequence=0)


def event(
    start: datetime = START, status: Status = Status.CONFIRMED, answer: PartStat = PartStat.ACCEPTED
) -> Event:
    return Event(
        EventRef("/a"), ETag('"2"'), "syncd-s-1", start, start + timedelta(hours=1),
        status=status, partstats={OWNER: answer}, sequence=1,
    )  # fmt: skip


def intent(op: Op, start: datetime | None = START) -> Intent:
    return Intent(op=op, at=NOW, start=start, sequence=1)


def test_what_stands_is_a_sight_in_its_version() -> None:
    seen = observe(BASE, None, event(), GLANCE)
    assert isinstance(seen.fact, Sighted)
    assert (seen.fact.start, seen.fact.version, seen.fact.via) == (START, '"2"', Via.LOOK)
    assert seen.base == Base(etag=ETag('"2"'), start=START, sequence=1)


@pytest.mark.parametrize(
    ("there", "act"),
    [
        (event(answer=PartStat.DECLINED), Act.DECLINED),
        (event(status=Status.CANCELLED), Act.CANCELLED),
    ],
)
def test_what_stands_declined_or_cancelled_is_missing_by_that_act(there: Event, act: Act) -> None:
    seen = observe(BASE, None, there, GLANCE)
    assert isinstance(seen.fact, Missing)
    assert seen.fact.act is act
    assert seen.base is not None
    again = standing(seen.base, GLANCE).fact
    assert isinstance(again, Missing)
    assert again.act is act


@pytest.mark.parametrize("answer", [PartStat.TENTATIVE, PartStat.NEEDS_ACTION, PartStat.DELEGATED])
def test_no_other_answer_is_an_act(answer: PartStat) -> None:
    assert act_in(event(answer=answer), OWNER) is None


def test_somebody_elses_answer_is_no_act() -> None:
    assert act_in(event(answer=PartStat.DECLINED), "mo@school.example") is None


def test_what_is_gone_is_missing_and_has_no_base_any_more() -> None:
    seen = observe(BASE, None, None, GLANCE)
    assert isinstance(seen.fact, Missing)
    assert (seen.fact.act, seen.fact.version, seen.base) == (Act.REMOVED, '"1"', None)


def test_the_absence_of_what_was_never_confirmed_is_nobodys_act() -> None:
    wanted = intent(Op.CREATE)
    assert observe(None, wanted, None, GLANCE).fact is None
    assert observe(None, wanted, None, GLANCE).intent == wanted


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
def test_another_write_under_way_explains_no_absence(op: Op) -> None:
    seen = observe(BASE, intent(op), None, GLANCE)
    assert isinstance(seen.fact, Missing)
    assert seen.intent is None


@pytest.mark.parametrize("op", list(Op))
def test_what_stands_settles_every_write(op: Op) -> None:
    assert observe(BASE, intent(op), event(), GLANCE).intent is None


def test_a_put_back_is_known_by_where_it_stands_and_not_by_its_answer() -> None:
    assert observe(BASE, intent(Op.UPDATE), event(), GLANCE).put_back
    assert not observe(BASE, intent(Op.UPDATE), event(START + timedelta(hours=1)), GLANCE).put_back
    assert not observe(BASE, None, event(), GLANCE).put_back
    assert not observe(BASE, intent(Op.UPDATE), event(answer=PartStat.DECLINED), GLANCE).put_back


def test_a_row_of_a_listing_in_the_version_we_know_is_a_sight() -> None:
    seen = standing(BASE, GLANCE).fact
    assert isinstance(seen, Sighted)
    assert (seen.start, seen.version) == (START, '"1"')


MO = "mo@school.example"
OF_MENTOR = Glance(Side.MENTOR, MO, Via.CHANGE, NOW, NOW + timedelta(seconds=1), proves=True)
WITH_GUEST = Glance(Side.STUDENT, OWNER, Via.LOOK, NOW, NOW + timedelta(seconds=1), proves=True, guest=MO)
SERVED = BASE.model_copy(update={"served": True})


def guested(answer: PartStat) -> Event:
    return replace(event(), partstats={OWNER: PartStat.ACCEPTED, MO: answer})


def test_what_stands_at_the_mentors_without_a_write_of_ours_was_made_by_a_server() -> None:
    seen = observe(None, None, event(), OF_MENTOR).base
    ours = observe(None, intent(Op.CREATE), replace(event(), session="s1"), OF_MENTOR).base
    theirs = observe(None, intent(Op.CREATE), event(), OF_MENTOR).base
    silent = observe(None, None, replace(event(), silent=True), OF_MENTOR).base
    merged = observe(BASE, None, event(), OF_MENTOR).base
    found = (seen, ours, theirs, silent, merged)
    assert [one and one.served for one in found] == [True, False, True, False, True]


def test_an_invite_called_off_by_its_server_is_nobodys_act_and_stays_known() -> None:
    seen = observe(SERVED, None, event(status=Status.CANCELLED), OF_MENTOR)
    assert seen.fact is None
    assert seen.base is not None
    assert (seen.base.act, seen.base.served) == (Act.CANCELLED, True)
    assert standing(seen.base, OF_MENTOR).fact is None


def test_a_servers_copy_may_vanish_by_itself_and_ours_does_not() -> None:
    gone = [observe(base, None, None, OF_MENTOR).fact for base in (SERVED, BASE)]
    assert [isinstance(one, Missing) and one.cascades for one in gone] == [True, False]


def test_a_declined_invite_does_not_come_by_itself() -> None:
    fact = observe(SERVED, None, guested(PartStat.DECLINED), OF_MENTOR).fact
    assert isinstance(fact, Missing)
    assert (fact.act, fact.cascades) == (Act.DECLINED, False)


def test_a_copy_of_ours_that_was_withdrawn_is_missed_by_nobody() -> None:
    seen = observe(BASE, intent(Op.WITHDRAW), None, OF_MENTOR)
    assert (seen.fact, seen.base, seen.intent) == (None, None, None)


def test_the_guests_refusal_is_the_mentors_act_beside_the_sight_of_the_event() -> None:
    seen = observe(BASE, None, guested(PartStat.DECLINED), WITH_GUEST)
    assert isinstance(seen.fact, Sighted)
    (act,) = seen.others
    assert isinstance(act, Missing)
    assert (act.side, act.act, act.via) == (Side.MENTOR, Act.DECLINED, Via.LOOK)
    assert seen.base is not None
    assert standing(seen.base, WITH_GUEST).others == (act.model_copy(update={"version": '"2"'}),)


def test_a_refusal_that_is_taken_back_is_a_sight_unless_we_wrote_it() -> None:
    declined = BASE.model_copy(update={"guest": PartStat.DECLINED})
    (back,) = observe(declined, None, guested(PartStat.ACCEPTED), WITH_GUEST).others
    assert isinstance(back, Sighted)
    assert back.side is Side.MENTOR
    assert observe(declined, intent(Op.UPDATE), guested(PartStat.NEEDS_ACTION), WITH_GUEST).others == ()
    assert observe(declined, None, event(), WITH_GUEST).others == ()


def test_a_guest_is_dropped_only_if_it_was_one() -> None:
    invited = BASE.model_copy(update={"guest": PartStat.ACCEPTED})
    seen = [observe(base, None, event(), WITH_GUEST).base for base in (invited, BASE)]
    assert [one and one.dropped for one in seen] == [True, False]
    assert seen[0] is not None
    again = observe(seen[0], None, event(), WITH_GUEST).base
    back = observe(seen[0], None, guested(PartStat.NEEDS_ACTION), WITH_GUEST).base
    assert [one and one.dropped for one in (again, back)] == [True, False]


def test_a_guest_whom_our_own_silent_write_leaves_out_was_not_dropped() -> None:
    was, none = BASE.model_copy(update={"guest": PartStat.ACCEPTED}), event()
    silent = replace(none, silent=True)
    back = intent(Op.UPDATE).model_copy(update={"guest": True})
    seen = [
        observe(was, intent(Op.UPDATE), silent, WITH_GUEST).base,
        observe(was, intent(Op.UPDATE), none, WITH_GUEST).base,
        observe(was, None, silent, WITH_GUEST).base,
        observe(was, back, silent, WITH_GUEST).base,
    ]
    assert [one and one.dropped for one in seen] == [False, True, True, True]


def test_a_guest_put_back_is_no_event_put_back() -> None:
    only = intent(Op.UPDATE).model_copy(update={"guest": True})
    assert not observe(BASE, only, guested(PartStat.NEEDS_ACTION), WITH_GUEST).put_back
