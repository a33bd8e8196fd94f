"""One calendar on a real server, and nothing has changed: what a look at it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import requests

from benchmarks.calendars import calendar
from benchmarks.contest import Entry, Score, warm
from benchmarks.derivation import SEED
from benchmarks.ground import PASSWORD, USER
from benchmarks.relay import Relay, relay
from benchmarks.report import Line, Result
from benchmarks.rounders import bare_report
from benchmarks.scale import Scale
from syncd.demo.servers import Server, radicale

_PEERS = (
    ("syncd, the whole round", "benchmarks.rounders:ours"),
    ("requests, the bare REPORT", "benchmarks.rounders:raw"),
    ("vdirsyncer sync, a process each time", "benchmarks.rounders:vdirsyncer"),
    ("vdirsyncer, its start alone", "benchmarks.rounders:vdirsyncer_start"),
)


def idle(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare an idle round of one calendar on Radicale."""
    with radicale(folder / "server", {USER: PASSWORD}) as server, ExitStack() as ends:
        path = filled(server, scale.resources)
        entries = [
            _entry(ends.enter_context(relay(server.port)), path, folder / f"client-{number}", *peer)
            for number, peer in enumerate(_PEERS)
        ]
        scores = warm(entries, scale.rounds)
        title = f"An idle round of one calendar with {scale.resources:,} events on Radicale"
        yield Result(title, "CPU ms", tuple(line(score) for score in scores), scale.rounds, _REMARK)


_REMARK = "CPU is the client's; wall time includes the server's own and that of a counting relay."


def filled(server: Server, size: int) -> str:
    """Lay *size* events as files into a calendar of the server, and return its path."""
    path = urlsplit(server.hand(USER).make_calendar("calendar")).path
    store = server.directory / "radicale.data" / "collection-root" / path.strip("/")
    for number, event in enumerate(calendar(size, SEED).events):
        (store / f"{number:06d}.ics").write_bytes(event.document())
    with requests.Session() as session:  # the server reads every file once, and that is nobody's round
        session.auth = (USER, PASSWORD)
        bare_report(session, server.url.rstrip("/") + path, "")
    return path


def _entry(counting: Relay, path: str, folder: Path, who: str, function: str) -> Entry:
    folder.mkdir()
    given = {"url": counting.url, "path": path, "folder": str(folder)}
    return Entry(who, function, given, counting.read)


def line(score: Score) -> Line:
    """Return what one round cost a contestant, and what passed its relay."""
    cpu, wall = score.middle("cpu"), score.middle("wall")
    if cpu is None or wall is None:
        return Line(score.entry.who, None, score.why)
    counted = {name: f"{score.counted(name):,.0f}" for name in ("requests", "bytes")}
    details = {
        "wall ms": f"{wall * 1000:,.0f}",
        "requests": counted["requests"],
        "bytes down": counted["bytes"],
    }
    return Line(score.entry.who, cpu * 1000, details)
