"""What a request to a simulated server meets on its way there and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from providers.base import EventRef
from providers.errors import Unavailable
from tests.simulation.clock import TrueTime
from tests.simulation.places import Place
from tests.simulation.weather import Kind, Weather

_WAITS = (None, 1.0, 90.0, 3600.0)


@dataclass(slots=True)
class Wire:
    """What every request of a play goes through."""

    true: TrueTime
    weather: Weather
    chance: Random
    happen: Callable[[datetime], None]
    """Lets the world go on until a moment."""
    alive: Callable[[], None]
    """Ends the request if the program was killed meanwhile."""
    hurry: Callable[[EventRef, timedelta], None] = lambda ref, by: None
    """Lets the next act at an event come earlier."""
    requests: int = 0
    writes: int = 0

    def travel(self, place: Place) -> None:
        """Let a request reach the server, and meet what is on the way."""
        self.alive()
        self.requests += 1
        at, where = self.true.now, place.url
        slow = self.weather.now(Kind.SLOW, at, where)
        length = self.chance.uniform(1, slow.size) if slow else self.chance.uniform(0.02, 0.4)
        self._pass(length / 2)
        if self.weather.now(Kind.OUTAGE, self.true.now, where):
            self._pass(self.chance.choice((0.1, 10.0)))
            raise Unavailable("no answer", where=where)
        errors = self.weather.now(Kind.ERRORS, self.true.now, where)
        if errors and self.chance.random() < errors.size:
            wait = self.chance.choice(_WAITS)
            status = self.chance.choice((429, 500, 503))
            retry = None if wait is None else timedelta(seconds=wait)
            raise Unavailable("not now", where=where, status=status, retry_after=retry)

    def back(self, place: Place, *, write: bool) -> None:
        """Let the answer come back, or be lost."""
        slow = self.weather.now(Kind.SLOW, self.true.now, place.url)
        self._pass(self.chance.uniform(0.5, slow.size) if slow else self.chance.uniform(0.01, 0.3))
        self.alive()
        deaf = self.weather.now(Kind.DEAF, self.true.now, place.url)
        if write and deaf and self.chance.random() < deaf.size:
            raise Unavailable("the answer was cut off", where=place.url)

    def _pass(self, seconds: float) -> None:
        until = self.true.now + timedelta(seconds=seconds)
        self.happen(until)
        self.true.now = max(self.true.now, until)
