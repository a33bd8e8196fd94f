"""The one true time of a play, and the computer's clock, which may be wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulation.weather import Kind, Spell, Weather


class TrueTime:
    """The time at which things happen."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._start = start

    def since(self) -> float:
        """Return seconds that only grow."""
        return (self.now - self._start).total_seconds()


class Wall:
    """The computer's clock: right, but while the weather says otherwise."""

    def __init__(self, true: TrueTime, weather: Weather) -> None:
        self._true = true
        self._weather = weather

    def now(self) -> datetime:
        """Return what the clock shows."""
        return self._true.now + self.wrong()

    def sleep(self, length: timedelta) -> None:
        """Let *length* pass."""
        self._true.now += length

    def disciplined(self) -> bool:
        """Tell whether the operating system vouches for it."""
        return self._spell() is None

    def wrong(self) -> timedelta:
        """Return how far ahead it is."""
        spell = self._spell()
        return timedelta(seconds=spell.size) if spell else timedelta(0)

    def _spell(self) -> Spell | None:
        return self._weather.now(Kind.CLOCK, self._true.now)
