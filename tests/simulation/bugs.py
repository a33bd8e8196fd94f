"""Bugs that only a test can put into the program: a simulation that does not find them proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import policy.deciding
import policy.life
import policy.notice
import policy.ruling
import policy.schedule
import policy.session
import syncd.act
import syncd.book
import syncd.look
import syncd.observe
import syncd.poll
import syncd.reconcile
import syncd.route
import syncd.seen
import syncd.work
from policy.facts import Act, Missing, Side, Via
from policy.life import Session, Sight, State
from policy.notice import Outcome
from providers.base import Changes, ETag, Event, EventDraft, PartStat, Receipt
from providers.errors import (
    AccessLost,
    PreconditionFailed,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unreadable,
)
from syncd.pictures import Op, intent_of


@dataclass(frozen=True, slots=True)
class Swap:
    """One function of the program, and what takes its place."""

    module: ModuleType | type
    name: str
    other: Callable[..., Any]
    """Takes the real function, and returns the wrong one."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake that somebody could make."""

    name: str
    swaps: tuple[Swap, ...]


@contextmanager
def thrown(bug: Bug | None) -> Iterator[None]:
    """Have the program make this mistake for a while."""
    with ExitStack() as stack:
        for swap in bug.swaps if bug else ():
            real = getattr(swap.module, swap.name)
            setattr(swap.module, swap.name, swap.other(real))
            stack.callback(setattr, swap.module, swap.name, real)
        yield


Asked = tuple[Changes, bool]
_NOTHING = Changes((), None, {}, Receipt())


# --- reading -------------------------------------------------------------------------------


def _believes(*errors: type[ProviderError]) -> Callable[..., Any]:
    """Take an error for an empty calendar."""

    def other(real: Callable[..., Asked]) -> Callable[..., Asked]:
        def changes(*given: Any, **named: Any) -> Asked:
            try:
                return real(*given, **named)
            except errors:
                return _NOTHING, False

        return changes

    return other


def _expired_is_empty(real: Callable[..., Asked]) -> Callable[..., Asked]:
    del real

    def changes(provider: Any, calendar: Any, known: Any, window: Any, witnesses: Any) -> Asked:
        del witnesses
        try:
            return provider.changes(calendar.remote, calendar.token, known=known, window=window), False
        except SyncTokenExpired:
            return _NOTHING, False

    return changes


