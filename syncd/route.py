"""How a mentor hears of a session: by the student's own server, by a copy of ours, or not yet.

Decided when the student's event is first written, and kept with it. A server that schedules
(RFC 6638) is believed when it says that it sent the invite, or when its copy turns up in the
mentor's calendar; one that refuses or stays silent is replaced by a copy of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from policy.facts import Missing, Side, parse
from policy.life import Session
from providers.base import Capability
from syncd import spares
from syncd.observe import Observed
from syncd.pictures import Base, Invite, Route, base_of, intent_of, invite_of
from syncd.reconcile import Create, Delete, Plan, Rest, Search, Thin, plan
from syncd.store.rows import Account, Copy, Health, PersonId, SessionId
from syncd.store.tx import Tx

DROPPED = "guest.dropped"
"""The kind of news of a student's app that drops the mentor again and again."""
_PORTS = {"http": 80, "https": 443}
_ON_ITS_WAY = ("1", "2")
"""What a status code of a sent message begins with (RFC 6638, 3.2.9)."""


def decide(tx: Tx, session: Session, copies: Mapping[Side, Copy]) -> Invite:
    """Return how the mentor is to hear of an event that is about to be written."""
    home, accounts = _home(tx, session), tx.accounts.of(PersonId(session.mentor))
    mentors = copies.get(Side.MENTOR)
    ours = mentors is not None and (mentors.intent is not None or _is_ours(mentors))
    if home is not None and Capability.SCHEDULING in Capability(home.capabilities) and not ours:
        reached = not accounts or any(_host(each) == _host(home) for each in accounts)
        if reached:
            return Invite(route=Route.PROVIDER)
    return Invite(route=_by_hand(tx, session))


def _is_ours(copy: Copy) -> bool:
    base = base_of(copy)
    return base is not None and not base.served


def _by_hand(tx: Tx, session: Session) -> Route:
    calendar = tx.calendars.sessions_calendar(PersonId(session.mentor))
    return Route.DIRECT if calendar else Route.NONE


def _home(tx: Tx, session: Session) -> Account | None:
    """Return the account into which the student's event is written."""
    calendar = tx.calendars.sessions_calendar(PersonId(session.student))
    return tx.accounts.get(calendar.account_id) if calendar else None


def _host(account: Account) -> tuple[str, int | None]:
    at = urlsplit(account.url)
    return (at.hostname or "").lower(), at.port or _PORTS.get(at.scheme)


# --- what is next --------------------------------------------------------------------


def next_plan(tx: Tx, session: Session, side: Side, copies: Mapping[Side, Copy], copy: Copy | None) -> Plan:
    """Return the one next step for the event on *side*; *copy* is where it stands, if that can be seen."""
    base, intent = (base_of(copy), intent_of(copy)) if copy else (None, None)
    invite = invite_of(copies.get(Side.STUDENT))
    if side is Side.MENTOR and Side.STUDENT not in copies:
        invite = decide(tx, session, copies)
    beside, double = (_beside(tx, copy), _double(tx, copy)) if copy else (False, None)
    step = plan(session, side, base, intent, invite, beside=beside, double=double)
    # What has begun is nobody's to write any more: who takes it away during the session means the past.
    return Rest() if isinstance(step, Create | Thin) and tx.now >= session.start else step


def _double(tx: Tx, copy: Copy) -> Thin | None:
    spare = spares.to_take_away(tx, copy)
    base = base_of(spare) if spare is not None else None
    return Thin(spare.id, base) if spare is not None and base is not None else None


def _beside(tx: Tx, copy: Copy) -> bool:
    """Tell whether a server's own copy stands beside the mentor's."""
    if copy.side is Side.STUDENT or copy.base is None:
        return False
    return any(stray.mirror is False for stray in tx.copies.strays(copy.id))


def not_before(tx: Tx, session: Session, side: Side, copies: Mapping[Side, Copy], step: Plan) -> datetime:
    """Return when *step* may be taken: a server is given ``lag`` to do its part first, and its replicas to show it."""
    invite = invite_of(copies.get(Side.STUDENT))
    match step:
        case Search() if invite is not None and invite.asked is not None:
            return max(tx.now, invite.asked + session.rules.lag)
        case Delete(base) if base.served:
            return tx.now + session.rules.lag
        case Create() if side is Side.STUDENT and (since := replaced_at(tx, session)) is not None:
            return max(tx.now, since + session.rules.lag)
        case _:
            return tx.now


def replaced_at(tx: Tx, session: Session) -> datetime | None:
    """Return when the student's event last went with its calendar; it may have been carried elsewhere until then."""
    facts = tx.ledger.facts(SessionId(session.id))
    return max((fact.recorded_at for fact in facts if fact.kind == "replaced"), default=None)


def searched(tx: Tx, session: Session) -> Account | None:
    """Return the mentor's account in which the server's invite turns up."""
    home, accounts = _home(tx, session), tx.accounts.of(PersonId(session.mentor))
    near = [each for each in accounts if home is not None and _host(each) == _host(home)]
    calendar = tx.calendars.sessions_calendar(PersonId(session.mentor))
    return near[0] if near else tx.accounts.get(calendar.account_id) if calendar else None


