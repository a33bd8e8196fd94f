"""What could not be read of a calendar, as codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.types import Id, Instant, Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("code", Words, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.PrimaryKeyConstraint("calendar_id", "key", "code", name="pk_notes"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_notes_calendar_id"),
    )
