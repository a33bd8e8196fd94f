"""Servers that do what no server should: a bounded time, a bounded size, and a plain word."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
import requests

from providers.deadline import Deadline, Watchdog
from providers.errors import Unavailable
from providers.transport import TooLong, TransportRules, session
from tests.providers import misbehaving as bad
from tests.providers.misbehaving import Act, Misbehaving, answering, misbehaving, saying, then

TOTAL, LIMIT = 1.0, 200_000
AMPLE = 30.0
"""Seconds for what ends by itself, on a slow and busy machine too."""
SOON = 20.0
"""Seconds that nothing here takes."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
PACKED = {"Content-Encoding": "gzip"}
FINE = saying(OK + b"C")
LATE = "did not finish within 1 s"
NO_ANSWER = "no complete answer"
LONG = "longer than 200000 bytes"

SLOW: dict[str, tuple[Act, str]] = {
    "a body drip": (bad.BODY_DRIP, LATE),
    "a body drip without a length": (bad.BODY_DRIP_TO_THE_END, LATE),
    "a drip of chunks": (bad.CHUNK_DRIP, LATE),
    "a header drip": (bad.HEAD_DRIP, LATE),
    "a drip of 100 Continue": (bad.CONTINUE_DRIP, f"{NO_ANSWER}|{LATE}"),
    "chunk extensions without end": (bad.ENDLESS_EXTENSIONS, f"{NO_ANSWER}|{LATE}"),
}
"""What has no end but the deadline's."""
QUICK: dict[str, tuple[Act, str]] = {
    "a drip of empty lines": (bad.LINE_DRIP, NO_ANSWER),
    "a flood of 100 Continue": (bad.CONTINUE_FLOOD, NO_ANSWER),
    "a body without end": (bad.ENDLESS, LONG),
    "chunks without end": (bad.ENDLESS_CHUNKS, LONG),
    "a head without end": (bad.ENDLESS_HEAD, NO_ANSWER),
    "a line without end": (bad.ENDLESS_LINE, NO_ANSWER),
    "a head of many bytes": (
        answering(200, headers={f"X-{n}": "x" * 1000 for n in range(90)}),
        f"{NO_ANSWER}|head of",  # h11 sees it itself, if it comes in one piece
    ),
    "a head of many lines": (
        answering(200, headers={f"X-{n}": "x" for n in range(100)}),
        f"{NO_ANSWER}|head of",
    ),
    "a gzip bomb": (answering(200, bad.bomb(1024), PACKED), LONG),
    "a body cut by its length": (bad.CUT, NO_ANSWER),
    "a body cut in a chunk": (bad.CUT_CHUNK, NO_ANSWER),
    "a head cut in a line": (bad.CUT_HEAD, NO_ANSWER),
    "a head cut between lines": (saying(b"HTTP/1.1 201 Created\r\nETag: x\r\n", close=True), NO_ANSWER),
    "a head cut after its first line": (saying(b"HTTP/1.1 204 No Content\r\n", close=True), NO_ANSWER),
    "nothing": (bad.NOTHING, NO_ANSWER),
    "another protocol": (bad.GARBAGE, NO_ANSWER),
    "a switch of protocols": (bad.SWITCHING, "no answer"),
}
"""What is seen for what it is, long before that."""


def rules(server: Misbehaving, timeout: float = AMPLE, read_timeout: float = AMPLE) -> TransportRules:
    place = frozenset({server.place})
    return TransportRules(allow=place, timeout=timeout, read_timeout=read_timeout, max_body=LIMIT)


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    begun = monotonic()
    yield
    assert monotonic() - begun < SOON


def failing(act: Act, words: str, method: str, timeout: float) -> None:
    with misbehaving(then(act, FINE)) as server, session(rules(server, timeout)) as opened:
        with pytest.raises(Unavailable, match=words) as failed:
            opened.request(method, server.url(), data=b"<x/>")
        assert failed.value.where == server.url()
        assert len(server.requests) == 1  # nothing is sent again
        assert opened.request(method, server.url()).content == b"C"
        assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["GET", "PROPFIND", "PUT", "DELETE"])
@pytest.mark.parametrize(("act", "words"), QUICK.values(), ids=QUICK.keys())
def test_misbehaviour_is_unavailability_and_the_next_request_is_whole(
    act: Act, words: str, method: str
) -> None:
    failing(act, words, method, AMPLE)


@pytest.mark.parametrize("method", ["PROPFIND", "PUT"])
@pytest.mark.parametrize(("act", "words"), SLOW.values(), ids=SLOW.keys())
def test_what_drips_is_left_and_the_next_request_is_whole(act: Act, words: str, method: str) -> None:
    failing(act, words, method, TOTAL)


def test_a_silent_server_is_left_before_the_end() -> None:
    with (
        misbehaving(bad.silent) as server,
        session(rules(server, read_timeout=0.2)) as opened,
        pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"),
    ):
        opened.get(server.url())


@pytest.mark.parametrize("drip", [bad.BODY_DRIP, bad.HEAD_DRIP], ids=["body", "head"])
def test_a_connection_that_was_kept_has_an_end_too(drip: Act) -> None:
    with misbehaving(then(FINE, drip)) as server, session(rules(server, TOTAL)) as opened:
        assert opened.get(server.url()).content == b"C"
        with pytest.raises(Unavailable, match=LATE):
            opened.get(server.url())
        assert (server.connections, len(server.requests)) == (1, 2)


