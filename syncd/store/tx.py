"""What can be done inside a transaction, by subject."""

from __future__ import annotations

from syncd.store.accounts import Accounts
from syncd.store.audit import Audit
from syncd.store.calendars import Calendars
from syncd.store.channels import Channels
from syncd.store.chronicle import Chronicle
from syncd.store.copies import Copies
from syncd.store.due import Due
from syncd.store.feed import Feed
from syncd.store.incidents import Incidents
from syncd.store.inquiry import Inquiry
from syncd.store.ledger import Ledger
from syncd.store.link import Link
from syncd.store.meta import Meta
from syncd.store.overrides import Overrides
from syncd.store.people import People
from syncd.store.presence import Presence
from syncd.store.sessions import Sessions
from syncd.store.survey import Survey


class Tx:
    """One transaction: its repositories, and the one instant at which all of it happens."""

    def __init__(self, link: Link) -> None:
        self.now = link.now
        """When the transaction began, by the injected clock."""
        self.chance = link.chance
        """Where chance comes from."""
        self.people = People(link)
        self.accounts = Accounts(link)
        self.calendars = Calendars(link)
        self.channels = Channels(link)
        self.sessions = Sessions(link)
        self.copies = Copies(link)
        self.ledger = Ledger(link)
        self.feed = Feed(link)
        self.overrides = Overrides(link)
        self.incidents = Incidents(link)
        self.audit = Audit(link)
        self.due = Due(link)
        self.meta = Meta(link)
        self.survey = Survey(link)
        self.chronicle = Chronicle(link)
        self.inquiry = Inquiry(link)
        self.presence = Presence(link)
