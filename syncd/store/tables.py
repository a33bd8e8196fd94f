"""The tables as the newest migration leaves them.

What SQLAlchemy cannot say for both databases stands only in the migrations: the triggers that
make ``facts``, ``verdicts`` and ``audit`` append-only, and the rule that no two live sessions
of one person overlap.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from syncd.store.types import Body, Id, Instant, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("zone", Words, nullable=False),
    Column("weekly", Words),
    Column("created_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("provider", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("host", Words, nullable=False, server_default=""),
    Column("username", Words, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("capabilities", Integer, nullable=False),
    Column("health", Words, nullable=False),
    Column("health_since", Instant, nullable=False),
    Column("trouble", Words),
    Column("cause", Words),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("write_after", Instant),
    Index(
        "uq_accounts_connected",
        "person_id",
        "provider",
        "url",
        "username",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

calendars = Table(
    "calendars",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("remote", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("busy", Boolean, nullable=False),
    Column("sessions", Boolean, nullable=False),
    Column("token", Words),
    Column("verified_at", Instant),
    Column("full_at", Instant),
    Column("window_start", Instant),
    Column("window_end", Instant),
    Column("health", Words, nullable=False),
    Column("health_since", Instant, nullable=False),
    Column("trouble", Words),
    Column("cause", Words),
    Column("removed_at", Instant),
    Column("times_only", Boolean, nullable=False, server_default=false()),
    Column("busy_at", Instant),
    Column("busy_owed", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("account_id", "remote"),
    sqlite_autoincrement=True,
)

channels = Table(
    "channels",
    metadata,
    Column("id", Words, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("calendar_id", Id, nullable=False),
    Column("address", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("resource", Words),
    Column("until", Instant, nullable=False),
    Column("renew_at", Instant, nullable=False),
)
"""A calendar may be gone before its channel is stopped, so nothing holds it here."""

resources = Table(
    "resources",
    metadata,
    Column("calendar_id", ForeignKey("calendars.id"), primary_key=True),
    Column("key", Words, primary_key=True),
    Column("etag", Words, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("calendar_id", ForeignKey("calendars.id"), primary_key=True),
    Column("key", Words, primary_key=True),
    Column("starts", Instant, primary_key=True),
    Column("ends", Instant, primary_key=True),
    Column("kind", Words, primary_key=True),
    CheckConstraint("starts < ends", name="order"),
    Index(None, "calendar_id", "ends"),
)

notes = Table(
    "notes",
    metadata,
    Column("calendar_id", ForeignKey("calendars.id"), primary_key=True),
    Column("key", Words, primary_key=True),
    Column("code", Words, primary_key=True),
    Column("since", Instant, nullable=False),
)
"""What could not be read of which resource, and why: codes, never a word of it."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("key", Words, unique=True),
    Column("student_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("mentor_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("starts", Instant, nullable=False, index=True),
    Column("ends", Instant, nullable=False),
    Column("state", Words, nullable=False, index=True),
    Column("live", Boolean, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("calendar_state", Words, nullable=False),
    Column("snapshot", Body, nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("starts < ends", name="order"),
    CheckConstraint("student_id <> mentor_id", name="two"),
)

session_people = Table(
    "session_people",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("live", Boolean, nullable=False),
    CheckConstraint("starts < ends", name="order"),
    Index(None, "person_id", "ends"),
)

copies = Table(
    "copies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("side", Words, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("calendar_id", ForeignKey("calendars.id"), nullable=False),
    Column("uid", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("base", Body),
    Column("intent", Body),
    Column("invite", Body),
    UniqueConstraint("session_id", "side", "generation"),
    UniqueConstraint("uid", "side"),
    Index(None, "calendar_id", "ref"),
    sqlite_autoincrement=True,
)

strays = Table(
    "strays",
    metadata,
    Column("copy_id", ForeignKey("copies.id"), primary_key=True),
    Column("calendar_id", ForeignKey("calendars.id"), primary_key=True),
    Column("ref", Words, primary_key=True),
    Column("etag", Words, nullable=False),
    Column("appeared_at", Instant, nullable=False),
    Column("mirror", Boolean),
)

facts = Table(
    "facts",
    metadata,
    Column("session_id", ForeignKey("sessions.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("recorded_at", Instant, nullable=False),
    Column("kind", Words, nullable=False),
    Column("body", Body, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("session_id", Words, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("given_at", Instant, nullable=False, index=True),
    Column("outcome", Words, nullable=False),
    Column("doubt", Boolean, nullable=False),
    Column("body", Body, nullable=False),
    ForeignKeyConstraint(
        ["session_id", "seq"],
        ["facts.session_id", "facts.seq"],
        deferrable=True,
        initially="DEFERRED",
    ),
)

feed = Table(
    "feed",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Words, nullable=False),
    Column("session_id", ForeignKey("sessions.id")),
    Column("person_id", ForeignKey("people.id")),
    Column("body", Body, nullable=False),
    sqlite_autoincrement=True,
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("reason", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("until", Instant),
    CheckConstraint("starts < ends", name="order"),
    Index(None, "person_id", "ends"),
    sqlite_autoincrement=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("account_id", ForeignKey("accounts.id")),
    Column("calendar_id", ForeignKey("calendars.id")),
    Column("session_id", ForeignKey("sessions.id")),
    Column("spot", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(
        "uq_incidents_open",
        "spot",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("author", Words, nullable=False),
    Column("act", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("body", Body, nullable=False),
    sqlite_autoincrement=True,
)

due = Table(
    "due",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("due_at", Instant, nullable=False, index=True),
    Column("prio", Integer, nullable=False),
    Column("excl", Words, index=True),
    Column("gen", Integer, nullable=False),
    Column("seen_gen", Integer, nullable=False),
    Column("lease_until", Instant, index=True),
    Column("holder", Words),
    Column("fence", Id, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Words),
    Index("ix_due_claim", text("prio DESC"), "due_at", "kind", "key"),
)

due_turn = Table(
    "due_turn",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("turn", Id, nullable=False),
)
"""One row: its lock puts claims in a line, its number is the newest fence, never used twice."""

meta = Table(
    "meta",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", Words, nullable=False),
)