def test_redirects_and_the_answer_share_one_end() -> None:
    def slow(connection: socket.socket, over: threading.Event) -> None:
        over.wait(TOTAL * 0.4)
        answering(302, headers={"Location": "/"})(connection, over)

    with misbehaving(slow) as server, session(rules(server, TOTAL)) as opened:
        with pytest.raises(Unavailable, match=LATE):
            opened.get(server.url())
        assert len(server.requests) < 4


def test_a_server_that_does_not_take_a_body_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        server = Misbehaving(deaf.getsockname()[1], bad.silent)
        with session(rules(server, TOTAL)) as opened, pytest.raises(Unavailable, match=LATE):
            opened.put(server.url(), data=bytes(64 * 1024 * 1024))


@pytest.mark.parametrize("code", [100, 102, 103, 199])
def test_an_interim_answer_is_not_the_answer(code: int) -> None:
    interim = f"HTTP/1.1 {code} Wait\r\nX: y\r\n\r\n".encode()
    with misbehaving(saying(interim * 3 + OK + b"C")) as server, session(rules(server)) as opened:
        for _ in range(2):
            assert opened.get(server.url()).content == b"C"


@pytest.mark.parametrize("surplus", [OK + b"B", b"HTTP/1.1 204 So\r\n\r\n", b"garbage\r\n\r\n"])
def test_a_second_answer_is_not_that_of_the_next_request(surplus: bytes) -> None:
    with misbehaving(then(saying(OK + b"A" + surplus), FINE)) as server, session(rules(server)) as opened:
        assert opened.get(server.url()).content == b"A"
        try:
            assert opened.put(server.url()).content == b"C"
        except Unavailable:
            assert surplus.startswith(b"garbage")


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_the_limit_is_exact(size: int, packed: bool) -> None:
    body = bytes(size)
    act = answering(200, gzip.compress(body), PACKED) if packed else answering(200, body)
    with misbehaving(act) as server, session(rules(server)) as opened:
        if size <= LIMIT:
            assert opened.get(server.url()).content == body
        else:
            with pytest.raises(TooLong):
                opened.get(server.url())


def test_bytes_count_before_they_are_unpacked_too() -> None:
    # Many empty members: nothing comes of them, however many there are.
    act = answering(200, gzip.compress(b"") * (LIMIT // 20 + 1), PACKED)
    with misbehaving(act) as server, session(rules(server)) as opened, pytest.raises(TooLong):
        opened.get(server.url())


def test_a_bomb_takes_no_memory() -> None:
    act = answering(200, bad.bomb(150), PACKED)  # shorter than the limit, before it is unpacked
    with misbehaving(act) as server, session(rules(server)) as opened:
        tracemalloc.start()
        try:
            with pytest.raises(TooLong):
                opened.get(server.url())
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_requests_leave_no_descriptor_behind() -> None:
    with misbehaving(FINE) as server, session(rules(server)) as opened:
        opened.get(server.url())
        before, most = descriptors(), 0
        for _ in range(50):
            opened.get(server.url())
            most = max(most, descriptors())
        assert most <= before
        for act in (bad.CUT, bad.SWITCHING):
            server.act = act
            for _ in range(20):
                with session(rules(server)) as another, pytest.raises(Unavailable):
                    another.get(server.url())
        until = monotonic() + SOON / 2  # the server lets go of its own ends a little later
        while descriptors() > before and monotonic() < until:
            threading.Event().wait(0.01)
        assert descriptors() <= before


def test_no_request_adds_a_thread() -> None:
    with misbehaving(FINE) as server, session(rules(server)) as opened:
        opened.get(server.url())
        before = threading.enumerate()
        assert "deadlines" in {one.name for one in before}
        for _ in range(5):
            opened.get(server.url())
        assert threading.enumerate() == before


def test_deadlines_are_kept_in_their_order() -> None:
    dog, pairs = Watchdog(), [socket.socketpair() for _ in range(3)]
    deadlines = [Deadline(seconds) for seconds in (60.0, 0.05, 0.1)]
    for deadline, (mine, theirs) in zip(deadlines, pairs, strict=True):
        deadline.hold(mine)
        dog.watch(deadline)
        theirs.settimeout(SOON)
    for _, theirs in pairs[1:]:
        assert theirs.recv(1) == b""
    assert [one.passed for one in deadlines] == [False, True, True]
    late = socket.socketpair()
    deadlines[1].hold(late[0])  # a connection that stands too late
    assert late[1].recv(1) == b""
    for deadline in deadlines:
        deadline.release()
    for pair in (*pairs, late):
        for one in pair:
            one.close()


def test_an_answer_that_came_in_time_is_left_alone() -> None:
    with misbehaving(FINE) as server, session(rules(server, TOTAL)) as opened:
        answer: requests.Response = opened.get(server.url())
        threading.Event().wait(TOTAL * 1.2)
        assert opened.get(server.url()).content == answer.content
        assert server.connections == 1  # what is not in use is not cut
