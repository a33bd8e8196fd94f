"""People's connections to calendar servers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from syncd.store import calendars
from syncd.store.errors import Taken, Unknown
from syncd.store.health import turn
from syncd.store.hosts import host_of
from syncd.store.link import AnyRow, Link
from syncd.store.rows import Account, AccountId, Health, PersonId
from syncd.store.tables import accounts, channels

REMOVED = "removed"
"""The cause of an account, or a calendar, that its owner has taken away."""
_ADD = insert(accounts).returning(accounts.c.id)
_GET = select(accounts).where(accounts.c.id == bindparam("this"))
_DROP_CHANNELS = delete(channels).where(channels.c.account_id == bindparam("account"))
_ALL = select(accounts).where(accounts.c.removed_at.is_(None)).order_by(accounts.c.id)
_OF = _ALL.where(accounts.c.person_id == bindparam("whose"))


class Accounts:
    """Accounts; one that was removed is found by its id alone, without its grant."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(
        self,
        person_id: PersonId,
        provider: str,
        url: str,
        username: str,
        grant: bytes,
        capabilities: int,
    ) -> Account:
        """Connect an account.

        The grant is sealed with the row's id as associated data, which is known only now: put an
        empty one first, then :meth:`put_grant`.

        :raises Taken: if the person has connected it already.
        :raises Refused: if there is no such person.
        """
        values = {
            "person_id": person_id,
            "provider": provider,
            "url": url,
            "host": host_of(url),
            "username": username,
            "sealed": grant,
            "capabilities": capabilities,
            "health": Health.OK.value,
            "health_since": self._link.now,
            "created_at": self._link.now,
        }
        try:
            with self._link.attempt():
                made = self._link.value(_ADD, values)
        except Taken:
            raise Taken(f"{username} at {url} is connected already") from None
        return self.get(AccountId(made))

    def get(self, id: AccountId) -> Account:  # noqa: A002
        """Return the account with this id.

        :raises Unknown: if there is none.
        """
        for row in self._link.kept(_GET, {"this": id}, accounts):
            return _account(row)
        raise Unknown(f"there is no account {id}")

    def of(self, person_id: PersonId) -> tuple[Account, ...]:
        """Return the accounts that a person has connected."""
        return tuple(_account(row) for row in self._link.kept(_OF, {"whose": person_id}, accounts))

    def all(self) -> tuple[Account, ...]:
        """Return every connected account."""
        return tuple(_account(row) for row in self._link.rows(_ALL, {}))

    def put_grant(self, id: AccountId, grant: bytes) -> None:  # noqa: A002
        """Store a new grant, unless the account was removed."""
        self._link.change(accounts, {"id": id, "removed_at": None}, {"sealed": grant})

    def swap_grant(self, id: AccountId, old: bytes, new: bytes) -> bool:  # noqa: A002
        """Store *new* in the place of *old*, and tell whether that is what stood there."""
        return self._link.change(accounts, {"id": id, "removed_at": None, "sealed": old}, {"sealed": new})

    def put_capabilities(self, id: AccountId, capabilities: int) -> None:  # noqa: A002
        """Store what the account's server can do."""
        self._link.change(accounts, {"id": id}, {"capabilities": capabilities})

    def write_after(self, id: AccountId, moment: datetime) -> None:  # noqa: A002
        """Note that the account's server does not want to be written to before *moment*."""
        self._link.change(accounts, {"id": id}, {"write_after": moment})

    def set_health(
        self,
        id: AccountId,  # noqa: A002
        health: Health,
        trouble: str | None = None,
        cause: str | None = None,
    ) -> bool:
        """Note how the account is doing, and tell whether that is news."""
        return turn(self._link, accounts, id, health, trouble, cause)

    def remove(self, id: AccountId) -> None:  # noqa: A002
        """Erase the account's grant, calendars, channels and busy time.

        Its row stays without the grant, and so do calendars that the history of a session names,
        without name or token: evidence must not point at nothing.
        """
        gone = {"sealed": b"", "removed_at": self._link.now, "trouble": None, "cause": REMOVED}
        if self._link.change(
            accounts,
            {"id": id, "removed_at": None},
            {**gone, "health": Health.LOST.value, "health_since": self._link.now},
        ):
            calendars.retire(self._link, calendars.of_account(id))
            self._link.run(_DROP_CHANNELS, {"account": id})


def _account(row: AnyRow) -> Account:
    return Account(
        id=AccountId(row.id),
        person_id=PersonId(row.person_id),
        provider=row.provider,
        url=row.url,
        username=row.username,
        grant=bytes(row.sealed),
        capabilities=row.capabilities,
        health=Health(row.health),
        health_since=row.health_since,
        trouble=row.trouble,
        cause=row.cause,
        created_at=row.created_at,
        write_after=row.write_after,
    )
