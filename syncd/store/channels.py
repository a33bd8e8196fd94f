"""The channels over which servers call us."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from syncd.store.link import AnyRow, Link
from syncd.store.rows import AccountId, CalendarRowId, ChannelRow
from syncd.store.tables import channels
from syncd.store.types import Instant

_ADD = insert(channels)
_GET = select(channels).where(channels.c.id == bindparam("this"))
_OF = select(channels).where(channels.c.account_id == bindparam("account")).order_by(channels.c.id)
_ACCOUNTS = select(channels.c.account_id).distinct().order_by(channels.c.account_id)
_DROP = delete(channels).where(channels.c.id == bindparam("this"))
_DROP_ENDED = delete(channels).where(
    channels.c.account_id == bindparam("account"), channels.c.until <= bindparam("moment", type_=Instant())
)


class Channels:
    """Channels, open or being opened."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, channel: ChannelRow) -> None:
        """Note a channel that is about to be opened.

        :raises Refused: if there is no such account.
        :raises Taken: if its id was used before.
        """
        self._link.run(_ADD, asdict(channel))

    def opened(self, id: str, resource: str, until: datetime, renew_at: datetime) -> bool:  # noqa: A002
        """Note what the server said of a channel, and tell whether anybody still wants it."""
        said = {"resource": resource, "until": until, "renew_at": renew_at}
        return self._link.change(channels, {"id": id}, said)

    def get(self, id: str) -> ChannelRow | None:  # noqa: A002
        """Return the channel with this id, if there is one."""
        row = self._link.row(_GET, {"this": id})
        return None if row is None else _channel(row)

    def of(self, account_id: AccountId) -> tuple[ChannelRow, ...]:
        """Return the channels of an account."""
        return tuple(_channel(row) for row in self._link.rows(_OF, {"account": account_id}))

    def accounts(self) -> tuple[AccountId, ...]:
        """Return the accounts that have a channel."""
        return tuple(AccountId(row.account_id) for row in self._link.rows(_ACCOUNTS, {}))

    def drop(self, id: str) -> bool:  # noqa: A002
        """Forget a channel, and tell whether it was known."""
        return self._link.run(_DROP, {"this": id}) > 0

    def drop_ended(self, account_id: AccountId) -> bool:
        """Forget the channels of an account that have ended by themselves, and tell whether there were any."""
        return self._link.run(_DROP_ENDED, {"account": account_id, "moment": self._link.now}) > 0


def _channel(row: AnyRow) -> ChannelRow:
    return ChannelRow(
        id=row.id,
        account_id=AccountId(row.account_id),
        calendar_id=CalendarRowId(row.calendar_id),
        address=row.address,
        digest=row.digest,
        resource=row.resource,
        until=row.until,
        renew_at=row.renew_at,
    )
