"""From what a person types to their calendars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import requests
import responses

from providers.caldav import Discovered, Service, discover
from providers.errors import AccessLost, Loss, Unavailable, Unsupported
from providers.transport import TransportRules, session
from tests.providers.caldav.answers import ALIVE, LOGIN, Said, multi, props, row

LOOPBACK = "127.0.0.1:5232"


@dataclass
class Net:
    """All servers there are, by URL, and DNS."""

    pages: dict[str, Said] = field(default_factory=dict)
    srv: dict[str, Sequence[Service]] = field(default_factory=dict)
    txt: dict[str, Sequence[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)

    def services(self, name: str) -> Sequence[Service]:
        return self.srv.get(name, ())

    def texts(self, name: str) -> Sequence[str]:
        return self.txt.get(name, ())

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str | bytes]:
        url = str(request.url)
        self.asked.append(url)
        if "Authorization" in request.headers:
            self.trusted.append(urlsplit(url).netloc)
        said = self.pages.get(url)
        if said is None:
            raise requests.ConnectionError("refused")
        return said.status, {"Content-Type": said.kind, **said.headers}, said.body

    def account(self, base: str, at: str = "/") -> None:
        who = "<current-user-principal><href>/me/</href></current-user-principal>"
        home = "<C:calendar-home-set><href>/me/cals/</href></C:calendar-home-set>"
        self.pages[base + at] = multi(row(at, props(who)))
        self.pages[f"{base}/me/"] = multi(row("/me/", props(home)))

    def find(self, address: str, *allow: str) -> Discovered:
        with session(TransportRules(allow=frozenset(allow))) as opened:
            return discover(address, "student", "s3cret", opened, self)


@pytest.fixture
def net() -> Iterator[Net]:
    net = Net()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("PROPFIND", "GET"):
            mock.add_callback(method, re.compile(".*"), net.answer, content_type=None)
        yield net


def moved(to: str, code: int = 301) -> Said:
    return Said(code, headers={"Location": to})


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("typed", ["school.example", "student@school.example", "https://school.example"])
def test_the_well_known_address_leads_on(net: Net, typed: str, code: int) -> None:
    net.pages["https://school.example/"] = Said(200, LOGIN, "text/html")
    net.pages["https://school.example/.well-known/caldav"] = moved("/dav/", code)
    net.account("https://school.example", "/dav/")
    found = net.find(typed)
    assert found == Discovered("https://school.example/me/", "https://school.example/me/cals/", found.homes)


def test_a_neighbour_that_is_named_gets_the_password_and_a_stranger_does_not(net: Net) -> None:
    net.pages["https://school.example/.well-known/caldav"] = moved("https://dav.school.example/")
    net.account("https://dav.school.example")
    assert net.find("school.example").url == "https://dav.school.example/me/"
    net.trusted.clear()
    net.pages["https://school.example/.well-known/caldav"] = moved("https://evil.example/")
    net.account("https://evil.example")
    with pytest.raises(Unsupported, match=r"evil\.example"):
        net.find("school.example")
    assert set(net.trusted) == {"school.example"}


def test_dns_names_host_port_and_path(net: Net) -> None:
    net.srv["_caldavs._tcp.school.example"] = [
        Service("b.school.example", 443, priority=2),
        Service("a.school.example", 8443, priority=1),
    ]
    net.txt["_caldavs._tcp.school.example"] = ["path=/dav/"]
    net.account("https://a.school.example:8443", "/dav/")
    assert net.find("student@school.example").home == "https://a.school.example:8443/me/cals/"


def test_dns_is_not_trusted_with_the_password(net: Net) -> None:
    net.srv["_caldavs._tcp.school.example"] = [Service("dav.evil.example", 443)]
    net.account("https://dav.evil.example", "/.well-known/caldav")
    with pytest.raises(Unsupported, match=r"dav\.evil\.example"):
        net.find("school.example")
    assert not [url for url in net.asked if "evil" in url]


def test_the_root_is_the_last_resort(net: Net) -> None:
    net.pages["https://school.example/.well-known/caldav"] = Said(404)
    net.account("https://school.example")
    assert net.find("school.example").url == "https://school.example/me/"


def test_a_path_that_was_typed_comes_first(net: Net) -> None:
    net.account("https://school.example", "/dav/")
    assert net.find("https://user:pw@school.example/dav/").url == "https://school.example/me/"
    assert net.asked[0] == "https://school.example/dav/"


@pytest.mark.parametrize("typed", [LOOPBACK, f"http://{LOOPBACK}", f"http://{LOOPBACK}/", f"{LOOPBACK}/me/"])
def test_a_permitted_server_is_reached_without_tls(net: Net, typed: str) -> None:
    net.account(f"http://{LOOPBACK}")
    assert net.find(typed, LOOPBACK).home == f"http://{LOOPBACK}/me/cals/"


@pytest.mark.parametrize("typed", [LOOPBACK, f"http://{LOOPBACK}/"])
def test_a_server_without_tls_is_not_reached_unless_permitted(net: Net, typed: str) -> None:
    net.account(f"http://{LOOPBACK}")
    with pytest.raises(Unsupported, match=r"caldav\.allow"):
        net.find(typed)
    assert not net.trusted or set(net.trusted) == {LOOPBACK}
    assert not [url for url in net.asked if url.startswith("http://")]


def test_a_calendars_own_address_is_kept(net: Net) -> None:
    net.pages["https://school.example/c/"] = multi(row("/c/", props(ALIVE)))
    found = net.find("https://school.example/c/")
    assert (found.url, found.home) == ("https://school.example/c/", "https://school.example/c/")


def test_a_wrong_password_is_told_at_once(net: Net) -> None:
    net.pages["https://school.example/dav/"] = Said(401)
    with pytest.raises(AccessLost) as caught:
        net.find("https://school.example/dav/")
    assert caught.value.loss is Loss.CREDENTIALS
    assert len(net.asked) == 1


def test_a_web_site_is_no_calendar_server_and_the_sentence_says_what_was_tried(net: Net) -> None:
    for path in ("/", "/.well-known/caldav"):
        net.pages[f"https://school.example{path}"] = Said(200, LOGIN, "text/html")
    with pytest.raises(Unsupported, match=r"school\.example/\.well-known/caldav") as caught:
        net.find("school.example")
    assert "s3cret" not in str(caught.value)


def test_no_server_at_all_is_worth_another_try(net: Net) -> None:
    with pytest.raises(Unavailable):
        net.find("school.example")


@pytest.mark.parametrize("typed", ["", "@", "ftp://school.example", "https://", "http://[::1"])
def test_what_is_no_address_is_unsupported(net: Net, typed: str) -> None:
    with pytest.raises(Unsupported):
        net.find(typed)
    assert not net.asked
