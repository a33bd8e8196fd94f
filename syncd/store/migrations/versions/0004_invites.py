"""How the mentor hears of a session: by the student's own server, by a copy of ours, or not yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.types import Body

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("copies", sa.Column("invite", Body))
