"""One server that drips a byte a second among the accounts of another: does anybody else wait for it?

``python -m tests.endurance.drip --accounts 100 --laps 8``
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from providers.base import CalendarId, Capability
from syncd import work
from syncd.config import read
from syncd.demo.front import free_port
from syncd.house import House, identity
from syncd.store.rows import CalendarChoice, Role
from syncd.store.tx import Tx
from syncd.vault import Vault
from syncd.wiring import CALDAV, open_house
from tests.endurance.child import Daemon, wait_for
from tests.endurance.fake import HOST, Tap, fake

MOST = 1.2
"""How much longer a round of everybody else may take at most."""
_GUARD = 120.0


@dataclass(frozen=True, slots=True)
class Laps:
    """How long a round of all the others took, without and with one that drips: laps of both took turns."""

    calm: list[float]
    dripping: list[float]

    @property
    def ratio(self) -> float:
        """How much longer it takes when one drips."""
        return statistics.median(self.dripping) / statistics.median(self.calm)

    def lines(self, accounts: int) -> list[str]:
        """Return what there is to say."""
        return [
            f"{name}: {accounts} accounts in {statistics.median(laps):.2f} s"
            f" (median of {len(laps)} laps; {min(laps):.2f} to {max(laps):.2f})"
            for name, laps in (("nobody drips", self.calm), ("one drips   ", self.dripping))
        ] + [f"ratio {self.ratio:.2f}, may be {MOST}"]


@dataclass
class Lane:
    """The accounts, the server, and the daemon between them."""

    house: House
    tap: Tap
    accounts: list[str]
    """Keys of the accounts on the fast server."""
    dripper: str

    def lap(self) -> float:
        """Have every account looked at once, and return how long that took, first answer to last."""
        before = len(self.tap.asked())
        self.want(self.accounts)
        wait_for(lambda: self._done(before), _GUARD, "a round of every account")
        times = [at for _, at in self.tap.asked()[before:]]
        return max(times) - min(times)

    def drip(self) -> None:
        """Turn the tap on, and wait until the daemon hangs on it."""
        self.tap.turn(on=True)
        self.want([self.dripper])
        wait_for(lambda: self.tap.dripping() > 0, _GUARD, "a drop")

    def dry(self) -> None:
        """Turn the tap off, and wait until nobody hangs on it."""
        self.tap.turn(on=False)
        wait_for(lambda: self.tap.dripping() == 0, _GUARD, "the end of the drops")

    def want(self, keys: list[str]) -> None:
        """Ask for a round of these accounts now."""
        with self.house.db.write() as tx:
            for key in keys:
                tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)

    def _done(self, before: int) -> bool:
        time.sleep(0.1)  # to ask is work for the server too
        return len({name for name, _ in self.tap.asked()[before:]}) == len(self.accounts)


def measure(directory: Path, accounts: int, laps: int) -> Laps:
    """Measure laps without and with a server that drips, in turns."""
    with _lane(directory, accounts) as lane:
        lane.lap()  # everything is warm then, and nothing is due by itself for an hour
        calm, dripping = [], []
        for number in range(laps):
            if number:
                lane.dry()
            calm.append(lane.lap())
            lane.drip()
            dripping.append(lane.lap())
            assert lane.tap.dripping(), "the daemon gave up before the others were done"
        return Laps(calm, dripping)


@contextmanager
def _lane(directory: Path, accounts: int) -> Iterator[Lane]:
    directory.mkdir(parents=True, exist_ok=True)
    with fake() as tap:
        config = directory / "config.toml"
        config.write_text(_config(tap), encoding="utf-8")
        Vault.create(read(config).keys.file)
        house, daemon = open_house(read(config)), Daemon(config)
        try:
            with house.db.write() as tx:
                keys = [_account(house, tx, tap.fast, f"fast{number}") for number in range(accounts)]
                dripper = _account(house, tx, tap.slow, "drip")
            daemon.start()
            yield Lane(house, tap, keys, dripper)
        finally:
            daemon.kill()
            house.db.close()


def _account(house: House, tx: Tx, port: int, name: str) -> str:
    person = tx.people.add(f"{name}@school.example", name, Role.STUDENT, "UTC")
    url = f"http://{HOST}:{port}/{name}/"
    account = tx.accounts.add(person.id, CALDAV, url, name, b"\0", Capability.SYNC_TOKEN.value)
    tx.accounts.put_grant(account.id, house.vault.seal(b"secret", identity(account.id, person.id)))
    tx.calendars.replace(account.id, [CalendarChoice(CalendarId(f"{url}work/"), "work", True, True)])
    return work.account_key(account.id)


def _config(tap: Tap) -> str:
    return f"""\
[poll]
every = "1h"
[caldav]
allow = ["{HOST}:{tap.fast}", "{HOST}:{tap.slow}"]
[web]
listen = "{HOST}:{free_port()}"
[log]
format = "json"
"""


def main() -> int:
    """Measure once by the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--laps", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        laps = measure(Path(directory), given.accounts, given.laps)
    print("\n".join(laps.lines(given.accounts)))  # noqa: T201
    return laps.ratio > MOST


if __name__ == "__main__":
    sys.exit(main())
