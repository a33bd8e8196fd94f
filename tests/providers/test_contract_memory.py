"""The server in dictionaries is a provider, whichever capabilities it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from providers.base import CalendarProvider, Capability
from providers.memory import MemoryProvider, MemoryServer
from syncd.clock import SystemClock
from tests.providers.contract import CalendarProviderContract
from tests.providers.hands import MemoryHand
from tests.providers.house import OWNER, House

PASSWORD = "right"


def _house(capabilities: Capability) -> House:
    server = MemoryServer(SystemClock().now)
    server.add_account("student", PASSWORD)

    def connect(password: str = PASSWORD) -> CalendarProvider:
        return MemoryProvider(server, "student", password, OWNER, capabilities)

    @contextmanager
    def outage() -> Iterator[None]:
        server.go_down()
        yield
        server.come_up()

    return House(
        provider=connect(),
        calendar=server.add_calendar("student", "School", default=True),
        make_other=lambda: server.add_calendar("student", "Sport"),
        forbidden=server.add_calendar("student", "Holidays", writable=False),
        no_calendar=server.add_calendar("student", "Tasks", events=False),
        outside=MemoryHand(server),
        another=connect,
        refused=connect(password="wrong"),
        outage=outage,
        requests=lambda: server.requests,
        crowd=250,
    )


@pytest.mark.suite("contract", "memory")
class TestMemory(CalendarProviderContract):
    @pytest.fixture
    def house(self) -> House:
        return _house(Capability.SYNC_TOKEN)


class TestMemoryWithoutTokens(CalendarProviderContract):
    @pytest.fixture
    def house(self) -> House:
        return _house(Capability.NONE)


class TestMemoryWithEveryCapability(CalendarProviderContract):
    @pytest.fixture
    def house(self) -> House:
        return _house(
            Capability.FREE_BUSY | Capability.SYNC_TOKEN | Capability.SCHEDULING | Capability.STAMPS
        )
