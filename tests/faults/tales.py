"""Small tales that between them come to every point of the engine, each with the end that it must have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from policy.facts import Actor, Decision, Side
from policy.life import State
from policy.notice import Outcome
from providers.base import Capability
from providers.errors import Unavailable
from syncd import accounts, jumps, rollcall, sessions, work
from syncd.census import CENSUS
from syncd.clock import Step
from syncd.decisions import decide, stopped
from syncd.engine.drain import Drain
from syncd.errors import Problem
from syncd.fitting import DUTIES
from syncd.mark import Mark
from syncd.restored import take_back, verified_again
from syncd.store.growth import growth
from syncd.store.rows import Role
from syncd.sync import PATIENCE
from syncd.wiring import _same_key
from tests.faults.daemons import living, working
from tests.faults.tale import End, Tale, people
from tests.faults.town import Act, Town
from tests.syncd.engine.house import _VAULT, DAY, HOUR, LAG, MINUTE, NOW, ONE, PASSWORD, START, Play
from tests.syncd.engine.test_acts import SECOND

TIMELY: End = (State.CANCELLED, Outcome.TIMELY, {})
FORFEIT: End = (State.FORFEITED, Outcome.FORFEIT, {})
OWED: End = (State.RELEASED, Outcome.NOT_STUDENT, {})
HELD: End = (State.ELAPSED, None, {"lessons": 1, "work": 1})
_AMINA = "amina@school.example"
_SETTLED = 31 * MINUTE


# --- what students and mentors do ------------------------------------------------------


def settling(town: Town) -> Iterator[Act]:
    """See an act, look at it a second time, and let its hold run out."""
    yield town.sync
    town.clock.sleep(MINUTE)
    yield town.sync
    town.clock.sleep(40 * MINUTE)
    yield town.sync


def _kept_up(town: Town) -> Iterator[Act]:
    """Do what is due, and an hour later what had to be tried again."""
    yield town.sync
    town.clock.sleep(HOUR)
    yield town.sync


def _in_time(town: Town) -> Iterator[Act]:
    yield town.agreeing("in time")
    yield from _kept_up(town)
    town.delete(town.names["in time"])
    yield from settling(town)


def _too_late(town: Town) -> Iterator[Act]:
    yield town.agreeing("late")
    yield town.sync
    town.clock.move(START - DAY + LAG)
    yield town.sync
    town.clock.sleep(HOUR)
    town.delete(town.names["late"])
    yield from settling(town)


def _dragged_late(town: Town) -> Iterator[Act]:
    yield town.agreeing("dragged")
    yield from _kept_up(town)
    town.clock.move(START - DAY + LAG)
    yield town.sync
    town.clock.sleep(HOUR)
    town.drag(town.names["dragged"], START + 6 * HOUR)
    yield town.sync
    town.clock.move(START + 10 * HOUR)
    yield town.sync


def _in_words(town: Town) -> Iterator[Act]:
    yield town.agreeing("called off")
    yield from _kept_up(town)
    yield lambda: called_off(town)
    yield town.sync


def called_off(town: Town) -> None:
    with suppress(Problem):  # it was, before the process was killed
        sessions.cancel(town.house, town.names["called off"], Actor.STUDENT, "ill")


def _given_up(town: Town) -> Iterator[Act]:
    yield town.agreeing("given up")
    yield from _kept_up(town)
    town.delete(town.names["given up"], Side.MENTOR)
    yield from settling(town)


def _carried(town: Town) -> Iterator[Act]:
    yield town.agreeing("carried")
    yield from _kept_up(town)
    town.carry(town.names["carried"], "life")
    yield town.sync
    town.clock.move(START + 10 * HOUR)
    yield town.sync


# --- what servers do -------------------------------------------------------------------


def _down(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    town.faults.every("create", Unavailable("not now"))
    yield town.sync
    town.faults.mend()
    town.clock.sleep(HOUR)
    yield town.sync
    town.servers[ONE].change_password("amina", "another")
    town.clock.move(START - DAY + LAG)
    yield town.sync
    town.clock.sleep(HOUR)
    yield town.sync
    town.servers[ONE].change_password("amina", PASSWORD)
    town.clock.sleep(2 * HOUR)
    yield town.sync
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _gone_for_a_while(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield from _kept_up(town)
    town.servers[ONE].delete_calendar(town.calendars["lessons"])
    yield town.sync
    town.servers[ONE].restore_calendar(town.calendars["lessons"])
    town.clock.sleep(HOUR)
    yield town.sync
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _another_in_its_place(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield from _kept_up(town)
    town.replace()
    town.faults.hook = lambda _name: town.clock.sleep(
        SECOND
    )  # what was read before is older than what was seen
    yield town.sync
    town.faults.hook = lambda _name: None
    town.clock.sleep(HOUR)
    yield from _kept_up(town)
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _forgotten_before_the_second_look(town: Town) -> Iterator[Act]:
    yield town.agreeing("in time")
    yield from _kept_up(town)
    town.delete(town.names["in time"])
    yield town.sync
    town.servers[ONE].forget_tokens(town.calendars["lessons"])
    town.clock.sleep(MINUTE)
    yield lambda: _looked(town)
    town.clock.sleep(40 * MINUTE)
    yield town.sync


def _looked(town: Town) -> None:
    """Take the looks that are due, and no round."""
    Drain(town.house, DUTIES).run({}, (work.LOOK,), lambda: None, PATIENCE)


def _locked_out(town: Town) -> Iterator[Act]:
    yield town.agreeing("in time")
    yield from _kept_up(town)
    town.delete(town.names["in time"])
    yield town.sync
    town.servers[ONE].change_password("amina", "another")
    town.clock.sleep(MINUTE)
    yield town.sync
    town.clock.sleep(3 * HOUR)
    yield town.sync
    town.servers[ONE].change_password("amina", PASSWORD)
    town.clock.sleep(HOUR)
    yield town.sync


def _forgetful(town: Town) -> None:
    town.doors.capabilities |= Capability.FREE_BUSY
    people(town)


def _forgotten(town: Town) -> Iterator[Act]:
    yield town.sync
    for title in town.calendars.values():
        town.servers[ONE].forget_tokens(title)
    yield town.sync


def _scheduling(town: Town) -> None:
    town.doors.capabilities |= Capability.SCHEDULING
    town.person("amina", Role.STUDENT, "lessons")
    town.person("mo", Role.MENTOR, "work")


def _no_invite_comes(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield town.sync
    town.clock.sleep(LAG + MINUTE)
    yield from _kept_up(town)
    yield from _kept_up(town)
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _at_google(town: Town) -> None:
    town.doors.capabilities |= Capability.FREE_BUSY | Capability.SCHEDULING | Capability.STAMPS
    server = town.servers[ONE]
    server.joint = server.once = True
    server.add_account("amina", PASSWORD)
    town.calendars["boss"] = server.add_calendar("amina", "boss", times_only=True)
    town.person("amina", Role.STUDENT, "boss", "life", "lessons")
    town.person("mo", Role.MENTOR, "work")
    server.host("mo@school.example", town.calendars["work"], "")


def _like_google(town: Town) -> Iterator[Act]:
    yield town.agreeing("late")
    yield town.agreeing("in time", start=START + 2 * HOUR)
    yield town.agreeing("kept", start=START + 4 * HOUR)
    yield town.sync
    town.clock.sleep(HOUR)
    yield town.sync
    town.clock.sleep(HOUR)
    town.delete(town.names["in time"])
    yield from settling(town)
    town.clock.move(START - DAY + LAG)
    yield town.sync
    town.clock.sleep(HOUR)
    town.delete(town.names["late"])
    yield from settling(town)
    town.clock.move(START - DAY + 4 * HOUR + LAG)
    yield town.sync
    town.clock.move(START + 8 * HOUR)
    yield town.sync


# --- what people say --------------------------------------------------------------------


def _reconnected(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield from _kept_up(town)
    yield lambda: accounts.disconnect(town.house, town.people["amina"])
    town.clock.move(START - DAY + LAG)
    yield town.sync
    yield lambda: Play.connect(town, "amina", "life", "lessons")
    yield town.sync
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _braked(town: Town) -> Iterator[Act]:
    names = [f"number {number}" for number in range(4)]
    for number, name in enumerate(names):
        yield town.agreeing(name, start=START + 2 * number * HOUR)
    yield from _kept_up(town)
    for name in names:
        town.delete(town.names[name])
    yield town.sync
    town.clock.sleep(MINUTE)
    yield town.sync
    town.clock.sleep(_SETTLED)
    yield town.sync
    yield lambda: _let_go(town)
    yield town.sync


def _let_go(town: Town) -> None:
    with town.house.db.read() as tx:
        on = bool(stopped(tx))
    if on:
        decide(town.house, _AMINA, Decision.RELEASE, "IT")


# --- what happens to the program itself -------------------------------------------------


def _kept_in_order(town: Town) -> Iterator[Act]:
    yield lambda: _same_key(town.house.db, _VAULT, town.house.config)
    yield town.agreeing("kept")
    yield town.sync
    yield lambda: rollcall.accounts(town.house)
    yield lambda: rollcall.sessions(town.house)
    yield lambda: jumps.note(town.house, Step(town.clock.now(), -HOUR))
    yield from _kept_up(town)
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _restored(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield from _kept_up(town)
    mark = Mark("db", 10**6, 10**6, NOW.isoformat())
    yield lambda: take_back(town.house, growth(town.url), mark)
    yield town.sync
    town.faults.every("changes", Unavailable("not now"))
    yield lambda: _counted(town)
    town.faults.mend()
    town.clock.sleep(HOUR)
    yield lambda: _counted(town)
    yield town.sync
    yield lambda: verified_again(town.house)
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _counted(town: Town) -> None:
    Drain(town.house, DUTIES).run({}, (CENSUS,), lambda: None, PATIENCE)


class Unexpected(RuntimeError):
    """An error that no code knows."""


def _stumbled(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    left = ["changes"]

    def stumble(name: str) -> None:
        if name in left:
            left.remove(name)
            raise Unexpected

    town.faults.hook = stumble
    yield lambda: _synced_anyhow(town)
    town.clock.sleep(HOUR)
    yield town.sync
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _synced_anyhow(town: Town) -> None:
    with suppress(Unexpected):
        town.sync()


def _by_threads(town: Town) -> Iterator[Act]:
    yield town.agreeing("in time")
    yield lambda: working(town)
    town.clock.sleep(HOUR)
    town.delete(town.names["in time"])
    yield lambda: working(town)
    town.clock.sleep(40 * MINUTE)
    yield lambda: working(town)


def _slow(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield lambda: working(town, slow=True)
    town.clock.sleep(2 * HOUR)
    yield lambda: working(town, full="poll.sync:commit")
    town.clock.move(START + 3 * HOUR)
    yield town.sync


def _a_daemon(town: Town) -> Iterator[Act]:
    yield town.agreeing("kept")
    yield lambda: living(town)
    yield town.sync
    yield lambda: living(town)
    town.clock.move(START + 3 * HOUR)
    yield town.sync


# --- all of it ----------------------------------------------------------------------------


def _busy_setting(town: Town) -> None:
    people(town)
    town.person("una", Role.MENTOR)


def _busy(town: Town) -> Iterator[Act]:
    """Five acts beside each other."""
    for number, name in enumerate(("in time", "late", "moved", "kept")):
        yield town.agreeing(name, "mo" if not number else "una", START + number * HOUR)
    yield town.agreeing("given up", "mo", START + 4 * HOUR)
    yield town.sync
    town.clock.move(NOW + HOUR)
    yield town.sync
    town.clock.move(NOW + 3 * HOUR)
    town.delete(town.names["in time"])
    town.carry(town.names["kept"], "life")
    town.delete(town.names["given up"], Side.MENTOR)
    yield from settling(town)
    town.clock.move(NOW + 5 * HOUR)
    yield town.sync
    town.clock.move(NOW + DAY + 3 * HOUR + LAG)
    yield town.sync
    town.clock.sleep(HOUR)
    town.delete(town.names["late"])
    town.drag(town.names["moved"], START + 6 * HOUR)
    yield town.sync
    town.clock.sleep(MINUTE)
    yield town.sync
    town.clock.sleep(HOUR)
    yield town.sync
    town.clock.move(START + 10 * HOUR)
    yield town.sync


_ASKED: End = (State.ELAPSED, None, {"lessons": 1})
_MAY_BE_ASKED: tuple[End, ...] = (_ASKED, HELD)
"""The proof of the mentor's act could not be had in time: the mentor is asked."""

