from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import pytest

from syncd.vault import CANARY_NAME
from syncd.web import Pages
from tests.syncd.ward import Ward


@dataclass
class Beat:
    """A runner's pulse, as a test wants it."""

    running: int = 0
    oldest: timedelta | None = None
    last_claim: datetime | None = None
    trouble: str | None = None
    trouble_since: datetime | None = None
    ran: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    fenced: int = 0


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Site:
    """Pages that are served, and a client of theirs."""

    ward: Ward
    pages: Pages
    beat: Beat

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Said:
        host, _, port = self.pages.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return Said(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def number(self, line: str) -> float:
        """Return a number of /metrics by its name and labels."""
        said = self.ask("/metrics")
        assert said.status == HTTPStatus.OK
        (found,) = (one for one in said.text.splitlines() if one.startswith(f"{line} "))
        return float(found.rpartition(" ")[2])


@pytest.fixture
def site(ward: Ward) -> Iterator[Site]:
    """The pages of a small school, served at a free port of loopback."""
    with ward.play.db.write() as tx:
        tx.meta.put(CANARY_NAME, ward.play.house.vault.fingerprint())
    beat = Beat()
    pages = Pages("127.0.0.1:0", lambda: ward.play.house, lambda: beat)
    pages.start()
    try:
        yield Site(ward, pages, beat)
    finally:
        pages.stop(timedelta(seconds=5))