# --- what was seen -------------------------------------------------------------------


def mentor_speaks(tx: Tx, session: Session) -> bool:
    """Tell whether the mentor's own event is seen to stand: then it alone says what the mentor does.

    Else an answer that the student's app, or a late message, leaves in the student's event would be
    an act that the mentor's event denies, again and again.
    """
    own = [copy for copy in tx.copies.of(SessionId(session.id)) if copy.side is Side.MENTOR]
    base = base_of(own[-1]) if own else None
    if base is None or base.act is not None:
        return False
    calendar = tx.calendars.get(own[-1].calendar_id)
    return calendar.health is Health.OK and bool(tx.accounts.get(calendar.account_id).grant)


def note(tx: Tx, session: Session, copy: Copy, observed: Observed) -> None:
    """Note what a look at the student's event shows of the invite and of the guest."""
    if copy.side is Side.MENTOR or observed.base is None:
        return
    invite = invite_of(copy) or Invite(route=Route.DIRECT)
    after = _returned(_answered(tx, session, invite, observed), copy, observed.base)
    if after != invite:
        tx.copies.set_invite(copy.id, after.stored())
    base = base_of(copy)
    if observed.base.dropped and invite.returned and base is not None and not base.dropped:
        tx.feed.put(DROPPED, SessionId(session.id), PersonId(session.student), {"state": session.state})


def _answered(tx: Tx, session: Session, invite: Invite, observed: Observed) -> Invite:
    """Return *invite* after what the server says of it, or does not say."""
    if invite.route is not Route.PROVIDER or observed.fact is None:
        return invite
    if observed.delivery is None:
        waits = invite.taken or invite.asked is not None
        return invite if waits else invite.model_copy(update={"asked": observed.fact.received})
    if observed.delivery.startswith(_ON_ITS_WAY):
        return invite if invite.again else invite.model_copy(update={"taken": True})
    if any(copy.side is Side.MENTOR for copy in tx.copies.of(SessionId(session.id))):
        return invite  # its copy was seen: what was refused is a later message
    return invite.model_copy(update={"route": _by_hand(tx, session), "taken": False})


def _returned(invite: Invite, copy: Copy, now: Base) -> Invite:
    """Return *invite* after a guest was put back; a server that drops guests again and again is not fought."""
    intent, base = intent_of(copy), base_of(copy)
    written = intent is not None and intent.guest and (base is None or base.etag != now.etag)
    return invite.model_copy(update={"returned": True}) if written else invite


def take(tx: Tx, student: Copy | None) -> None:
    """Note that the server's invite stands in the mentor's calendar."""
    if student is None:
        return
    invite = invite_of(student) or Invite(route=Route.PROVIDER)
    taken = invite.model_copy(update={"route": Route.PROVIDER, "taken": True, "again": False})
    if taken != invite_of(student):
        tx.copies.set_invite(student.id, taken.stored())


def went_along(tx: Tx, session: Session, copy: Copy) -> bool:
    """Tell whether a mentor's copy may have gone with the student's event, which was away since it was last seen."""
    verified = tx.calendars.get(copy.calendar_id).verified_at
    since = session.agreed_at if verified is None else verified - session.rules.lag
    gone = (parse(row.body) for row in tx.ledger.facts(SessionId(session.id)) if row.kind == "missing")
    return any(
        isinstance(fact, Missing) and fact.side is Side.STUDENT and fact.received >= since for fact in gone
    )


def ask_again(tx: Tx, session: Session, at: datetime) -> None:
    """Have the mentor's invite looked for once more, if it went with the student's event, which is back."""
    copies = {copy.side: copy for copy in tx.copies.of(SessionId(session.id))}
    student, mentor = copies.get(Side.STUDENT), copies.get(Side.MENTOR)
    if student is None or mentor is None or is_standing(mentor):
        return
    invite = invite_of(student)
    if invite is not None and invite.route is Route.PROVIDER:
        again = invite.model_copy(update={"asked": at, "taken": False, "again": True})
        tx.copies.set_invite(student.id, again.stored())


def is_standing(copy: Copy | None) -> bool:
    """Tell whether the mentor's event stands as far as we know, or is being written."""
    return copy is not None and (copy.base is not None or copy.intent is not None)


def give_up(tx: Tx, session: Session, student: Copy) -> None:
    """Note that the server's invite did not turn up: a copy of ours takes its place."""
    invite = invite_of(student) or Invite(route=Route.PROVIDER)
    tx.copies.set_invite(student.id, invite.model_copy(update={"route": _by_hand(tx, session)}).stored())


def shown(copies: Mapping[Side, Copy]) -> Route:
    """Return how the mentor hears of the session, for whoever asks."""
    invite = invite_of(copies.get(Side.STUDENT))
    if invite is not None and invite.route is not Route.NONE:
        return invite.route
    return Route.DIRECT if Side.MENTOR in copies else Route.NONE
