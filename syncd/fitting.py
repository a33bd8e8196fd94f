"""What the daemon is put together from: the runner, the pages, and the ways to open and reload a house."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from syncd import log, mark, work
from syncd.census import CENSUS, census
from syncd.clock import Clock
from syncd.config import Config
from syncd.engine.runner import ThreadRunner
from syncd.engine.runs import Handler
from syncd.errors import Misconfigured
from syncd.health import Pulse
from syncd.house import House
from syncd.life import Pages, Parts, Runner
from syncd.push import push
from syncd.sync import HANDLERS
from syncd.wiring import open_house, refit, refuse_demo

DUTIES: Mapping[str, Handler] = {**HANDLERS, CENSUS: census, work.PUSH: push}
"""What the daemon does, by the kind of work."""


def parts(load: Callable[[], Config], *, pages: bool) -> Parts:
    """Return the parts of a daemon that reads its configuration with *load*."""

    def load_again() -> Config:
        config = load()
        log.configure(config.log.level, config.log.format)
        return config

    return Parts(
        load=load_again,
        open=_opened,
        refit=refit,
        runner=_runner,
        pages=_pages if pages else None,
        marks=_marks,
    )


def _opened(config: Config, clock: Clock) -> House:
    house = open_house(config, clock)
    try:
        refuse_demo(house)
    except Misconfigured:
        house.db.close()
        raise
    return house


def _runner(house: House) -> Runner:
    return ThreadRunner(house, DUTIES, workers=house.config.poll.workers, per_host=house.config.poll.per_host)


def _pages(listen: str, house: Callable[[], House], pulse: Callable[[], Pulse]) -> Pages:
    from syncd.web import Pages as Served  # noqa: PLC0415 - heavy, and not everybody wants it

    return Served(listen, house, pulse)


def _marks(config: Config) -> Sequence[Path]:
    return mark.places(config, os.environ)
