"""Doubt that repeats: whose it is, how often it was, and when a person must be asked."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from policy.facts import Actor, Doubts, Fact, Stop, Unbraked
from policy.life import Session
from policy.notice import Doubt, Verdict
from syncd.store.rows import PersonId, SessionId
from syncd.store.tx import Tx

INCIDENT = "doubt"
"""The kind of incident of a session whose doubtful case a person must decide."""


def count(tx: Tx, after: Session, fact: Fact) -> Doubts | None:
    """Return how many doubtful cases of the student came before the verdict that *fact* brings about, if it counts."""
    verdict = after.verdict
    asked = isinstance(fact, Unbraked) and fact.scope is Stop.DOUBT
    if verdict is None or asked or not _is_theirs(tx, after, verdict):
        return None
    since = tx.now - after.rules.doubts_window
    return Doubts(at=tx.now, count=tx.incidents.counted_doubts(PersonId(after.student), since))


def _is_theirs(tx: Tx, session: Session, verdict: Verdict) -> bool:
    """Tell whether the cause of the doubt lies on the student's side, by what the evidence tells."""
    if verdict.actor is not Actor.STUDENT:
        return False
    cause = _cause(session, verdict)
    if cause in {Doubt.ACCESS_LOST, Doubt.UNREADABLE}:
        return True
    return cause is Doubt.SERVER_DOWN and _only_theirs(tx, session)


def _cause(session: Session, verdict: Verdict) -> Doubt | None:
    """Return the cause; of a second look that could not be had it is whatever hid the calendar then."""
    trouble = session.trouble
    if verdict.doubt is not Doubt.UNCONFIRMED:
        return verdict.doubt
    if trouble is None or (trouble.until is not None and verdict.gone_at and trouble.until < verdict.gone_at):
        return None
    return next((doubt for doubt in Doubt if doubt == trouble.cause), None)


def _only_theirs(tx: Tx, session: Session) -> bool:
    """Tell whether the server that could not be reached is the student's alone, and no other was out of reach."""
    trouble = session.trouble
    if trouble is None or _shared(tx, session):
        return False
    beside = tx.incidents.blinded_beside(PersonId(session.student), trouble.since, _end(tx, trouble.until))
    return all(body["cause"] != Doubt.SERVER_DOWN for body in beside)


def _end(tx: Tx, until: datetime | None) -> datetime:
    return tx.now if until is None else until


def _shared(tx: Tx, session: Session) -> bool:
    mine = {_host(each.url) for each in tx.accounts.of(PersonId(session.student))}
    others = {_host(each.url) for each in tx.accounts.all() if each.person_id != session.student}
    return bool(mine & others)


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def begin(tx: Tx, session: Session) -> None:
    """Ask for somebody who decides about *session*."""
    email = tx.people.get(PersonId(session.student)).email
    cause = session.proposed.doubt if session.proposed else None
    what = f"another doubtful case of {email} ({cause}): it is timely only if somebody releases it"
    tx.incidents.begin(INCIDENT, None, None, SessionId(session.id), what)


def end(tx: Tx, session: Session) -> None:
    """Note that *session* needs no decision any more."""
    tx.incidents.end(INCIDENT, session_id=SessionId(session.id))
