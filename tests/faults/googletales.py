"""Small tales of people with Google, which between them make every request that the adapter can make."""

from __future__ import annotations

from collections.abc import Iterator

from policy.facts import Side
from policy.life import State
from syncd import accounts, push, work
from syncd.book import current
from syncd.engine.drain import Drain
from syncd.fitting import DUTIES
from syncd.oauth.connecting import take_back
from syncd.pictures import base_of
from syncd.store.rows import Role, SessionId
from syncd.sync import PATIENCE
from tests.faults.googletown import AT_GOOGLE, BOSS, GoogleTown
from tests.faults.tale import End, Tale
from tests.faults.tales import FORFEIT, HELD, OWED, TIMELY, called_off, settling
from tests.faults.town import Act, Town
from tests.syncd.engine.house import DAY, HOUR, LAG, ONE, START
from tests.syncd.google.ground import AMINA


def _google(town: Town) -> GoogleTown:
    assert isinstance(town, GoogleTown)
    return town


def _mentor(town: Town) -> None:
    """Have a mentor at Google, and a student who is about to connect theirs."""
    town.person("mo", Role.MENTOR, "work", url=AT_GOOGLE)
    town.person("amina", Role.STUDENT)
    _google(town).settle("amina", "life", "lessons")


def _both(town: Town) -> None:
    _mentor(town)
    town.connect("amina", "life", "lessons")


def _one_each(town: Town) -> None:
    """Have both at Google with one calendar each, and tokens that last: whatever happens needs few requests."""
    _google(town).google.manners.token_life = DAY
    town.person("mo", Role.MENTOR, "work", url=AT_GOOGLE)
    town.person("amina", Role.STUDENT, "lessons", url=AT_GOOGLE)


def _in_pages(town: Town) -> None:
    _google(town).google.manners.page_size = 1
    _mentor(town)


def _delegated(town: Town) -> None:
    _google(town).delegate()
    _one_each(town)


def _student_only(town: Town) -> None:
    town.person("mo", Role.MENTOR, "work", url=ONE)
    town.person("amina", Role.STUDENT, "life", "lessons", url=AT_GOOGLE)


def _mentor_only(town: Town) -> None:
    town.person("mo", Role.MENTOR, "work", url=AT_GOOGLE)
    town.person("amina", Role.STUDENT, "lessons", url=ONE)


def _shared(town: Town) -> None:
    _google(town).google.hand(BOSS).share(AMINA, "freeBusyReader")
    _one_each(town)


def _called(town: Town) -> None:
    _google(town).push()
    _one_each(town)


_LONGEST = 30
"""Hours for which an event is waited for; who has not seen it for long can cancel it for an hour yet."""


# --- what happens ---------------------------------------------------------------------------


def _booked(town: Town, name: str) -> Iterator[Act]:
    """Agree, and wait until the event stands for both, and both are known to us."""
    yield town.agreeing(name)
    yield town.sync
    for _ in range(_LONGEST):
        yield lambda: town.until(town.clock.now() + HOUR)
        if _is_known(town, town.names[name]):
            return


def _is_known(town: Town, session: str) -> bool:
    with town.house.db.read() as tx:
        copies = current(tx, SessionId(session))
    return len(copies) == len(Side) and all(base_of(copy) is not None for copy in copies.values())


def _late(town: Town, name: str) -> Iterator[Act]:
    """Let it become too late, and be seen then."""
    town.clock.move(town.session(town.names[name]).deadline + LAG)
    yield town.sync
    yield lambda: town.until(town.clock.now() + HOUR)


def _over(town: Town) -> Iterator[Act]:
    town.clock.move(START + 10 * HOUR)
    yield town.sync


def _kept(town: Town) -> Iterator[Act]:
    yield lambda: town.connect("amina", "life", "lessons")
    yield from _booked(town, "kept")
    yield from _late(town, "kept")
    yield from _over(town)


def _in_time(town: Town) -> Iterator[Act]:
    yield from _booked(town, "in time")
    town.delete(town.names["in time"])
    yield from settling(town)


def _too_late(town: Town) -> Iterator[Act]:
    yield from _booked(town, "late")
    yield from _late(town, "late")
    town.delete(town.names["late"])
    yield from settling(town)


def _put_back(town: Town) -> Iterator[Act]:
    yield from _booked(town, "dragged")
    yield from _late(town, "dragged")
    town.drag(town.names["dragged"], START + 6 * HOUR)
    yield town.sync
    yield from _over(town)


def _for_good(town: Town) -> Iterator[Act]:
    yield from _booked(town, "for good")
    ref = town.place(town.names["for good"])[2]
    town.delete(town.names["for good"])
    yield town.sync
    _google(town).google.hand(AMINA).purge(ref)
    yield from settling(town)


def _declined(town: Town) -> Iterator[Act]:
    yield from _booked(town, "declined")
    town.decline(town.names["declined"], Side.MENTOR, "mo")
    yield from settling(town)


def _in_words(town: Town) -> Iterator[Act]:
    yield from _booked(town, "called off")
    yield lambda: called_off(town)
    yield town.sync


def _shared_no_more(town: Town) -> Iterator[Act]:
    google = _google(town).google
    google.hand(BOSS).share(AMINA, None)
    town.clock.sleep(2 * HOUR)
    yield town.sync


def _rung(town: Town) -> Iterator[Act]:
    yield lambda: _channels(town)
    yield lambda: _disconnected(town)
    yield lambda: town.connect("amina", "lessons")
    yield town.sync


def _channels(town: Town) -> None:
    push.keep(town.house)
    Drain(town.house, DUTIES).run({}, (work.PUSH,), lambda: None, PATIENCE)


def _disconnected(town: Town) -> None:
    take_back(town.house, town.people["amina"])
    accounts.disconnect(town.house, town.people["amina"])


UNSEEN: End = (State.INCIDENT, None, {})
"""Nobody was let in until the session had begun: nothing is decided from that, and some days later it has elapsed."""

GOOGLE_TALES = (
    Tale("agreed and kept", _kept, {"kept": HELD}, setting=_in_pages),
    Tale("cancelled in time", _in_time, {"in time": TIMELY}, setting=_one_each),
    Tale("deleted too late", _too_late, {"late": FORFEIT}, {"late": (TIMELY, UNSEEN)}, _both),
    Tale("moved late and put back", _put_back, {"dragged": HELD}, {"dragged": (TIMELY,)}, _one_each),
    Tale("declined by the mentor", _declined, {"declined": OWED}, setting=_one_each),
    Tale("called off in words", _in_words, {"called off": TIMELY}, setting=_delegated),
    Tale("a mentor elsewhere, deleted for good", _for_good, {"for good": TIMELY}, setting=_student_only),
    Tale("a student elsewhere", _in_time, {"in time": TIMELY}, setting=_mentor_only),
    Tale("shared no more", _shared_no_more, {}, setting=_shared, tells=frozenset({"calendar.lost"})),
    Tale("called by Google", _rung, {}, setting=_called),
)
