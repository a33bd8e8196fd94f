"""Calendars that show only times, when busy time was read, and until when an account is not written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calendars", sa.Column("times_only", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("calendars", sa.Column("busy_at", Instant))
    op.add_column("calendars", sa.Column("busy_owed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("accounts", sa.Column("write_after", Instant))
