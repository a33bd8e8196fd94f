"""A reading process that does what it is told by the documents: the worst that a library could do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

from policy.interval import Interval
from providers.base import Owner
from providers.ical import Document, Limits, read, worker
from providers.ical.watch import Watch


def wildly(body: bytes, owner: Owner, window: Interval | None, *, limits: Limits, watch: Watch) -> Document:
    for word, does in DEEDS.items():
        if word in body:
            does(body, watch)
    return read(body, owner, window, limits=limits, watch=watch)


def spin(_body: bytes, watch: Watch) -> None:
    with watch.document():
        while True:
            pass


def deaf(body: bytes, watch: Watch) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM})
    spin(body, watch)


def asleep(_body: bytes, _watch: Watch) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM})
    time.sleep(60)


def eat(_body: bytes, _watch: Watch) -> None:
    bytearray(1 << 30)


def die(_body: bytes, _watch: Watch) -> None:
    os._exit(3)


def lie(_body: bytes, _watch: Watch) -> None:
    os.write(1, b"\0\0\0\2no")


def flood(_body: bytes, _watch: Watch) -> None:
    os.write(1, b"\xff" * 64)


def leak(body: bytes, _watch: Watch) -> None:
    raise LookupError(body)


DEEDS: Mapping[bytes, Callable[[bytes, Watch], None]] = {
    b"X-SPIN": spin,
    b"X-DEAF": deaf,
    b"X-ASLEEP": asleep,
    b"X-EAT": eat,
    b"X-DIE": die,
    b"X-LIE": lie,
    b"X-FLOOD": flood,
    b"X-LEAK": leak,
}


def main() -> None:
    worker.main(wildly)
