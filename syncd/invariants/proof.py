"""Whether a forfeit is proven, told from the ledger alone: the second opinion (I1).

The policy folds the facts forward into a session and reads the verdict off its pictures. This looks
back from the end for witnesses: a sighting, an act after it, a second look. It shares no arithmetic with
:mod:`policy`, so that one mistake cannot be in both; where the two differ nobody is forfeited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import (
    Act,
    Actor,
    Agreed,
    Asked,
    Blinded,
    Braked,
    Decision,
    Fact,
    Missing,
    Replaced,
    Restored,
    Side,
    Sighted,
    Unbraked,
    Via,
)


@dataclass(frozen=True, slots=True)
class _Case:
    """The facts that tell of the event that is said to be forfeited, and of none that stood before it."""

    agreed: Agreed
    story: Sequence[Fact]
    anew: datetime | None
    """When it was decided that the event be written again."""
    before: Sequence[Fact] = ()
    """What was seen before that."""

    @property
    def last(self) -> Fact:
        return self.story[-1]

    @property
    def by_word(self) -> bool:
        """Whether somebody's word brought the verdict about: it is exact, and needs no hold."""
        return isinstance(self.last, Asked)


def unproven(facts: Sequence[Fact], stated: datetime) -> str | None:
    """Return why *facts* do not prove the forfeit that the last of them brings about; ``None`` if they do.

    *stated* is the deadline that the verdict names: the act must be too late, and the proof be late
    enough, by that one and by the one that follows from the facts.
    """
    if not facts or not isinstance(facts[0], Agreed):
        return "its ledger does not begin with an agreement"
    case = _of_last_event(facts[0], facts[1:])
    if not case.story:
        return "nothing was seen of its event"
    own = _deadline(case)
    bar = max(own, stated)
    proof = _proof(case, bar)
    if proof is None:
        return "no sighting proves that its event stood at the deadline"
    if any(at <= bar for at in _notices(case, proof + 1)):
        return "the student acted by the deadline"
    if _moved_in_time(case, own):
        return "its event had been moved by the deadline"
    return _no_act(case, bar)


# --- the event and its deadline ------------------------------------------------------


def _of_last_event(agreed: Agreed, facts: Sequence[Fact]) -> _Case:
    """Return what came since the event was last written: a dismissal has it written again if it was gone."""
    gone, start, anew = False, 0, None
    for number, fact in enumerate(facts):
        if isinstance(fact, Sighted | Missing) and fact.side is Side.STUDENT:
            gone = isinstance(fact, Missing)
        elif isinstance(fact, Blinded):
            gone = False
        elif _is_dismissal(fact) and gone:
            gone, start, anew = False, number + 1, fact.at
    return _Case(agreed, facts[start:], anew, facts[:start])


def _is_dismissal(fact: Fact) -> bool:
    return isinstance(fact, Unbraked) and fact.decision is Decision.DISMISS


def _sights(facts: Sequence[Fact]) -> Iterator[Sighted]:
    return (fact for fact in facts if isinstance(fact, Sighted) and fact.side is Side.STUDENT)


def _shown(facts: Sequence[Fact]) -> Iterator[Sighted | Missing]:
    """Yield the looks that found the event in the calendar, declined or cancelled as it may be."""
    for fact in facts:
        if not isinstance(fact, Sighted | Missing) or fact.side is not Side.STUDENT:
            continue
        if isinstance(fact, Sighted) or fact.act is not Act.REMOVED:
            yield fact


def _deadline(case: _Case) -> datetime:
    """Return the latest of all instants that the rules name, the start at the most.

    A restored ledger dates the first sight anew, so the earliest that it can be counts there.
    """
    agreed, rules = case.agreed, case.agreed.rules
    restored = any(isinstance(fact, Restored) for fact in case.story)
    shown = _shown(case.story) if restored else (one for one in _sights(case.story) if one.proves)
    first = next((one.received for one in shown), None)
    graced = [agreed.at, *(at for at in (case.anew, first) if at is not None)]
    return min(agreed.start, max(agreed.start - rules.notice, *(at + rules.grace for at in graced)))


# --- the proof -----------------------------------------------------------------------


def _proof(case: _Case, bar: datetime) -> int | None:
    """Return the place of the last sighting that cannot have been older than the deadline.

    What was proven before the ledger was restored counts for nothing.
    """
    lag = case.agreed.rules.lag
    for number in reversed(range(len(case.story) - 1)):
        fact = case.story[number]
        if isinstance(fact, Restored):
            return None
        if isinstance(fact, Sighted) and fact.side is Side.STUDENT and fact.proves and fact.sent - lag >= bar:
            return number
    return None


