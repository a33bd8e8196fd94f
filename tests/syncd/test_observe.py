from __future__ import annotations

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
