"""A Radicale on loopback, behind the CalDAV adapter, is a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.demo.servers import Server
from tests.providers.caldav_house import house_on
from tests.providers.contract import CalendarProviderContract
from tests.providers.house import House


@pytest.mark.suite("contract", "Radicale")
class TestRadicale(CalendarProviderContract):
    @pytest.fixture
    def house(self, radicale_server: Server) -> Iterator[House]:
        with house_on(radicale_server, crowd=205) as house:
            yield house