def _notices(case: _Case, first: int) -> Iterator[datetime]:
    """Yield when the student's acts from the fact *first* on became known, and when the provider says that they were."""
    for number, fact in enumerate(case.story[first:], first):
        if isinstance(fact, Missing) and fact.side is Side.STUDENT:
            yield min(fact.received, _dated(fact, [*case.before, *case.story[:number]]))
        elif isinstance(fact, Asked) and fact.by is Actor.STUDENT:
            yield fact.at


def _dated(act: Missing, before: Sequence[Fact]) -> datetime:
    """Return when the provider says that *act* was; a stamp that the event bore while it stood says nothing of it."""
    if act.stamp is None:
        return act.received
    borne = (one.stamp for one in _sights(before) if one.stamp is not None and one.stamp <= one.received)
    return act.received if any(act.stamp <= stamp for stamp in borne) else act.stamp


def _moved_in_time(case: _Case, deadline: datetime) -> bool:
    """Tell whether the event was last moved away from its time by the deadline: a notice, whatever came later.

    A dismissal ends the request that a move makes, so none is read into the facts there.
    """
    if any(map(_is_dismissal, case.story)):
        return False
    since: datetime | None = None
    for one in _sights(case.story):
        since = None if one.start == case.agreed.start else since or one.received
    return since is not None and since <= deadline


# --- the act -------------------------------------------------------------------------


def _no_act(case: _Case, bar: datetime) -> str | None:
    """Return what is missing of an act of the student after the deadline; ``None`` if nothing is."""
    run = _run(case)
    if not run:
        said = case.last
        word = isinstance(said, Asked) and said.by is Actor.STUDENT and said.at > bar
        return None if word else "no act of the student after the deadline is in its ledger"
    if not case.by_word and _is_stopped(case.story[run[0] :]):
        return "it is stopped, and nobody has released it"
    found = [_wanting(case, run[number:], bar) for number in range(len(run))]
    return None if None in found else found[0]


def _run(case: _Case) -> list[int]:
    """Return the places of the looks that showed the event gone since it last stood again."""
    run: list[int] = []
    version: str | None = None
    for number, fact in enumerate(case.story):
        if isinstance(fact, Missing) and fact.side is Side.STUDENT:
            run.append(number)
        elif _is_dismissal(fact) or isinstance(fact, Replaced):
            run = []
        elif isinstance(fact, Sighted) and fact.side is Side.STUDENT:
            if run and not _undoes(case, fact, run, version):
                continue
            run, version = [], fact.version
    return run


def _undoes(case: _Case, sight: Sighted, run: list[int], version: str | None) -> bool:
    """Tell whether *sight* cannot be an old answer: the event moved, is another version, or was seen later."""
    if sight.via is Via.FOLLOW:
        return True
    changed = version is not None and sight.version is not None and sight.version != version
    latest = max(case.story[number].at for number in run)
    return sight.proves and (changed or sight.sent - case.agreed.rules.lag > latest)


def _wanting(case: _Case, run: list[int], bar: datetime) -> str | None:
    """Return what the act that begins with the first of *run* lacks."""
    looks = [fact for number in run if isinstance(fact := case.story[number], Missing)]
    gone = looks[0].received
    if gone <= bar:
        return "the student acted by the deadline"
    if not (_said(case) or any(_confirms(case, gone, look) for look in looks[1:])):
        return "no second look confirmed that its event was gone"
    if not case.by_word and not _stays_gone(looks, gone + _hold(case, gone)):
        return "no look after its hold showed that it stayed gone"
    return None


def _said(case: _Case) -> bool:
    return isinstance(case.last, Asked) and case.last.by is Actor.STUDENT


def _confirms(case: _Case, gone: datetime, look: Missing) -> bool:
    return look.via is Via.LOOK and look.sent - gone >= case.agreed.rules.confirm_after


def _stays_gone(looks: Sequence[Missing], over: datetime) -> bool:
    """Tell whether *looks* that showed the act rule out that it was undone before the hold was *over*.

    A listing of one calendar does not tell what stands in another one, and no more do changes: those bring up the question.
    """
    told = [look for look in looks if look.act is not Act.REMOVED or look.via is not Via.LISTING]
    last = told[-1] if told else None
    return (
        last is not None and last.received >= over and (last.act is not Act.REMOVED or last.via is Via.LOOK)
    )


def _hold(case: _Case, gone: datetime) -> timedelta:
    quarter = max(timedelta(0), case.agreed.start - gone) / 4
    return min(case.agreed.rules.hold, quarter)


def _is_stopped(facts: Sequence[Fact]) -> bool:
    """Tell whether a stop is in force that no release has lifted, and no act of the mentor's that was undone."""
    stops = set()
    for fact in facts:
        if isinstance(fact, Braked):
            stops.add(fact.scope)
        elif isinstance(fact, Unbraked):
            stops.discard(fact.scope)
        elif isinstance(fact, Sighted) and fact.side is Side.MENTOR:
            stops.clear()
    return bool(stops)
