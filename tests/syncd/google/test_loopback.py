"""The ear of this computer: it hears Google's answer once, and nobody else's."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest
import requests

from syncd.errors import Problem
from syncd.oauth.loopback import Loopback, on_this_computer

SOON = 30
"""A hang guard, nothing else."""


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=SOON)


def test_it_hears_the_answer_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as ear:
        assert ear.redirect_uri.startswith("http://127.0.0.1:")
        page = get(f"{ear.redirect_uri}?state=s&code=c%2F1")
        assert page.status_code == 200
        assert "Thank you" in page.text
        assert ear.wait(SOON) == "state=s&code=c%2F1"
        for word in ("state=s", "c/1"):
            assert word not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert capfd.readouterr() == ("", ""), "the code would stand in it"


def test_a_refusal_is_an_answer_too() -> None:
    with Loopback() as ear:
        get(f"{ear.redirect_uri}?error=access_denied&state=s")
        assert ear.wait(SOON) == "error=access_denied&state=s"


def test_whatever_else_knocks_is_sent_away_and_it_goes_on_listening() -> None:
    with Loopback() as ear:
        place = ear.redirect_uri
        for path in (
            "favicon.ico",
            "other?state=s&code=c",
            "",
            "?state=s",
            "?code=c",
            f"?state=s&code={'c' * 9000}",
        ):
            assert get(place + path).status_code in {404, 414}, path
        assert get(f"{place}?state=s&code=c", Host="evil.example").status_code == 403
        assert requests.post(f"{place}?state=s&code=c", timeout=SOON).status_code == 501
        assert ear.wait(0) is None
        get(f"{place}?state=s&code=c")
        assert ear.wait(SOON) == "state=s&code=c"


def test_a_browser_that_opens_a_connection_and_says_nothing_is_in_nobodys_way() -> None:
    with Loopback() as ear:
        port = int(ear.redirect_uri.rsplit(":", 1)[1].rstrip("/"))
        with closing(socket.create_connection(("127.0.0.1", port), timeout=SOON)):
            get(f"{ear.redirect_uri}?state=s&code=c")
            assert ear.wait(SOON) == "state=s&code=c"


def test_a_browser_that_hangs_up_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as ear:
        port = int(ear.redirect_uri.rsplit(":", 1)[1].rstrip("/"))
        for sent in (b"", b"GET /?state=s&code=c HTTP/1.1\r\n", b"\x16\x03\x01\r\n\r\n"):
            with closing(socket.create_connection(("127.0.0.1", port), timeout=SOON)) as one:
                one.sendall(sent)
        get(f"{ear.redirect_uri}?state=s&code=c")
        assert ear.wait(SOON) == "state=s&code=c"
    assert capfd.readouterr() == ("", "")


def test_after_it_was_heard_nobody_listens() -> None:
    with Loopback() as ear:
        place = ear.redirect_uri
    with pytest.raises(requests.ConnectionError):
        get(place)
    assert not [one for one in threading.enumerate() if one.name == "loopback"]


def test_it_listens_where_it_is_registered() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    registered = f"http://localhost:{port}/back"
    with Loopback(registered) as ear:
        assert ear.redirect_uri == registered
        assert get(f"http://127.0.0.1:{port}/back?state=s&code=c").status_code == 403
        get(f"http://127.0.0.1:{port}/back?state=s&code=c", Host=f"localhost:{port}")
        assert ear.wait(SOON) == "state=s&code=c"


def test_a_port_that_is_taken_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"127.0.0.1:{port} cannot be listened at"):
            Loopback(f"http://127.0.0.1:{port}/")


def test_only_addresses_of_this_computer_are_listened_at() -> None:
    here = "http://127.0.0.1:8765/"
    assert on_this_computer(["https://s.example/", "https://127.0.0.1/", here]) == here
    assert on_this_computer(["https://s.example/"]) is None
