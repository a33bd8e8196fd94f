"""Eight threads in one process: nobody gets another's answer, and a token that has ended is renewed once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from policy.interval import Interval
from providers.base import Event, EventRef
from syncd.house import House
from syncd.store.rows import Account, Calendar, Person
from tests.syncd.google.ground import NOW, Ground, account_of, ground, joined, person

HOUR = timedelta(hours=1)
WINDOW = Interval(NOW - HOUR, NOW + timedelta(days=8))
_PEOPLE, _THREADS, _EVENTS, _CALLS = 4, 8, 12, 5


@dataclass(frozen=True)
class Client:
    """A connected account, and what stands in its calendar."""

    person: Person
    account: Account
    calendar: Calendar
    events: dict[str, datetime]

    def ask(self, house: House) -> int:
        """Read everything a few times, and return how many answers were asked for."""
        with house.calling(self.account, self.person) as provider:
            for _ in range(_CALLS):
                found = provider.changes(self.calendar.remote, None, known={}, window=WINDOW).items
                assert {one.ref: one.start for one in found if isinstance(one, Event)} == self.events
                for ref, start in self.events.items():
                    assert provider.fetch(self.calendar.remote, EventRef(ref)).start == start
        return _CALLS * (1 + len(self.events))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Ground]:
    with ground(tmp_path) as one:
        yield one


def client(house: House, place: Ground, number: int) -> Client:
    email = f"p{number}@school.example"
    hand = place.google.add(email)
    first = NOW + number * timedelta(days=2)
    starts = (first + each * HOUR for each in range(_EVENTS))
    events = {hand.add("Lesson", start, start + HOUR / 2): start for start in starts}
    someone = person(house, email)
    joined(house, place, someone)
    account = account_of(house, someone)
    with house.db.read() as tx:
        (calendar,) = tx.calendars.of_account(account.id)
    return Client(someone, account, calendar, events)


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.long)])
def test_no_answer_reaches_another_threads_call_and_a_token_is_renewed_once_at_its_end(
    place: Ground, seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with place.house() as house, ThreadPoolExecutor(_THREADS) as pool:
        clients = [client(house, place, number) for number in range(_PEOPLE)]
        answers = hours = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end or not hours:
            place.clock.sleep(HOUR)  # every token has ended
            before = place.token_requests()
            at_once = [clients[each % _PEOPLE] for each in range(_THREADS)]
            answers += sum(pool.map(lambda one: one.ask(house), at_once))
            assert place.token_requests() == before + _PEOPLE
            hours += 1
    with capsys.disabled():
        print(f"\n{answers:,} answers to {_THREADS} threads, {hours} ends of {_PEOPLE} tokens", end="")  # noqa: T201
