"""A Google on loopback, behind the Google adapter, is a provider, whichever freedoms it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.demo.google import Manners
from tests.providers.contract import CalendarProviderContract
from tests.providers.google_house import google_of, house_on
from tests.providers.house import House


@pytest.mark.suite("contract", "Google")
class TestGoogle(CalendarProviderContract):
    @pytest.fixture
    def house(self) -> Iterator[House]:
        with google_of(Manners(page_size=100)) as google, house_on(google, crowd=250) as house:
            yield house


class TestGoogleInShortPages(CalendarProviderContract):
    """Rows come one by one, and of a deleted event a list tells the id alone."""

    @pytest.fixture
    def house(self) -> Iterator[House]:
        manners = Manners(page_size=1, bare="lists")
        with google_of(manners) as google, house_on(google, crowd=25) as house:
            yield house
