from __future__ import annotations

import http.client
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from syncd.clock import MovableClock
from syncd.demo.front import HOST, METHODS, Front, Seen

ASHA = {"Authorization": "Basic " + b64encode(b"asha:rain").decode()}
START = datetime(2026, 10, 5, 7, 30, tzinfo=UTC)


class Mirror(BaseHTTPRequestHandler):
    """Answers with what it was asked, in JSON."""

    protocol_version = "HTTP/1.1"

    def reflect(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers},
            "body": body.decode(),
        }
        text = json.dumps(told).encode()
        self.send_response(204 if self.path.endswith("/nothing") else 207)
        self.send_header("ETag", '"7"')
        self.send_header("X-Twice", "a")
        self.send_header("X-Twice", "b")
        if self.path.endswith("/nothing"):
            text = b""
        else:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


for name in METHODS:
    setattr(Mirror, f"do_{name}", Mirror.reflect)


@pytest.fixture(scope="module")
def mirror() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(START)


@pytest.fixture
def front(mirror: int, clock: MovableClock) -> Iterator[Front]:
    with Front(mirror, {"asha": "rain"}, clock=clock, own_only=True) as door:
        yield door


@contextmanager
def connected(front: Front) -> Iterator[http.client.HTTPConnection]:
    line = http.client.HTTPConnection(HOST, front.port, timeout=10)
    try:
        yield line
    finally:
        line.close()


def nonsense(head: str) -> bytes:
    return f"PUT /asha/ HTTP/1.1\r\n{head}\r\n\r\nx\r\n".encode()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_passes_with_its_path_headers_and_body(front: Front, method: str) -> None:
    sent = {
        **ASHA,
        "Depth": "1",
        "If-Match": '"7"',
        "Destination": f"{front.url}asha/y%20z",
        "TE": "trailers",
    }
    with connected(front) as line:
        line.request(method, "/asha/x%20y?a=b", "grüße".encode(), sent)
        answer = line.getresponse()
        text = answer.read()
    assert (answer.status, answer.headers["ETag"]) == (207, '"7"')
    assert answer.headers.get_all("X-Twice") == ["a", "b"]
    if method == "HEAD":
        assert text == b""
        return
    told = json.loads(text)
    assert (told["method"], told["path"], told["body"]) == (method, "/asha/x%20y?a=b", "grüße")
    assert {key: told["headers"].get(key.lower()) for key in sent} == {**sent, "TE": None}
    assert told["headers"]["host"] == f"{HOST}:{front.port}"
    assert told["headers"]["x-remote-user"] == "asha"


def test_one_connection_carries_refusals_bodies_chunks_and_empty_answers(front: Front) -> None:
    with connected(front) as line:
        line.connect()
        first = line.sock
        statuses = []
        for method, path, body, headers in (
            ("PUT", "/asha/a", b"refused body", {}),
            ("HEAD", "/asha/a", None, ASHA),
            ("PUT", "/asha/nothing", b"x", ASHA),
            ("PUT", "/ben/a", b"not mine", ASHA),
            ("PUT", "/asha/a", iter([b"in ", b"chunks"]), ASHA),
        ):
            line.request(method, path, body, headers)
            answer = line.getresponse()
            text = answer.read()
            statuses.append(answer.status)
            assert answer.headers["Content-Length"] != "0"  # a 204 has none (RFC 9110, 8.6)
        assert statuses == [401, 207, 204, 403, 207]
        assert json.loads(text)["body"] == "in chunks"
        assert line.sock is first


def test_a_guest_cannot_say_who_they_are_in_a_header(front: Front) -> None:
    with connected(front) as line:
        line.request("GET", "/asha/", headers={**ASHA, "X-Remote-User": "ben"})
        assert json.loads(line.getresponse().read())["headers"]["x-remote-user"] == "asha"


@pytest.mark.parametrize(
    "proof",
    [
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"asha").decode(),
        "Basic " + b64encode(b"asha:rai").decode(),
        "Basic " + b64encode(b"asha:rain:").decode(),
        "Basic " + b64encode(b"\xff\xfe:rain").decode(),
        "Bearer " + b64encode(b"asha:rain").decode(),
    ],
)
def test_whatever_is_not_the_password_is_answered_401(front: Front, proof: str) -> None:
    with connected(front) as line:
        line.request("GET", "/asha/", headers={"Authorization": proof})
        answer = line.getresponse()
        assert (answer.status, answer.headers["WWW-Authenticate"][:12]) == (401, "Basic realm=")
        answer.read()
    assert front.seen() == (Seen("", "GET", "/asha/", 401),)


def test_with_own_calendars_only_the_root_and_the_well_known_are_open_to_all(front: Front) -> None:
    open_to = [
        "/",
        "/.well-known/caldav",
        "/asha",
        "/asha/x",
        "/ben/",
        "/ashan/",
        "/asha/../ben/",
        "/asha/%2e%2e/b",
    ]
    assert [front.admits("asha", path) for path in open_to] == [True] * 4 + [False] * 4


def test_the_date_is_the_injected_clocks_alone(front: Front, clock: MovableClock) -> None:
    with connected(front) as line:
        dates = []
        for headers in (ASHA, {}):
            line.request("GET", "/asha/", headers=headers)
            answer = line.getresponse()
            answer.read()
            dates.append(answer.headers.get_all("Date"))
            clock.sleep(timedelta(hours=25))
    assert dates == [["Mon, 05 Oct 2026 07:30:00 GMT"], ["Tue, 06 Oct 2026 08:30:00 GMT"]]


def test_requests_are_counted_by_user_method_and_path(front: Front) -> None:
    with connected(front) as line:
        for method, path in (("PROPFIND", "/asha/"), ("REPORT", "/asha/c/"), ("REPORT", "/asha/c/")):
            line.request(method, path, headers=ASHA)
            line.getresponse().read()
        line.request("REPORT", "/asha/c/")
        line.getresponse().read()
    assert front.counts() == {
        ("asha", "PROPFIND", "/asha/"): 1,
        ("asha", "REPORT", "/asha/c/"): 2,
        ("", "REPORT", "/asha/c/"): 1,
    }


def test_a_shut_front_refuses_and_drops_and_opens_again_on_its_port(front: Front) -> None:
    port = front.port
    with connected(front) as line:
        line.request("GET", "/asha/", headers=ASHA)
        line.getresponse().read()
        front.down()
        front.down()
        assert line.sock.recv(1) == b""
    with connected(front) as line, pytest.raises(ConnectionRefusedError):
        line.connect()
    front.up()
    front.up()
    assert front.port == port
    with connected(front) as line:
        line.request("GET", "/asha/", headers=ASHA)
        assert line.getresponse().status == 207


def test_a_server_that_is_gone_behind_an_open_front_is_answered_502(clock: MovableClock) -> None:
    with Front(1, {"asha": "rain"}, clock=clock) as front, connected(front) as line:
        line.request("PUT", "/asha/", b"x", ASHA)
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (502, b"the calendar server does not answer\n")


@pytest.mark.parametrize("head", ["Content-Length: many", "Transfer-Encoding: chunked"])
def test_nonsense_is_answered_400_with_the_clocks_date(front: Front, head: str) -> None:
    with connected(front) as line:
        line.connect()
        line.sock.sendall(nonsense(head))
        answer = http.client.HTTPResponse(line.sock)
        answer.begin()
        assert (answer.status, answer.headers["Date"]) == (400, "Mon, 05 Oct 2026 07:30:00 GMT")
        answer.close()
