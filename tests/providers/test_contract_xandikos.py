"""A Xandikos on loopback, behind the CalDAV adapter, is a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.demo.servers import Server
from tests.providers.caldav_house import house_on
from tests.providers.contract import CalendarProviderContract
from tests.providers.house import House


@pytest.mark.suite("contract", "Xandikos")
class TestXandikos(CalendarProviderContract):
    most_winners = 2  # it looks at If-Match some time before it writes

    @pytest.fixture
    def house(self, xandikos_server: Server) -> Iterator[House]:
        with house_on(xandikos_server, crowd=105) as house:
            yield house
