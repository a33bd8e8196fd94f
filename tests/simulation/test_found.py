"""What the simulation found in this program, each in its smallest play: never again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.outcome import ground, played
from tests.simulation.plan import START, Act, Deed
from tests.simulation.small import AGREED, BEGIN, LATEST, LESSONS, LIFE, SHORT, Small, account, do, spell
from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind

_FOUND = {
    "carried away just before its calendar went": Small(
        (
            do(LATEST - 5 * HOUR, Act.CARRY),
            account(LATEST - 5 * HOUR + MINUTE, Act.DROP_CALENDAR),
            account(LATEST - 5 * HOUR + 2 * MINUTE, Act.RECONNECT),
        ),
        every=2 * HOUR,
    ),
    "carried into a calendar that cannot be read, just before its own went": Small(
        (
            do(LATEST - 5 * HOUR, Act.CARRY),
            account(LATEST - 5 * HOUR + MINUTE, Act.DROP_CALENDAR),
            account(LATEST - 5 * HOUR + 2 * MINUTE, Act.RECONNECT),
            spell(Kind.PART, LATEST - 5 * HOUR - MINUTE, 5 * HOUR, where=LIFE),
        ),
        every=2 * HOUR,
    ),
    "written through a cache that shows an empty calendar, whose tokens are forgotten": Small(
        (
            do(LATEST - 10 * HOUR, Act.REMOVE),
            spell(Kind.FORGET, LATEST + 2 * HOUR, SECOND),
            spell(Kind.CACHE, LATEST + HOUR, 20 * HOUR, 3500.0),
            spell(Kind.OUTAGE, LATEST - 9 * HOUR, 20 * HOUR),
        ),
        also=(BEGIN + 2 * DAY,),
    ),
    "emptied in time by a server that then forgets its tokens": Small(
        (
            do(LATEST - 5 * HOUR, Act.REMOVE),
            spell(Kind.FORGET, LATEST - 4 * HOUR, SECOND),
            do(LATEST + 5 * HOUR, Act.REMOVE),
        )
    ),
    "moved to another calendar, and the server takes the guest's copy along": Small(
        (do(LATEST - 5 * HOUR, Act.CARRY),), mentor=True, schedules=True, every=2 * HOUR
    ),
    "gone while its server was down for a day": Small(
        (
            spell(Kind.OUTAGE, LATEST - 24 * HOUR, DAY),
            do(LATEST - 20 * HOUR, Act.REMOVE),
        ),
        every=2 * HOUR,
    ),
    "made anew after it was seen gone, behind a cache": Small(
        (
            spell(Kind.CACHE, LATEST + HOUR, 20 * HOUR, 3500.0),
            account(LATEST + 10 * HOUR, Act.DROP_CALENDAR),
            account(LATEST + 10 * HOUR + 40 * MINUTE, Act.RECONNECT),
        ),
        every=30 * MINUTE,
    ),
    "made anew within seconds, behind a cache": Small(
        (
            spell(Kind.CACHE, LATEST, 20 * HOUR, 200.0),
            account(LATEST + 8 * HOUR, Act.DROP_CALENDAR),
            account(LATEST + 8 * HOUR + 20 * SECOND, Act.RECONNECT),
        )
    ),
    "made anew within seconds, behind a cache until after the start": Small(
        (
            spell(Kind.CACHE, LATEST, DAY + MINUTE, 200.0),
            account(LATEST + 8 * HOUR, Act.DROP_CALENDAR),
            account(LATEST + 8 * HOUR + 20 * SECOND, Act.RECONNECT),
        )
    ),
    "moved in time by a deadline that is later than it was taken to be": Small(
        (
            spell(Kind.CLOCK, START + HOUR - MINUTE, 36 * HOUR, -60.0),
            do(LATEST + 12 * MINUTE, Act.MOVE, 2.0),
            do(LATEST + 7 * HOUR, Act.MOVE, 26.0),
        ),
        near=30 * MINUTE,
    ),
    "carried late to where nothing can be understood for hours": Small(
        (
            spell(Kind.BLUR, LATEST + 2 * MINUTE + 3 * SECOND, 4 * HOUR),
            do(LATEST + 139 * MINUTE, Act.CARRY),
        ),
        every=HOUR,
        near=30 * MINUTE,
    ),
    "carried elsewhere while nobody knew whether it was written": Small(
        (
            spell(Kind.DEAF, AGREED - SECOND, 2 * SECOND, 1.0),
            spell(Kind.OUTAGE, AGREED + SECOND, 57 * MINUTE),
            do(AGREED + 56 * MINUTE, Act.CARRY),
        )
    ),
    "carried to where nothing can be read, and nobody had read it before": Small(
        (
            spell(Kind.BLUR, AGREED - 20 * MINUTE, 4 * HOUR),
            spell(Kind.PART, AGREED + 150 * MINUTE, 5 * HOUR, where=LIFE),
            do(AGREED + 151 * MINUTE, Act.CARRY),
        ),
        every=2 * HOUR,
    ),
    "carried behind a cache, and nobody had read it before": Small(
        (
            spell(Kind.CACHE, AGREED - 3 * MINUTE, 3 * DAY, 3500.0),
            do(AGREED + 34 * MINUTE, Act.CARRY),
        ),
        every=2 * HOUR,
        near=30 * MINUTE,
    ),
    "taken away while its server was down until shortly before the deadline": Small(
        (
            spell(Kind.OUTAGE, LATEST - 25 * HOUR, 25 * HOUR - 136 * MINUTE),
            do(LATEST - 20 * HOUR, Act.REMOVE),
        ),
        near=30 * MINUTE,
        seed=2,
    ),
    "the mentor's event went along, and the student's cannot be seen": Small(
        (
            spell(Kind.PART, LATEST - 191 * MINUTE, 141 * MINUTE, where=LESSONS),
            do(LATEST - 160 * MINUTE, Act.REMOVE),
        ),
        every=2 * HOUR,
        near=15 * MINUTE,
        mentor=True,
        schedules=True,
        seed=2,
    ),
    "made anew behind an outage, and before it only a cache answered whose tokens were forgotten": Small(
        (
            spell(Kind.FORGET, LATEST - 19 * HOUR, SECOND),
            spell(Kind.CACHE, LATEST - 19 * HOUR, 90 * MINUTE, 3500.0),
            spell(Kind.OUTAGE, LATEST - 17.5 * HOUR, 4 * HOUR),
            account(LATEST - 16 * HOUR, Act.DROP_CALENDAR),
            account(LATEST - 16 * HOUR + MINUTE, Act.RECONNECT),
        ),
        every=4 * HOUR,
        near=15 * MINUTE,
        also=(BEGIN + 4 * HOUR,),
        then=LATEST - 15.5 * HOUR,
    ),
    "the mentor takes the invite away, and the event is dragged away late before that was seen": Small(
        (
            do(LATEST + HOUR, Act.MENTOR_REMOVE),
            do(LATEST + HOUR + 5 * MINUTE, Act.MOVE, 3.0),
        ),
        mentor=True,
        schedules=True,
    ),
    "taken away while the account is disconnected, and the mentor's copy with it": Small(
        (
            account(LATEST + 8 * HOUR, Act.DISCONNECT),
            do(LATEST + 9 * HOUR + 5 * MINUTE, Act.REMOVE),
            account(LATEST + 12 * HOUR, Act.RECONNECT),
        ),
        every=4 * HOUR,
        also=(BEGIN - 3 * HOUR,),
        mentor=True,
        schedules=True,
        seed=3,
    ),
    "carried late to where it could not be read, while a replica still showed it": Small(
        (
            do(LATEST + 1.42 * MINUTE, Act.CARRY),
            spell(Kind.LAG, LATEST - HOUR, 2 * HOUR, 119.0),
            spell(Kind.BLUR, LATEST + 1.65 * MINUTE, 1.12 * MINUTE),
        ),
        every=30 * MINUTE,
        near=15 * MINUTE,
        seed=9722,
    ),
    "declined behind a cache that is older than the event": Small(
        (
            spell(Kind.CACHE, SHORT + 24 * MINUTE, 80 * MINUTE, 3500.0),
            do(SHORT + 25 * MINUTE, Act.DECLINE),
        ),
        every=2 * HOUR,
        near=30 * MINUTE,
        agreed=SHORT,
        mentor=True,
    ),
    "three are taken away, and the server takes none of its own tokens": Small(
        (
            spell(Kind.AMNESIA, LATEST - 19 * HOUR, DAY),
            *(Deed(LATEST - 18 * HOUR + each * MINUTE, Act.REMOVE, each) for each in range(3)),
        ),
        every=30 * MINUTE,
        near=15 * MINUTE,
        also=(BEGIN + 2 * HOUR, BEGIN + 4 * HOUR, BEGIN + 6 * HOUR),
    ),
    "copied where nothing could be understood, and taken away before all is read anew": Small(
        (
            spell(Kind.BLUR, LATEST - 3 * HOUR, 2 * HOUR),
            do(LATEST - 2 * HOUR, Act.MIRROR),
            do(LATEST + 20 * HOUR - 5 * MINUTE, Act.REMOVE),
        ),
        every=30 * MINUTE,
    ),
    "written into a new calendar, of which nobody knew yet that it is another one": Small(
        (
            spell(Kind.OUTAGE, LATEST - 10 * HOUR, 4 * HOUR),
            account(LATEST - 10 * HOUR + 2 * MINUTE, Act.DROP_CALENDAR),
            account(LATEST - 10 * HOUR + 3 * MINUTE, Act.RECONNECT),
        ),
        also=(BEGIN + 2 * HOUR,),
        then=LATEST - 9 * HOUR,
    ),
    "made anew twice, and nobody has looked in between": Small(
        (
            account(LATEST + 16 * HOUR, Act.DROP_CALENDAR),
            account(LATEST + 16 * HOUR + 40 * MINUTE, Act.RECONNECT),
            account(LATEST + 18 * HOUR, Act.DROP_CALENDAR),
            account(LATEST + 18 * HOUR + 10 * MINUTE, Act.RECONNECT),
        )
    ),
    "agreed while the server was down, and taken away just before the deadline": Small(
        (
            spell(Kind.OUTAGE, LATEST - 10 * HOUR, 10 * HOUR - 124 * MINUTE),
            do(LATEST - 46 * MINUTE, Act.REMOVE),
        ),
        every=4 * HOUR,
        near=30 * MINUTE,
        agreed=LATEST - 156 * MINUTE,
        seed=3,
    ),
    "written while no answer to a write comes back, until the start": Small(
        (spell(Kind.DEAF, BEGIN - 190 * MINUTE - SECOND, DAY, 1.0),), agreed=BEGIN - 190 * MINUTE
    ),
    "tokens forgotten, and carried within seconds, which a replica does not show yet": Small(
        (
            spell(Kind.FORGET, LATEST + 93 * MINUTE + 46 * SECOND, SECOND),
            do(LATEST + 94 * MINUTE + 7 * SECOND, Act.CARRY),
            spell(Kind.LAG, LATEST + 94 * MINUTE + 19 * SECOND, 160 * SECOND, 119.0),
        ),
        every=30 * MINUTE,
        near=15 * MINUTE,
        seed=1344,
    ),
    "written seconds before a round that a replica answers": Small(
        (spell(Kind.LAG, LATEST - 2 * HOUR, 4 * HOUR, 119.0),),
        every=30 * MINUTE,
        near=15 * MINUTE,
        also=(BEGIN + 5 * HOUR,),
        then=LATEST - 38 * SECOND,
        seed=32,
    ),
    "carried in time to where it cannot be read, and moved there late": Small(
        (
            do(LATEST - 17 * MINUTE - 18 * SECOND, Act.CARRY),
            spell(Kind.BLUR, LATEST - 17 * MINUTE - 7 * SECOND, 224 * MINUTE),
            do(LATEST + 49 * MINUTE, Act.MOVE, 5.0),
        ),
        every=2 * HOUR,
        seed=5831,
    ),
    "removed late and restored within the hold, to where it cannot be read": Small(
        (
            do(LATEST + 410 * MINUTE + 26 * SECOND, Act.CARRY),
            spell(Kind.BLUR, LATEST + 410 * MINUTE + 26 * SECOND, 194 * MINUTE),
            do(LATEST + 411 * MINUTE + 35 * SECOND, Act.REMOVE),
            do(LATEST + 413 * MINUTE + 15 * SECOND, Act.RESTORE),
        ),
        every=30 * MINUTE,
        agreed=SHORT,
        seed=9,
    ),
    "carried out of sight late, and back within the hold to where it cannot be read": Small(
        (
            do(LATEST + 49 * MINUTE + 55 * SECOND, Act.CARRY_OUT),
            spell(Kind.CACHE, LATEST + 50 * MINUTE + 32 * SECOND, 13 * MINUTE, 3500.0),
            spell(Kind.BLUR, LATEST + 84 * MINUTE + 15 * SECOND, 153 * MINUTE),
            do(LATEST + 94 * MINUTE + 33 * SECOND, Act.CARRY),
        ),
        every=30 * MINUTE,
        near=30 * MINUTE,
        seed=6145,
    ),
    "restored after a server that takes none of its tokens was taken for another one": Small(
        (
            do(LATEST - 6 * MINUTE - 40 * SECOND, Act.REMOVE),
            spell(Kind.AMNESIA, LATEST - 6 * MINUTE - 26 * SECOND, 15 * MINUTE),
            do(LATEST - 2 * MINUTE - 33 * SECOND, Act.RESTORE),
        ),
        every=2 * HOUR,
        near=30 * MINUTE,
        seed=20,
    ),
    "carried within seconds of its writing, which could not be read, to where it cannot be read": Small(
        (
            spell(Kind.BLUR, LATEST - 87 * MINUTE - 24 * SECOND, 177 * MINUTE),
            account(LATEST - 52 * MINUTE - 44 * SECOND, Act.DROP_CALENDAR),
            account(LATEST - 46 * MINUTE - 20 * SECOND, Act.RECONNECT),
            do(LATEST - 42 * MINUTE - 46 * SECOND, Act.CARRY),
        ),
        every=2 * HOUR,
        near=30 * MINUTE,
        seed=3478,
    ),
    "carried to where it cannot be read, and then only a cache answers, from before": Small(
        (
            spell(Kind.CACHE, LATEST - 27 * MINUTE - 50 * SECOND, 70 * MINUTE, 3500.0),
            spell(Kind.BLUR, LATEST - 41 * MINUTE - 41 * SECOND, 122 * MINUTE),
            do(LATEST - 41 * MINUTE - 21 * SECOND, Act.CARRY),
            account(LATEST - 39 * MINUTE - 18 * SECOND, Act.DROP_CALENDAR),
            account(LATEST - 37 * MINUTE - 53 * SECOND, Act.RECONNECT),
        ),
        every=2 * HOUR,
        near=30 * MINUTE,
        seed=3540,
    ),
    "two written into a new calendar while replicas lag": Small(
        (
            spell(Kind.LAG, LATEST - 48 * MINUTE - 49 * SECOND, 200 * MINUTE, 119.0),
            account(LATEST - 47 * MINUTE - 37 * SECOND, Act.DROP_CALENDAR),
            account(LATEST - 46 * MINUTE - 29 * SECOND, Act.RECONNECT),
        ),
        every=30 * MINUTE,
        also=(BEGIN + 4 * HOUR,),
        seed=9317,
    ),
    "carried out of sight late, from a server that soon takes none of its tokens": Small(
        (
            do(LATEST + 4 * MINUTE + 40 * SECOND, Act.CARRY_OUT),
            spell(Kind.AMNESIA, LATEST + 37 * MINUTE + 32 * SECOND, 220 * MINUTE),
        ),
        every=30 * MINUTE,
        seed=11010,
    ),
    "taken at last after a long outage, and not shown at once by a replica": Small(
        (
            spell(Kind.OUTAGE, BEGIN - 351 * MINUTE, 290 * MINUTE),
            spell(Kind.LAG, BEGIN - 31 * MINUTE, 4 * HOUR, 119.0),
        ),
        agreed=BEGIN - 231 * MINUTE,
        seed=26,
    ),
    "cancelled late and brought back within the hold, and a cache shows it cancelled after that": Small(
        (
            do(LATEST + 6 * MINUTE + 22 * SECOND, Act.CANCEL),
            do(LATEST + 31 * MINUTE + 22 * SECOND, Act.RESTORE),
            spell(Kind.CACHE, LATEST + 26 * MINUTE + 15 * SECOND, 111 * MINUTE, 3500.0),
        ),
        every=2 * HOUR,
        near=15 * MINUTE,
    ),
    "the mentor declines, and only a cache answers for hours": Small(
        (
            do(LATEST + 4 * HOUR, Act.MENTOR_DECLINE),
            spell(Kind.CACHE, LATEST + 236 * MINUTE, 12 * HOUR, 200.0),
        ),
        every=HOUR,
        near=30 * MINUTE,
        mentor=True,
    ),
    "taken at last when the account is back, and a replica does not show it for a while": Small(
        (
            spell(Kind.OUTAGE, SHORT - MINUTE, 2 * HOUR),
            spell(Kind.LAG, SHORT + 110 * MINUTE, 4 * HOUR, 119.0),
            account(SHORT + 90 * MINUTE, Act.DISCONNECT),
            account(SHORT + 157 * MINUTE, Act.RECONNECT),
        ),
        every=HOUR,
        near=30 * MINUTE,
        agreed=SHORT,
        seed=2,
    ),
    "what was just written seems to be removed for ten seconds, where ids are used once": Small(
        (spell(Kind.PHANTOM, AGREED - 5 * SECOND, 17 * SECOND),), every=30 * MINUTE, google=True
    ),
    "a part of the answers is missing where the event stands": Small(
        (spell(Kind.PART, LATEST - 2 * HOUR, 6 * HOUR, where=LESSONS),)
    ),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


@pytest.mark.parametrize("small", _FOUND.values(), ids=_FOUND.keys())
def test_what_was_found_is_found_no_more(folder: Path, small: Small) -> None:
    assert played(small.plan(), folder).wrongs == ()