BUSY = Tale(
    "a busy week",
    _busy,
    {
        "in time": TIMELY,
        "late": FORFEIT,
        "moved": _ASKED,
        "kept": (State.ELAPSED, None, {"life": 1}),
        "given up": OWED,
    },
    {"late": (TIMELY,), "given up": _MAY_BE_ASKED},
    _busy_setting,
)
TALES = (
    Tale("cancelled in time", _in_time, {"in time": TIMELY}),
    Tale("deleted too late", _too_late, {"late": FORFEIT}, {"late": (TIMELY,)}),
    Tale("dragged too late", _dragged_late, {"dragged": HELD}),
    Tale("called off in words", _in_words, {"called off": TIMELY}),
    Tale("given up by the mentor", _given_up, {"given up": OWED}, {"given up": _MAY_BE_ASKED}),
    Tale("carried to another calendar", _carried, {"carried": (State.ELAPSED, None, {"life": 1, "work": 1})}),
    Tale("a server that is down", _down, {"kept": HELD}),
    Tale("a calendar that was gone for a while", _gone_for_a_while, {"kept": HELD}),
    Tale("a calendar with another one in its place", _another_in_its_place, {"kept": HELD}),
    Tale("forgotten before the second look", _forgotten_before_the_second_look, {"in time": TIMELY}),
    Tale("locked out before the second look", _locked_out, {"in time": TIMELY}),
    Tale("a server that forgets", _forgotten, {}, {}, _forgetful),
    Tale("an invite that never comes", _no_invite_comes, {"kept": HELD}, {}, _scheduling),
    Tale(
        "a server like Google",
        _like_google,
        {"late": FORFEIT, "in time": TIMELY, "kept": HELD},
        {"late": (TIMELY,)},
        _at_google,
    ),
    Tale("disconnected and connected again", _reconnected, {"kept": HELD}),
    Tale("stopped by the brake", _braked, {f"number {number}": TIMELY for number in range(4)}),
    Tale("kept in order", _kept_in_order, {"kept": HELD}),
    Tale("restored from a backup", _restored, {"kept": HELD}),
    Tale("an error that nobody knows", _stumbled, {"kept": HELD}),
    Tale("worked by threads", _by_threads, {"in time": TIMELY}),
    Tale("a slow server and a full disk", _slow, {"kept": HELD}),
    Tale("a daemon's life", _a_daemon, {"kept": HELD}),
)
