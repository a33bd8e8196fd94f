"""Contestants that look at one calendar again and again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contestant import Turn
from benchmarks.ground import PASSWORD, USER

if TYPE_CHECKING:
    import requests

    from syncd.house import House

AT_ONCE = 5
"""Looks in one round: a single one after a pause mostly measures cold caches."""
_TOKEN = re.compile(rb"<(?:\w+:)?sync-token>([^<]+)<")
_BODY = (
    '<?xml version="1.0" encoding="utf-8"?>\n<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token>'
    "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
)
_MULTI_STATUS = 207
_CONFIG = """\
[general]
status_path = "{folder}/status/"
[pair one]
a = "there"
b = "here"
collections = ["calendar"]
[storage there]
type = "caldav"
url = "{url}"
username = "{user}"
password = "{password}"
[storage here]
type = "filesystem"
path = "{folder}/here/"
fileext = ".ics"
"""


class Changed(Exception):
    """Something was found where nothing had changed, so that this was no idle round."""


@contextmanager
def ours(url: str, path: str, folder: str) -> Iterator[Turn]:
    """Run our round as the daemon does: claim, one request, everything kept and the next time noted."""
    from benchmarks.ground import house_in, person  # noqa: PLC0415 - a contestant imports what it needs
    from syncd import accounts  # noqa: PLC0415
    from syncd.wiring import CALDAV  # noqa: PLC0415

    del path
    with house_in(Path(folder), url) as house:
        accounts.connect(house, person(house), accounts.Login(CALDAV, url, USER, PASSWORD), [], None)
        yield turn_of(house)


def turn_of(house: House) -> Turn:
    """Return a few rounds of the one account in *house*, as the daemon does them."""
    from syncd import work  # noqa: PLC0415
    from syncd.sync import HANDLERS  # noqa: PLC0415

    def ready() -> None:
        with house.db.write() as tx:
            (row,) = tx.due.all([work.SYNC])
            tx.due.set_time(work.SYNC, row.key, tx.now, prio=row.prio, excl=row.excl)

    def run() -> None:
        for _ in range(AT_ONCE):
            with house.db.write() as tx:
                tx.due.want(work.SYNC, "1", excl="1")
            with house.db.write() as tx:
                (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC])
            HANDLERS[work.SYNC](house, ticket)

    return Turn(run, ready=ready, per=AT_ONCE)


@contextmanager
def raw(url: str, path: str, folder: str) -> Iterator[Turn]:
    """Do the least that a client can: one kept session, one REPORT with the token, nothing kept."""
    import requests  # noqa: PLC0415

    del folder
    with requests.Session() as session:
        session.auth = (USER, PASSWORD)
        place = url.rstrip("/") + path
        token = _token(bare_report(session, place, ""))

        def run() -> None:
            for _ in range(AT_ONCE):
                if b"<response>" in bare_report(session, place, token):
                    raise Changed

        yield Turn(run, per=AT_ONCE)


@contextmanager
def vdirsyncer(url: str, path: str, folder: str) -> Iterator[Turn]:
    """Run ``vdirsyncer sync`` into a directory, as a timer would."""
    del path
    config = Path(folder) / "config"
    config.write_text(_CONFIG.format(folder=folder, url=url, user=USER, password=PASSWORD))
    _vdirsyncer(config, "discover", said="y\n" * 4)
    _vdirsyncer(config, "sync")
    yield Turn(lambda: _vdirsyncer(config, "sync"))


@contextmanager
def vdirsyncer_start(url: str, path: str, folder: str) -> Iterator[Turn]:
    """Start vdirsyncer and nothing else, which is in every run of it."""
    del url, path
    yield Turn(lambda: _vdirsyncer(Path(folder) / "config", "--version"))


def _vdirsyncer(config: Path, *arguments: str, said: str = "") -> None:
    command = [sys.executable, "-m", "vdirsyncer", "--config", str(config), *arguments]
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["vdirsyncer failed without a word"]
        raise SystemExit(lines[-1])


def bare_report(session: requests.Session, place: str, token: str) -> bytes:
    """Return the answer to one REPORT with *token*."""
    headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": "0"}
    body = _BODY.format(token=token).encode()
    answer = session.request("REPORT", place, data=body, headers=headers, timeout=600)
    if answer.status_code != _MULTI_STATUS:
        raise SystemExit(f"the server answered {answer.status_code}")
    return answer.content


def _token(answer: bytes) -> str:
    found = _TOKEN.search(answer)
    if found is None:
        raise SystemExit("the server gave no token")
    return found[1].decode()
