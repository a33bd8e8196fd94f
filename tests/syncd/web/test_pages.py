"""The server: what it answers, what it refuses, and how it starts and stops."""

from __future__ import annotations

import json
import signal
import socket
import threading
from datetime import timedelta

import pytest

from syncd.errors import Problem
from syncd.web import Pages
from tests.syncd.web.conftest import Beat, Site


def test_nothing_but_the_three_pages_is_served(site: Site) -> None:
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/healthz/", "/metrics/../key", "/%2e%2e/key"):
        said = site.ask(path)
        assert (said.status, said.headers["content-type"]) == (404, "application/problem+json"), path
        assert json.loads(said.body) == {"type": "about:blank", "title": "Not Found", "status": 404}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_nothing_but_reading_is_answered(site: Site, method: str) -> None:
    for path in ("/healthz", "/nowhere"):
        said = site.ask(path, method)
        assert (said.status, said.headers["allow"]) == (405, "GET, HEAD")
        assert json.loads(said.body)["status"] == 405


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_head_is_the_answer_without_its_body(site: Site, path: str) -> None:
    said, asked = site.ask(path, "HEAD"), site.ask(path)
    assert (said.status, said.body) == (asked.status, b"")
    assert int(said.headers["content-length"]) > 0
    assert said.headers["content-type"] == asked.headers["content-type"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere"])
def test_every_answer_says_how_it_may_be_used_and_not_what_made_it(site: Site, path: str) -> None:
    headers = site.ask(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["connection"] == "close"
    assert "server" not in headers


def test_a_body_is_refused_unread(site: Site) -> None:
    assert site.ask("/healthz", body=b"x" * 10).status == 413
    assert site.ask("/healthz", transfer_encoding="chunked").status == 413
    assert site.ask("/healthz", content_length="99999999999").status == 413


def test_a_head_without_end_is_refused(site: Site) -> None:
    host, _, port = site.pages.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000)
        assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 400 ")


def test_a_host_of_somebody_else_changes_nothing(site: Site) -> None:
    said = site.ask("/healthz", host="evil.example")
    assert (said.status, said.body) == (200, b"ok")
    assert "evil" not in str(site.ask("//evil.example/%2e%2e", host="evil.example").headers)


def test_too_many_at_once_are_told_to_come_later(site: Site) -> None:
    host, _, port = site.pages.address.rpartition(":")
    silent = [socket.create_connection((host, int(port)), timeout=30) for _ in range(40)]
    try:
        assert site.ask("/healthz").status == 503
    finally:
        for one in silent:
            one.close()


def test_who_says_nothing_loses_the_place(site: Site) -> None:
    host, _, port = site.pages.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as silent:
        silent.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert silent.recv(100) == b""


def test_a_taken_address_is_refused_with_a_sentence(site: Site) -> None:
    second = Pages(site.pages.address, lambda: site.ward.play.house, Beat)
    with pytest.raises(Problem) as refused:
        second.start()
    said = refused.value.sentence
    assert said.startswith(f"{site.pages.address}: ")
    assert "in use" in said
    assert "web.listen" in said
    second.stop(timedelta(0))
    assert site.ask("/healthz").status == 200


@pytest.mark.parametrize("listen", ["192.0.2.1:8080", "nothing", "127.0.0.1:port", "127.0.0.1:99999"])
def test_an_address_that_is_none_of_ours_is_refused_with_a_sentence(site: Site, listen: str) -> None:
    with pytest.raises(Problem, match=r"web\.listen"):
        Pages(listen, lambda: site.ward.play.house, Beat).start()


def test_it_stops_and_starts_at_the_same_address_and_takes_no_signals(site: Site) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    address = site.pages.address
    site.pages.stop(timedelta(seconds=10))
    assert "syncd-web" not in {one.name for one in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        site.ask("/healthz")
    again = Pages(address, lambda: site.ward.play.house, lambda: site.beat)
    again.start()
    site.pages = again
    assert site.ask("/healthz").text == "ok"
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before


def test_ipv6_is_served_too(site: Site) -> None:
    pages = Pages("[::1]:0", lambda: site.ward.play.house, lambda: site.beat)
    pages.start()
    try:
        host, _, port = pages.address.rpartition(":")
        assert host == "[::1]"
        with socket.create_connection(("::1", int(port)), timeout=30) as raw:
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert raw.makefile("rb").read().endswith(b"ok")
    finally:
        pages.stop(timedelta(seconds=5))