def _half_a_listing(real: Callable[..., Asked]) -> Callable[..., Asked]:
    def changes(*given: Any, **named: Any) -> Asked:
        whole, anew = real(*given, **named)
        if whole.listed is None or len(whole.listed) < 2:
            return whole, anew
        half = dict(sorted(whole.listed.items())[: len(whole.listed) // 2])
        return replace(whole, listed=half, items=tuple(one for one in whole.items if one.ref in half)), anew

    return changes


def _never_another(real: Callable[..., Asked]) -> Callable[..., Asked]:
    """Take a calendar for the same one whatever its token says."""
    return lambda *given, **named: (real(*given, **named)[0], False)


def _blurred(error: ProviderError) -> bool:
    return isinstance(error, Unreadable)


def _cached(error: ProviderError) -> bool:
    """Tell the absence out of a cache, the one answer of a server that is well which says nothing."""
    return isinstance(error, Unavailable) and error.status == HTTPStatus.OK


def _is_gone(believed: Callable[[ProviderError], bool]) -> Callable[..., Any]:
    """Take such errors for the absence of the event."""

    def other(real: Callable[..., Any]) -> Callable[..., Any]:
        def fetch(house: Any, provider: Any, calendar: Any, ref: Any) -> Any:
            answer = real(house, provider, calendar, ref)
            return (
                replace(answer, error=None) if answer.error is not None and believed(answer.error) else answer
            )

        return fetch

    return other


def _any_is_a_witness(real: Callable[..., Any]) -> Callable[..., Any]:
    """Know a calendar again by what we have written into it ourselves since it was read."""
    del real
    return lambda house, person, calendar, known: known.keys()


def _token_first(real: Callable[..., None]) -> Callable[..., None]:
    """Commit the token in one transaction, and what was seen in another."""
    del real

    def sync(house: Any, ticket: Any) -> None:
        with house.db.read() as tx:
            account = tx.accounts.get(int(ticket.key))
            person = tx.people.get(account.person_id)
            found = [(each, tx.calendars.known(each.id)) for each in tx.calendars.of_account(account.id)]
        rounds: Any = ()
        if account.grant:
            with house.calling(account, person) as provider:
                rounds = syncd.poll.look_at(house, provider, account, person, found)
        with house.db.write() as tx:
            for each in rounds:
                if each.changes is not None:
                    tx.calendars.saw(each.calendar.id, token=each.changes.token, verified_at=each.sent)
        with house.db.write() as tx:
            syncd.poll.write_rounds(house, tx, account, person, rounds)
            syncd.poll._end(house, tx, ticket, person, rounds)

    return sync


def _every_sight_is_a_look(real: Callable[..., Any]) -> Callable[..., Any]:
    def glance_at(*given: Any, via: Via) -> Any:
        del via
        return real(*given, via=Via.LOOK)

    return glance_at


def _caches_prove(real: Callable[..., Any]) -> Callable[..., Any]:
    def glance_at(*given: Any, via: Via) -> Any:
        house, tx, session, copy, person, _, sent, received = given
        return real(house, tx, session, copy, person, Receipt(), sent, received, via=via)

    return glance_at


def _any_clock_proves(real: Callable[..., bool]) -> Callable[..., bool]:
    del real
    return lambda *_: True


# --- observing -----------------------------------------------------------------------------


def _anybody_declines(real: Callable[..., Any]) -> Callable[..., Any]:
    def act_in(there: Event, owner: str) -> Any:
        act = real(there, owner)
        if act is None and PartStat.DECLINED in there.partstats.values():
            return Act.DECLINED
        return act

    return act_in


def _own_doing_counts(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take a copy that we withdrew for one that its owner removed."""

    def absent(base: Any, intent: Any, glance: Any) -> Any:
        ours = intent is not None and intent.op in {Op.WITHDRAW, Op.CREATE}
        return real(base, None if ours else intent, glance)

    return absent


def _no_cascade(real: Callable[..., Any]) -> Callable[..., Any]:
    def missing(*given: Any, cascades: bool = False) -> Any:
        del cascades
        return real(*given, cascades=False)

    return missing


def _nothing_moves_elsewhere(real: Callable[..., None]) -> Callable[..., None]:
    del real
    return lambda *_: None


def _mirrors_are_followed(real: Callable[..., bool]) -> Callable[..., bool]:
    del real
    return lambda *_: None  # type: ignore[return-value]


# --- judging -------------------------------------------------------------------------------


def _one_look_is_enough(real: Callable[..., Any]) -> Callable[..., Any]:
    def notice(session: Session, fact: Missing, *rest: Any) -> Any:
        after, effects = real(session, fact, *rest)
        sure = after.act.model_copy(update={"confirmed": Sight(at=fact.received, seq=after.seq)})
        decided, told = policy.deciding.decide(after, sure)
        return decided, (*effects, *told)

    return notice


def _restoring_is_ignored(real: Callable[..., Any]) -> Callable[..., Any]:
    del real
    return lambda before, session, fact: (session, ())


def _no_hold(real: Callable[..., Any]) -> Callable[..., Any]:
    del real
    return lambda session, pending: pending.gone.at


def _last_sight_counts(real: Callable[..., Any]) -> Callable[..., Any]:
    """Let the latest sight of the act overwrite when it was first seen."""

    def rule(session: Session, pending: Any) -> Any:
        late = Sight(at=pending.again, seq=pending.gone.seq)
        return real(session, pending.model_copy(update={"gone": late}))

    return rule


def _on_the_wall(real: Callable[..., datetime]) -> Callable[..., datetime]:
    berlin = ZoneInfo("Europe/Berlin")

    def deadline(start: datetime, agreed_at: datetime, first_seen: datetime | None, rules: Any) -> datetime:
        right = real(start, agreed_at, first_seen, rules)
        wall = (start.astimezone(berlin) - rules.notice).astimezone(start.tzinfo)
        return wall if right == start - rules.notice else right

    return deadline


def _no_grace(real: Callable[..., datetime]) -> Callable[..., datetime]:
    return lambda start, agreed_at, first_seen, rules: start - rules.notice


def _by_the_look(real: Callable[..., Any]) -> Callable[..., Any]:
    """Judge by when it was found gone, without a proof that it stood."""
    del real

    def judge(at_latest: datetime, *, present_at: Any, gone_at: datetime, stamp: Any) -> Any:
        del present_at, stamp
        return (Outcome.FORFEIT if gone_at > at_latest else Outcome.TIMELY), False, "by the look"

    return judge


def _equality_is_late(real: Callable[..., Any]) -> Callable[..., Any]:
    def judge(at_latest: datetime, *, present_at: Any, gone_at: datetime, stamp: Any) -> Any:
        early = at_latest - timedelta(minutes=3)
        return real(early, present_at=present_at, gone_at=gone_at, stamp=stamp)

    return judge


def _no_lag(real: Callable[..., Session]) -> Callable[..., Session]:
    def take(session: Session, fact: Any) -> Session:
        sharp = session.model_copy(update={"rules": session.rules.model_copy(update={"lag": timedelta(0)})})
        return real(sharp, fact).model_copy(update={"rules": session.rules})

    return take


def _looks_too_soon(real: Callable[..., Any]) -> Callable[..., Any]:
    """Look at the deadline itself, and not once every replica knows what was before it."""

    def upcoming(session: Session) -> Any:
        rules = session.rules.model_copy(update={"lag": timedelta(0)})
        return real(session.model_copy(update={"rules": rules}))

    return upcoming


def _no_deadline_look(real: Callable[..., Any]) -> Callable[..., Any]:
    def upcoming(session: Session) -> Any:
        found = real(session)
        if found.look and not session.proven_at_deadline:
            return policy.schedule.Next(at=session.end, look=False)
        return found

    return upcoming


def _mentor_alone_decides(real: Callable[..., Any]) -> Callable[..., Any]:
    """Believe a mentor's act without a look at whether the student's copy outlived it."""

    def proven(pending: Any) -> bool:
        return pending.confirmed is not None

    del real
    return proven


def _late_move_is_a_request(real: Callable[..., Any]) -> Callable[..., Any]:
    def judge(*given: Any, **named: Any) -> Any:
        outcome, unsure, why = real(*given, **named)
        return (Outcome.TIMELY if outcome is Outcome.FORFEIT else outcome), unsure, why

    return judge


def _drag_resets_the_proof(real: Callable[..., Session]) -> Callable[..., Session]:
    """Forget that it stood as soon as it stands elsewhere."""

    def take(session: Session, fact: Any) -> Session:
        after = real(session, fact)
        return after if fact.start == session.start else after.model_copy(update={"present": None})

    return take


# --- writing -------------------------------------------------------------------------------


def _every_answer_is_yes(real: Callable[..., None]) -> Callable[..., None]:
    """Take whatever a server answers to a write for a yes, and do not read it back."""
    del real

    def do(house: Any, ticket: Any, job: Any) -> None:
        with house.calling(job.at.account, job.at.person) as provider, suppress(ProviderError):
            syncd.act._send(provider, job)
        now = house.clock.now()
        there = _as_if(job) if job.draft is not None else None
        syncd.act._read_back(house, ticket, job, syncd.look.Answer(now, now, there), exists=False)

    return do


def _as_if(job: Any) -> Event:
    draft: EventDraft = job.draft
    stats = {one.address: one.partstat for one in draft.attendees}
    return Event(
        job.at.copy.ref,
        ETag('"believed"'),
        draft.uid,
        draft.start,
        draft.end,
        partstats=stats,
        silent=draft.silent,
        session=draft.session,
    )


def _a_new_id_each_time(real: Callable[..., bool]) -> Callable[..., bool]:
    def blocked(tx: Any, at: Any) -> bool:
        intent = intent_of(at.copy)
        return intent is not None and intent.op is Op.CREATE and bool(real(tx, at) or True)

    return blocked


def _no_condition(real: Callable[..., Any]) -> Callable[..., Any]:
    """Write over whatever stands there by now."""

    def send(provider: Any, job: Any) -> Any:
        for _ in range(3):
            try:
                return real(provider, job)
            except PreconditionFailed:
                there = provider.fetch(job.at.calendar.remote, job.at.copy.ref)
                step = replace(job.step, base=job.step.base.model_copy(update={"etag": there.etag}))
                job = replace(job, step=step)
        return None

    return send


def _nobody_has_refused(real: Callable[..., Any]) -> Callable[..., Any]:
    def draft(*given: Any, **named: Any) -> Any:
        return real(*given, **(named | {"refused": False}))

    return draft


def _gives_up_at_once(real: Callable[..., None]) -> Callable[..., None]:
    del real

    def set_back(tx: Any, ticket: Any, *_: Any, **__: Any) -> None:
        syncd.work.finish(tx, ticket, None)

    return set_back


def _writes_what_is_missing(real: Callable[..., Any]) -> Callable[..., Any]:
    """Put back whatever is missing, as a plain reconciler does."""

    def plan(session: Session, side: Any, base: Any, intent: Any, *more: Any, **named: Any) -> Any:
        if session.state is State.NOTICED and side is Side.STUDENT and base is None and intent is None:
            return syncd.reconcile.Create()
        return real(session, side, base, intent, *more, **named)

    return plan


def _tells_everything(real: Callable[..., Session]) -> Callable[..., Session]:
    """Write every observation down, whether it says anything new or not."""

    def write(tx: Any, session: Session, fact: Any) -> Session:
        after, effects = policy.session.advance(session, fact)
        if effects or after.state != session.state:
            return real(tx, session, fact)
        tx.ledger.append(session.id, after.seq, fact.kind, fact.model_dump(mode="json"))
        return after

    return write


def _bug(name: str, *swaps: tuple[ModuleType, str, Callable[..., Any]]) -> Bug:
    return Bug(name, tuple(Swap(*swap) for swap in swaps))


_JUDGE = (policy.ruling, policy.session)

BUGS: tuple[Bug, ...] = (
    _bug("the token comes before what was seen", (syncd.poll, "sync", _token_first)),
    _bug("absence is deletion", (policy.session, "_notice", _one_look_is_enough)),
    _bug("a lost calendar is an empty one", (syncd.poll, "_changes", _believes(AccessLost))),
    _bug("a server that is down is an empty one", (syncd.poll, "_changes", _believes(Unavailable))),
    _bug("an expired token is an empty calendar", (syncd.poll, "_changes", _expired_is_empty)),
    _bug("a calendar made anew is the old one", (syncd.poll, "_changes", _never_another)),
    _bug("half a listing is a whole one", (syncd.poll, "_changes", _half_a_listing)),
    _bug("what cannot be read is gone", (syncd.look, "fetch", _is_gone(_blurred))),
    _bug("every sight is a second look", (syncd.seen, "glance_at", _every_sight_is_a_look)),
    _bug("what a cache does not show is gone", (syncd.look, "fetch", _is_gone(_cached))),
    _bug("what a cache says proves", (syncd.seen, "glance_at", _caches_prove)),
    _bug("our own last write tells a calendar", (syncd.poll, "old_ones", _any_is_a_witness)),
    _bug("a wrong clock proves", (syncd.seen, "proves", _any_clock_proves)),
    _bug("anybody's refusal is the owner's", (syncd.observe, "act_in", _anybody_declines)),
    _bug("our own doing is somebody's act", (syncd.observe, "_absent", _own_doing_counts)),
    _bug("a copy that vanished with the other is an act", (syncd.observe, "_missing", _no_cascade)),
    _bug("what moved to another calendar is gone", (syncd.seen, "_elsewhere", _nothing_moves_elsewhere)),
    _bug("a mirror is taken for the event", (syncd.seen, "_call_mirrors", _mirrors_are_followed)),
    _bug("restoring is ignored", (policy.session, "_reappeared", _restoring_is_ignored)),
    _bug(
        "there is no hold",
        (policy.deciding, "hold_ends", _no_hold),
        (policy.schedule, "hold_ends", _no_hold),
    ),
    _bug("the last sight of an act counts", (policy.deciding, "rule", _last_sight_counts)),
    _bug(
        "the deadline is on the wall",
        (policy.notice, "deadline", _on_the_wall),
        (policy.life, "deadline", _on_the_wall),
    ),
    _bug("there is no grace", (policy.life, "deadline", _no_grace)),
    _bug("late is what was found late", *((module, "judge", _by_the_look) for module in _JUDGE)),
    _bug(
        "the deadline comes three minutes early", *((module, "judge", _equality_is_late) for module in _JUDGE)
    ),
    _bug(
        "answers are never old",
        (policy.session, "_take_sight", _no_lag),
        (policy.schedule, "_next_booked", _looks_too_soon),
    ),
    _bug("nobody looks at the deadline", (policy.schedule, "_next_booked", _no_deadline_look)),
    _bug(
        "a mentor's act needs no look at the student's",
        (policy.deciding, "mentor_proven", _mentor_alone_decides),
    ),
    _bug("a late move is a request", (policy.session, "judge", _late_move_is_a_request)),
    _bug("a drag takes the proof away", (policy.session, "_take_sight", _drag_resets_the_proof)),
    _bug("every answer to a write is a yes", (syncd.act, "_do", _every_answer_is_yes)),
    _bug("a write is tried again under a new id", (syncd.act, "_is_blocked", _a_new_id_each_time)),
    _bug("a mentor's refusal is written over", (syncd.act, "draft", _nobody_has_refused)),
    _bug("writes have no condition", (syncd.act, "_send", _no_condition)),
    _bug("what fails is given up", (syncd.work, "set_back", _gives_up_at_once)),
    _bug("what is missing is written again", (syncd.route, "plan", _writes_what_is_missing)),
    _bug("every sight is told again", (syncd.book, "_write", _tells_everything)),
)
"""Every planted bug."""
