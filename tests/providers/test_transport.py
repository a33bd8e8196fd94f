"""The way out: bounded, and honest about what went wrong."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from providers.errors import ProviderError, Unavailable, Unsupported
from providers.guard import Network
from providers.transport import TooLong, TransportRules, hides, session, shown
from tests.providers.certificates import DAY, certificate, serving_with

READS = ("GET", "OPTIONS", "PROPFIND", "REPORT")
WRITES = ("PUT", "DELETE", "POST", "PROPPATCH", "MKCALENDAR", "MOVE")


@dataclass
class Web:
    """A server on loopback that answers by path and notes what it was asked."""

    port: int
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.place}{path}"

    def say(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.pages[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            served.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, page = served.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(page)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page)
            if len(page) != int(headers.get("Content-Length", len(page))):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:  # a client that hangs up is the test's business
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served = Web(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def ask(
    web: Web, method: str = "GET", path: str = "/", *, also: tuple[str, ...] = (), limit: int = 1000
) -> bytes:
    rules = TransportRules(allow=frozenset({web.place, *also}), max_body=limit, read_timeout=5)
    with session(rules) as opened:
        return opened.request(method, web.url(path), auth=("me", "pw"), data=b"<x/>").content


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", READS)
def test_a_redirected_read_stays_what_it_is(web: Web, method: str, code: int) -> None:
    web.say("/", code, Location="/there")
    web.say("/there", 200, b"here")
    assert ask(web, method) == b"here"
    first, second = web.asked
    assert second[0] == method
    assert second[3] == first[3] == b"<x/>"
    assert second[2]["Authorization"] == first[2]["Authorization"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", WRITES)
def test_a_redirected_write_is_the_answer(web: Web, method: str, code: int) -> None:
    web.say("/", code, Location="/there")
    with session(TransportRules(allow=frozenset({web.place}))) as opened:
        assert opened.request(method, web.url()).status_code == code
    assert len(web.asked) == 1


def test_credentials_stay_with_their_origin(web: Web) -> None:
    with serving() as other:
        web.say("/", 302, Location=other.url("/"))
        other.say("/", 200, b"hello")
        assert ask(web, also=(other.place,)) == b"hello"
        assert "Authorization" not in other.asked[0][2]
        assert "Cookie" not in other.asked[0][2]


def test_a_redirect_past_what_is_permitted_is_not_followed(web: Web) -> None:
    with serving() as other:
        web.say("/", 302, Location=other.url("/"))
        with pytest.raises(Unsupported):
            ask(web)
        assert other.asked == []


def test_three_redirects_are_enough(web: Web) -> None:
    for n in range(9):
        web.say(f"/{n}", 302, Location=f"/{n + 1}")
    with pytest.raises(Unavailable):
        ask(web, path="/0")
    assert len(web.asked) == 4


def test_plain_http_must_be_permitted(web: Web) -> None:
    listed = TransportRules(
        allow=frozenset({"127.0.0.1:1", f"localhost:{web.port}", f"127.0.0.01:{web.port}"})
    )
    for rules in (TransportRules(), listed):
        with session(rules) as opened, pytest.raises(Unsupported, match=r"caldav\.allow"):
            opened.get(web.url())
    assert web.asked == []


@pytest.mark.parametrize("url", ["ftp://h/", "file:///etc/passwd", "nothing", "http://", "https://h:x/"])
def test_what_is_no_web_address_is_unsupported(url: str) -> None:
    with session(TransportRules()) as opened, pytest.raises(Unsupported):
        opened.get(url)


HIDDEN = [
    "https://h/a\r\nX: y", "https://h/a\nb", "https://h/a\tb", "https://h\t/", "ht\ntps://h/", "https://h/\x00", "https://h/\x7f",
    "https://h/a/../b", "https://h/..", "https://h/./b", "https://h/a/%2e%2e/b", "https://h/a/.%2E/b", "//h/../b", "../b", "/a/..?b",
    "https://h\\@g/", "https:\\\\h/", "\\\\h/", "https://good@h/", "https://good:443@h/", "https://a:b@h", "//me@h/",
]  # fmt: skip
PLAIN = [
    "https://h/", "https://h", "https://h:8443/a..b/...c/d%20e?f=../g#../h", "/a@b/c", "b@c.ics", "?a=http://b@c/..",
    "https://h/me@school.example/?x=a@b", "//h/a",
]  # fmt: skip


@pytest.mark.parametrize("url", HIDDEN)
def test_what_parsers_read_in_two_ways_is_neither_asked_nor_followed(web: Web, url: str) -> None:
    assert hides(url)
    with session(TransportRules(allow=frozenset({web.place, "h:443"}))) as opened:
        with pytest.raises(Unsupported, match="not an address"):
            opened.get(url)
        if not set(url) & {"\r", "\n", "\x00"}:  # these end a header, so that no Location holds them
            web.say("/", 302, Location=url)
            with pytest.raises(Unavailable, match="no address"):
                opened.get(web.url())


@pytest.mark.parametrize("url", PLAIN)
def test_what_parsers_agree_on_is_left_alone(url: str) -> None:
    assert not hides(url)


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip"}])
def test_a_long_answer_is_refused(web: Web, headers: dict[str, str]) -> None:
    body = b"x" * 1001
    web.say("/", 200, gzip.compress(body) if headers else body, **headers)
    with pytest.raises(TooLong):
        ask(web)
    assert ask(web, limit=1001) == body


def test_a_bomb_is_not_unfolded(web: Web) -> None:
    web.say("/", 200, gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(TooLong):
        ask(web, limit=100_000)


def test_the_body_of_a_redirect_is_counted_too(web: Web) -> None:
    web.say("/", 302, b"x" * 1001, Location="/there")
    with pytest.raises(TooLong):
        ask(web)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"half", {"Content_Length": "8"}),
        (gzip.compress(b"whole")[:-3], {"Content_Encoding": "gzip"}),
        (b"plain", {"Content_Encoding": "gzip"}),
        (b"plain", {"Content_Encoding": "br"}),
    ],
    ids=["half", "half a gzip", "no gzip", "what nobody asked for"],
)
def test_a_cut_answer_is_no_answer(web: Web, body: bytes, headers: dict[str, str]) -> None:
    web.say("/", 200, body, **headers)
    with pytest.raises(Unavailable):
        ask(web)


def test_neither_netrc_nor_proxies_are_taken_from_the_environment(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    web.say("/")
    with session(TransportRules(allow=frozenset({web.place}))) as opened:
        opened.get(web.url())
    assert "Authorization" not in web.asked[0][2]


def test_cookies_are_not_kept(web: Web) -> None:
    web.say("/", 200, Set_Cookie="a=b")
    with session(TransportRules(allow=frozenset({web.place}))) as opened:
        opened.get(web.url())
        opened.get(web.url())
    assert "Cookie" not in web.asked[1][2]


def test_a_refused_connection_says_so() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        web = Web(held.getsockname()[1])
        with pytest.raises(Unavailable, match="connection refused"):
            ask(web)


def test_a_silent_server_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        rules = TransportRules(allow=frozenset({place}), read_timeout=0.1)
        with session(rules) as opened, pytest.raises(Unavailable, match=r"did not answer within 0\.1 s"):
            opened.get(f"http://{place}/")


def nameless(host: str, port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def test_a_name_that_is_not_there_says_so() -> None:
    network = Network(resolve=nameless)
    with session(TransportRules(), network) as opened, pytest.raises(Unavailable, match="no such name"):
        opened.get("https://school.example/")


def test_no_request_waits_for_ever() -> None:
    waits: list[object] = []

    class Noting(HTTPAdapter):
        def send(self, *_: Any, **how: Any) -> requests.Response:
            waits.append(how["timeout"])
            raise requests.ConnectionError

    with session(TransportRules()) as opened:
        opened.mount("https://", Noting())
        for given in (None, 2.0):
            with pytest.raises(Unavailable):
                opened.get("https://school.example/", timeout=given)
    assert waits == [(5.0, 10.0), 2.0]


def test_nobody_talks_us_out_of_a_certificate(tmp_path: Path) -> None:
    with secure(tmp_path, "localhost", trusted=False) as (web, rules), session(rules) as opened:
        opened.verify = False
        for asked in (None, False, str(tmp_path / "cert.pem")):
            with pytest.raises(Unavailable, match="authority"):
                opened.get(f"https://localhost:{web.port}/", verify=asked)
        assert web.asked == []


def test_an_error_shows_the_address_without_secrets(web: Web) -> None:
    place = "127.0.0.1:1"
    with session(TransportRules(allow=frozenset({place}))) as opened, pytest.raises(ProviderError) as caught:
        opened.get(f"http://me:pw@{place}/a?token=secret#x")
    assert caught.value.where == f"http://{place}/a" == shown(f"http://me:pw@{place}/a?token=secret#x")
    assert caught.value.__cause__ is None


@contextmanager
def secure(
    directory: Path, name: str, *, begins: timedelta = -DAY, ends: timedelta = DAY, trusted: bool = True
) -> Iterator[tuple[Web, TransportRules]]:
    """Yield a server at localhost with a certificate for *name*, and rules that let us ask it."""
    cert, key = certificate(directory, name, begins=begins, ends=ends)
    with serving(serving_with(cert, key)) as web:
        allow = frozenset({f"localhost:{web.port}"})
        yield web, TransportRules(ca_file=cert if trusted else None, allow=allow)


@pytest.mark.parametrize(
    ("name", "begins", "ends", "known", "words"),
    [
        ("localhost", -DAY, DAY, True, None),
        ("localhost", -DAY, DAY, False, "authority that we do not know"),
        ("other.example", -DAY, DAY, True, "for another name"),
        ("localhost", -2 * DAY, -DAY, True, "has expired"),
        ("localhost", DAY, 2 * DAY, True, "not valid yet"),
    ],
)
def test_a_certificate_is_judged_in_plain_words(
    tmp_path: Path, name: str, begins: timedelta, ends: timedelta, known: bool, words: str | None
) -> None:
    with secure(tmp_path, name, begins=begins, ends=ends, trusted=known) as (web, rules):
        web.say("/", 200, b"hello")
        url = f"https://localhost:{web.port}/"
        with session(rules) as opened:
            if words is None:
                assert opened.get(url).content == b"hello"
            else:
                with pytest.raises(Unavailable, match=words):
                    opened.get(url)
                assert web.asked == []


def test_a_server_without_tls_says_so(web: Web) -> None:
    with session(TransportRules(allow=frozenset({web.place}))) as opened, pytest.raises(Unavailable):
        opened.get(f"https://{web.place}/")


def test_a_file_of_authorities_that_cannot_be_read_is_a_fault_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="ca_file"):
        session(TransportRules(ca_file=tmp_path / "none.pem"))
