"""The channels over which a server calls us when a calendar changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.types import Id, Instant, Words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", Words, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("address", Words, nullable=False),
        sa.Column("digest", Words, nullable=False),
        sa.Column("resource", Words),
        sa.Column("until", Instant, nullable=False),
        sa.Column("renew_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_channels_account_id"),
    )
    op.create_index("ix_channels_account_id", "channels", ["account_id"])
