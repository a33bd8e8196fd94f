"""What a calendar provider is: whoever passes this suite is one.

A server's own file subclasses :class:`CalendarProviderContract`, marks the class with
``suite("contract", "Its name")`` and brings one fixture, ``house``. Nothing in the suite
knows of CalDAV or of any other wire format.
"""

from __future__ import annotations

from tests.providers.contract_busy import BusyContract
from tests.providers.contract_changes import ChangesContract
from tests.providers.contract_losses import LossesContract
from tests.providers.contract_persons import PersonsContract
from tests.providers.contract_writes import WritesContract


class CalendarProviderContract(
    WritesContract, ChangesContract, PersonsContract, BusyContract, LossesContract
):
    """Every sentence that holds of every provider."""
