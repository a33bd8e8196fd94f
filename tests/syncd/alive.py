"""A daemon's life without its process: a runner that only notes what it is told, and a queue of what is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

from syncd.clock import Clock
from syncd.config import Config
from syncd.health import Pulse
from syncd.house import House
from syncd.life import Life, Pages, Parts, Resting, Runner, Said

PATIENCE = 30
"""A hang guard, nothing else."""


@dataclass
class Idle:
    """A runner that does nothing."""

    house: House
    calm: bool = True
    pulses: Resting = field(default_factory=Resting)
    heard: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.heard.append("start")

    def kick(self) -> None:
        self.heard.append("kick")

    def replace(self, house: House) -> None:
        self.house = house
        self.heard.append("replace")

    def stop(self, grace: timedelta) -> bool:
        self.heard.append("stop")
        return self.calm

    def pulse(self) -> Pulse:
        return self.pulses


@dataclass
class Stage:
    """What a life is played on."""

    open: Callable[[Config, Clock], House]
    folder: Path
    config: Config
    """What the configuration's file says."""
    runners: list[Idle] = field(default_factory=list)
    runner: Callable[[House], Idle] = Idle
    pages: Callable[[str, Callable[[], House], Callable[[], Pulse]], Pages] | None = None

    @property
    def mark(self) -> Path:
        return self.folder / "ledger.mark"

    def parts(self) -> Parts:
        return Parts(self._load, self.open, _refit, self._runner, self.pages, self._marks)

    def _load(self) -> Config:
        return self.config

    def _runner(self, house: House) -> Runner:
        self.runners.append(self.runner(house))
        return self.runners[-1]

    def _marks(self, _: Config) -> Sequence[Path]:
        return (self.mark,)

    @contextmanager
    def alive(self, clock: Clock) -> Iterator[Life]:
        """Live from the end of the start to the end of the block."""
        said: SimpleQueue[Said] = SimpleQueue()
        life = Life(self.config, self.parts(), clock, said.put)
        errors: list[BaseException] = []
        thread = threading.Thread(target=_keeping, args=(life.live, errors, said), daemon=True)
        thread.start()
        try:
            assert said.get(timeout=PATIENCE) is Said.UP, errors
            yield life
        finally:
            life.close(timedelta(seconds=5))
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert not errors


def _keeping(live: Callable[[], None], errors: list[BaseException], said: SimpleQueue[Said]) -> None:
    try:
        live()
    except BaseException as error:
        errors.append(error)
        said.put(Said.OVER)
        raise


def _refit(house: House, config: Config) -> House:
    return replace(house, config=config)
