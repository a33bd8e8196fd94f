"""Who holds a piece of due work, and on which host an account lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.hosts import host_of
from syncd.store.types import Id, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("due", sa.Column("holder", Words))
    op.create_index("ix_due_lease_until", "due", ["lease_until"])
    op.add_column("accounts", sa.Column("host", Words, nullable=False, server_default=""))
    accounts = sa.table("accounts", sa.column("id", Id), sa.column("url", Words), sa.column("host", Words))
    link = op.get_bind()
    for row in link.execute(sa.select(accounts.c.id, accounts.c.url)).all():
        mine = sa.update(accounts).where(accounts.c.id == row.id)
        link.execute(mine.values(host=host_of(row.url)))
