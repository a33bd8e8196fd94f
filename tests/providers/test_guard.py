"""No way inside: every trick with an address ends before anything is sent."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import pytest

from providers.errors import ProviderError, Unavailable, Unsupported
from providers.guard import Network, dialled, looked_up, place
from providers.transport import TransportRules, session
from tests.providers import misbehaving as bad
from tests.providers.certificates import certificate, serving_with
from tests.providers.misbehaving import Act, Misbehaving, answering, misbehaving, silent, then

PUBLIC = "93.184.215.14"
OK = answering(200, b"hello")
ONCE = answering(200, b"hello", {"Connection": "close"}, close=True)
NAMES: dict[str, Sequence[str]] = {
    "localhost": ("127.0.0.1", "::1"),
    "loop.example": ("127.0.0.1",),
    "loop6.example": ("::1",),
    "mapped.example": ("::ffff:192.168.0.1",),
    "nat64.example": ("64:ff9b::a00:1",),
    "zone.example": ("fe80::1%eth0",),
    "cloud.example": ("169.254.169.254",),
    "mixed.example": (PUBLIC, "10.0.0.5"),
    "mixed6.example": (PUBLIC, "fd00::5"),
    "empty.example": (),
    "odd.example": ("nonsense",),
    "good.example": (PUBLIC,),
    "two.example": ("93.184.215.15", PUBLIC),
}


@dataclass
class Wires:
    """What was looked up, and what was dialled: whatever it was, the server on loopback takes it."""

    port: int
    script: list[Sequence[str]] = field(default_factory=list)
    """What the name service says of rebinding.example, in order."""
    asked: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)
    dead: frozenset[str] = frozenset()
    """The addresses where nothing answers."""

    def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host == "rebinding.example":
            return self.script.pop(0)
        if (known := NAMES.get(host.rstrip("."))) is not None:
            return known
        # The system's own reading of odd numbers, and never a question to a name server.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(one[4][0]) for one in found]

    def dial(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append((address, port))
        if address in self.dead:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    @property
    def network(self) -> Network:
        return Network(self.resolve, self.dial)


@contextmanager
def wired(act: Act = OK, context: ssl.SSLContext | None = None) -> Iterator[tuple[Misbehaving, Wires]]:
    with misbehaving(act, context) as server:
        yield server, Wires(server.port)


TRICKS = {
    "loopback": "https://127.0.0.1/",
    "loopback elsewhere": "https://127.8.8.8/",
    "its name": "https://localhost/",
    "its name with a dot": "https://localhost./",
    "its name in capitals": "https://LOCALHOST/",
    "one number": "https://2130706433/",
    "one octal number": "https://017700000001/",
    "one hexadecimal number": "https://0x7f000001/",
    "two numbers": "https://127.1/",
    "two odd numbers": "https://0x7f.1/",
    "octal numbers": "https://0177.0.0.01/",
    "a dot at the end": "https://127.0.0.1./",
    "this host": "https://0.0.0.0/",
    "this host in short": "https://0/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 loopback at length": "https://[0:0:0:0:0:0:0:1]/",
    "IPv6 this host": "https://[::]/",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/",
    "IPv4-mapped in hexadecimal": "https://[::ffff:7f00:1]/",
    "IPv4-compatible": "https://[::127.0.0.1]/",
    "IPv4-translated": "https://[::ffff:0:127.0.0.1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "NAT64 of one's own": "https://[64:ff9b:1::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "the clouds' metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata as one number": "https://2852039166/",
    "carriers": "https://100.64.0.1/",
    "private 10": "https://10.0.0.1/",
    "private 172": "https://172.16.0.1/",
    "private 192": "https://192.168.1.1/",
    "benchmarks": "https://198.18.0.1/",
    "documentation": "https://192.0.2.1/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "IPv6 private": "https://[fd00::1]/",
    "IPv6 link-local": "https://[fe80::1]/",
    "IPv6 with a zone": "https://[fe80::1%25lo]/",
    "IPv6 with a bare zone": "https://[fe80::1%lo]/",
    "IPv6 multicast": "https://[ff02::1]/",
    "behind a user name": "https://good.example@127.0.0.1/",
    "behind a user name and a port": "https://good.example:443@127.0.0.1/",
    "behind a backslash": "https://good.example\\@127.0.0.1/",
    "before a backslash": "https://127.0.0.1\\@good.example/",
    "ideographic dots": "https://127。0。0。1/",
    "fullwidth digits": "https://１２７.0.0.1/",  # noqa: RUF001
    "circled letters": "https://ⓛocalhost/",
    "a percent for a dot": "https://127%2e0.0.1/",
    "percents for digits": "https://%31%32%37.0.0.1/",
    "a tab within": "https://127.0\t.0.1/",
    "a line break within": "https://local\nhost/",
    "a name of loopback": "https://loop.example/",
    "a name of IPv6 loopback": "https://loop6.example/",
    "a name of a mapped address": "https://mapped.example/",
    "a name of a NAT64 address": "https://nat64.example/",
    "a name of a zone": "https://zone.example/",
    "a name of metadata": "https://cloud.example/",
    "public and private": "https://mixed.example/",
    "IPv4 public and IPv6 private": "https://mixed6.example/",
    "a name without an address": "https://empty.example/",
    "a name of nonsense": "https://odd.example/",
    "a label too long": f"https://{'a' * 64}.example/",
    "plain http": "http://good.example/",
    "plain http at the port of https": "http://good.example:443/",
    "the port of ssh": "https://good.example:22/",
    "the port of mail": "https://good.example:25/",
    "the port of a database": "https://good.example:6379/",
    "another scheme": "ftp://good.example/",
    "no host": "https:///",
}


@pytest.mark.parametrize("url", TRICKS.values(), ids=TRICKS.keys())
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_trick_ends_before_anything_is_sent(url: str, method: str) -> None:
    with wired() as (server, wires), session(TransportRules(), wires.network) as opened:
        with pytest.raises(ProviderError) as refused:
            opened.request(method, url, data=b"<x/>")
        assert (wires.dialled, server.connections, server.requests) == ([], 0, [])
        if ".example" in url:  # where a name leads inside is not told
            assert not re.search(r"\d+\.\d+\.\d+|::", refused.value.what)


@pytest.mark.parametrize("url", [url for url in TRICKS.values() if url.isascii() and url.isprintable()])
def test_a_redirect_is_no_way_around(url: str) -> None:
    with wired() as (inside, wires), misbehaving(answering(302, headers={"Location": url})) as outside:
        network = Network(
            wires.resolve, lambda *where: (dialled if where[1] == outside.port else wires.dial)(*where)
        )
        rules = TransportRules(allow=frozenset({outside.place}))
        with session(rules, network) as opened, pytest.raises(ProviderError):
            opened.get(outside.url(), auth=("me", "pw"))
        assert [len(outside.requests), wires.dialled, inside.connections] == [1, [], 0]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PROPFIND", "REPORT", "PUT", "DELETE"])
def test_a_redirect_to_loopback_is_not_followed_by_any_verb(code: int, method: str) -> None:
    with (
        misbehaving(OK) as inside,
        misbehaving(answering(code, headers={"Location": inside.url()})) as outside,
    ):
        with session(TransportRules(allow=frozenset({outside.place}))) as opened:
            try:
                assert opened.request(method, outside.url(), data=b"x").status_code == code
            except Unsupported:
                assert method not in {"PUT", "DELETE"}
        assert [len(outside.requests), inside.connections] == [1, 0]


@pytest.fixture
def secure(tmp_path: Path) -> tuple[ssl.SSLContext, TransportRules]:
    """What a server named good.example needs, and the rules of those who trust it."""
    cert, key = certificate(tmp_path, "good.example")
    return serving_with(cert, key), TransportRules(ca_file=cert)


def test_the_certificate_and_sni_are_about_the_name(secure: tuple[ssl.SSLContext, TransportRules]) -> None:
    context, rules = secure
    with wired(OK, context) as (server, wires), session(rules, wires.network) as opened:
        for port in ("", ":8443"):
            assert opened.get(f"https://good.example{port}/").content == b"hello"
        assert wires.dialled == [(PUBLIC, 443), (PUBLIC, 8443)]
        assert server.names == ["good.example"] * 2
        with pytest.raises(Unavailable, match="another name"):
            opened.get("https://two.example/")
        assert len(server.requests) == 2


def test_a_name_that_turns_inside_is_refused_when_it_does(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "rebinding.example")
    with wired(ONCE, serving_with(cert, key)) as (server, wires):
        wires.script = [(PUBLIC,), ("127.0.0.1",), (PUBLIC, "127.0.0.1"), (PUBLIC,)]
        with session(TransportRules(ca_file=cert), wires.network) as opened:
            assert opened.get("https://rebinding.example/").content == b"hello"
            for _ in range(2):
                with pytest.raises(Unsupported, match="not on the public internet"):
                    opened.get("https://rebinding.example/")
            assert len(server.requests) == 1
            assert opened.get("https://rebinding.example/").content == b"hello"
        # One look-up for one connection: what was looked at is what is dialled.
        assert wires.asked == ["rebinding.example"] * 4
        assert wires.dialled == [(PUBLIC, 443)] * 2


def test_the_next_address_is_tried_when_one_is_dead(secure: tuple[ssl.SSLContext, TransportRules]) -> None:
    context, rules = secure
    with wired(OK, context) as (_, wires), session(rules, wires.network) as opened:
        wires.dead = frozenset({"93.184.215.15"})
        with pytest.raises(Unavailable, match="another name"):
            opened.get("https://two.example/")
        assert [address for address, _ in wires.dialled] == ["93.184.215.15", PUBLIC]
        wires.dead = frozenset({"93.184.215.15", PUBLIC})
        with pytest.raises(Unavailable, match="refused"):
            opened.get("https://two.example/")


def test_a_listed_server_may_be_private_and_plain() -> None:
    for host in (
        "loop.example",
        "LOOP.example",
        "loop6.example",
        "mapped.example",
        "nat64.example",
        "10.0.0.1",
        "[fd00::1]",
    ):
        with wired() as (server, wires):
            allow = frozenset({f"{host}:5232"})
            with session(TransportRules(allow=allow), wires.network) as opened:
                assert opened.get(f"http://{host}:5232/").content == b"hello"
            assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://loop.example:5233/",
        "http://loop.example./",
        "http://loop.example.:5232/",
        "http://sub.loop.example:5232/",
        "http://127.0.0.1:5232/",
        "http://localhost:5232/",
        "https://loop.example/",
        "http://[::1]:5232/",
        "http://[0::1]:5233/",
    ],
)
def test_a_list_means_exactly_what_it_says(url: str) -> None:
    rules = TransportRules(allow=frozenset({"loop.example:5232", "[::1]:5233"}))
    with wired() as (server, wires), session(rules, wires.network) as opened:
        with pytest.raises(Unsupported, match=r"caldav\.allow"):
            opened.get(url)
        assert (wires.dialled, server.connections) == ([], 0)


@pytest.mark.parametrize(
    "host",
    ["cloud.example", "zone.example", "0.0.0.0", "169.254.169.254", "[::]", "224.0.0.1"],  # noqa: S104
)
def test_no_list_leads_to_where_no_server_stands(host: str) -> None:
    rules = TransportRules(allow=frozenset({f"{host}:80"}))
    with wired() as (server, wires), session(rules, wires.network) as opened:
        with pytest.raises(Unsupported, match="no server stands"):
            opened.get(f"http://{host}/")
        assert (wires.dialled, server.connections) == ([], 0)


@pytest.mark.parametrize("host", ["a!b.example", "$HOME.example", "a*.example", "-x.example", "a,b.example"])
def test_a_host_that_no_name_server_knows_is_not_looked_up(host: str) -> None:
    with wired() as (_, wires), session(TransportRules(), wires.network) as opened:
        with pytest.raises(Unsupported, match="not an address"):
            opened.get(f"https://{host}/")
        assert wires.asked == []


def test_a_drip_over_tls_is_cut(secure: tuple[ssl.SSLContext, TransportRules]) -> None:
    context, trusting = secure
    rules = replace(trusting, timeout=1)
    for drip in (bad.BODY_DRIP, bad.HEAD_DRIP):
        with wired(then(OK, drip), context) as (server, wires), session(rules, wires.network) as opened:
            assert opened.get("https://good.example/").content == b"hello"
            with pytest.raises(Unavailable, match="within 1 s"):
                opened.get("https://good.example/")
            assert server.connections == 1


def test_the_sentence_tells_who_can_help() -> None:
    with (
        wired() as (_, wires),
        session(TransportRules(), wires.network) as opened,
        pytest.raises(Unsupported) as refused,
    ):
        opened.get("https://loop.example/dav/")
    assert str(refused.value) == (
        "https://loop.example/dav/: it is not on the public internet; if this is a server of the school, "
        "IT can list loop.example:443 in caldav.allow"
    )


def test_a_look_up_that_never_ends_is_left() -> None:
    over = threading.Event()

    def hang(host: str, port: int) -> Sequence[str]:
        over.wait()
        return ()

    begun = monotonic()
    rules, network = TransportRules(timeout=0.2), Network(resolve=hang)
    with session(rules, network) as opened, pytest.raises(Unavailable, match=r"within 0\.2 s"):
        opened.get("https://good.example/")
    over.set()
    assert monotonic() - begun < 4  # of the 5 that a connection may take


def test_a_handshake_that_never_ends_is_cut() -> None:
    begun = monotonic()
    rules = TransportRules(timeout=0.2)
    with (
        wired(silent) as (_, wires),
        session(rules, wires.network) as opened,
        pytest.raises(Unavailable, match=r"within 0\.2 s"),
    ):
        opened.get("https://good.example/")
    assert monotonic() - begun < 4  # of the 5 that a connection may take


def test_a_handshake_that_drips_is_cut() -> None:
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x3f\xff")  # a long record of a handshake begins
            for _ in range(200):
                connection.sendall(b"\0")
                if over.wait(0.05):
                    break

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        network = Wires(listening.getsockname()[1]).network
        begun = monotonic()
        with (
            session(TransportRules(timeout=1), network) as opened,
            pytest.raises(Unavailable, match="within 1 s"),
        ):
            opened.get("https://good.example/")
        assert monotonic() - begun < 8  # of the 10 that it drips
        over.set()
        thread.join()


def test_the_system_looks_names_up_and_dials() -> None:
    assert set(looked_up("localhost", 443)) <= {"127.0.0.1", "::1"}
    with misbehaving(OK) as server, dialled("127.0.0.1", server.port, 1):
        pass
    assert (place("h", 1), place("::1", 1)) == ("h:1", "[::1]:1")
