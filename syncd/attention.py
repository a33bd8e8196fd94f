"""What somebody has to see to, in words: what, whose, since when, which sessions, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from policy.facts import Stop
from syncd import ailing, book, brake, doubts
from syncd.seen import copies_in
from syncd.store.rows import Incident, PersonId, SessionId
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Matter:
    """One incident as a person needs to hear of it."""

    id: int
    kind: str
    what: str
    person: str | None
    """Whose calendar or sessions it is about; ``None`` when it is the whole school."""
    since: datetime
    ended: datetime | None
    sessions: tuple[str, ...]
    """The sessions that wait for it; none once it has ended."""
    next: str
    """What to do; empty once it has ended."""


def matters(tx: Tx, *, ended: bool) -> tuple[Matter, ...]:
    """Return what has to be seen to, oldest first, or all that ever had to be."""
    return tuple(_matter(tx, one) for one in (tx.incidents.all() if ended else tx.incidents.open()))


def _matter(tx: Tx, one: Incident) -> Matter:
    owner = _owner(tx, one)
    email = tx.people.get(owner).email if owner is not None else None
    is_open = one.ended_at is None
    sessions = _sessions(tx, one, owner) if is_open else ()
    step = _NEXT.get(one.kind, _look_into)(one, email or "") if is_open else ""
    return Matter(one.id, one.kind, one.what, email, one.began_at, one.ended_at, sessions, step)


def _owner(tx: Tx, one: Incident) -> PersonId | None:
    if one.account_id is not None:
        return tx.accounts.get(one.account_id).person_id
    return tx.sessions.get(one.session_id).student_id if one.session_id is not None else None


def _sessions(tx: Tx, one: Incident, owner: PersonId | None) -> tuple[str, ...]:
    if one.kind == brake.SCHOOL:
        return tuple(each.id for each in brake.held(tx, Stop.SCHOOL))
    if one.kind == brake.PERSON and owner is not None:
        return tuple(each.id for each in brake.held(tx, Stop.PERSON, owner))
    if one.calendar_id is not None and owner is not None:
        standing = {copy.session_id for copy in copies_in(tx, one.calendar_id, owner)}
        return tuple(sorted(each for each in standing if _is_live(tx, each)))
    return (one.session_id,) if one.session_id is not None else ()


def _is_live(tx: Tx, session_id: SessionId) -> bool:
    return tx.sessions.get(session_id).live


def _reconnect(one: Incident, email: str) -> str:
    del one
    return f"ask {email} to mend the calendar or its password, then: syncd connect caldav {email} ..."


def _make_writable(one: Incident, email: str) -> str:
    del one
    return f"let the account of {email} write there, or choose another calendar: syncd connect caldav {email} ..."


def _wait(one: Incident, email: str) -> str:
    del one, email
    return "it is tried again by itself, and reading goes on; for what is to be written see: syncd status"


def _let_times_show(one: Incident, email: str) -> str:
    del one
    return f"let the account of {email} show its free and busy times, or connect it again"


def _ask_whether(one: Incident, email: str) -> str:
    session = f"syncd session cancel {one.session_id} --by student"
    return f"connect the account again (syncd connect caldav ...), or ask {email}; not coming: {session}"


def _ask_student(one: Incident, email: str) -> str:
    del one
    counts, void = f"syncd brake release {email}", f"syncd brake dismiss {email}"
    return f"ask {email} whether they meant it; if so: {counts}; if not: {void}"


def _decide_school(one: Incident, email: str) -> str:
    del one, email
    return "see: syncd brake show; if people meant it: syncd brake release; if it was a mishap: syncd brake dismiss"


def _mend_breach(one: Incident, email: str) -> str:
    del email
    timely, stands = f"syncd brake release {one.session_id}", f"syncd brake dismiss {one.session_id}"
    shows = f"syncd explain {one.session_id}"
    found = f"nothing is judged until you have seen to it: syncd doctor --all, {shows}, and tell whoever looks after syncd"
    return f"{found}; then, to let all go on (a withheld forfeit counts as timely): {timely}; or: {stands}"


def _decide_doubt(one: Incident, email: str) -> str:
    timely, stands = f"syncd brake release {one.session_id}", f"syncd brake dismiss {one.session_id}"
    return f"ask {email}; to let it count as timely: {timely}; to let the session stand: {stands}"


def _look_into(one: Incident, email: str) -> str:
    del one, email
    return "see: syncd status"


_NEXT: dict[str, Callable[[Incident, str], str]] = {
    ailing.INCIDENT: _reconnect,
    ailing.WRITING: _make_writable,
    ailing.WAITING: _wait,
    ailing.BUSY: _let_times_show,
    book.DISCONNECTED: _ask_whether,
    brake.PERSON: _ask_student,
    brake.SCHOOL: _decide_school,
    brake.BREACH: _mend_breach,
    doubts.INCIDENT: _decide_doubt,
}
