"""The first schema."""

# ruff: noqa: S608 - every name in a statement stands in this file

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store.types import Body, Id, Instant, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = {
    "facts": "session_id = NEW.session_id AND seq = NEW.seq",
    "verdicts": "session_id = NEW.session_id AND seq = NEW.seq",
    "audit": "id = NEW.id",
}
"""Tables that only grow, and what is one row of each."""


def upgrade() -> None:
    _people_and_accounts()
    _calendars()
    _sessions()
    _copies()
    _ledger()
    _news()
    _due()
    if op.get_bind().dialect.name == "sqlite":
        _guards_of_sqlite()
    else:
        _guards_of_postgresql()


def _people_and_accounts() -> None:
    op.create_table(
        "people",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.Column("zone", Words, nullable=False),
        sa.Column("weekly", Words),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "accounts",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("provider", Words, nullable=False),
        sa.Column("url", Words, nullable=False),
        sa.Column("username", Words, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("capabilities", sa.Integer, nullable=False),
        sa.Column("health", Words, nullable=False),
        sa.Column("health_since", Instant, nullable=False),
        sa.Column("trouble", Words),
        sa.Column("cause", Words),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("removed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_accounts_person_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_accounts_connected",
        "accounts",
        ["person_id", "provider", "url", "username"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "overrides",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("starts", Instant, nullable=False),
        sa.Column("ends", Instant, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("author", Words, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("until", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_overrides_person_id"),
        sa.CheckConstraint("starts < ends", name="ck_overrides_order"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_overrides_person_id_ends", "overrides", ["person_id", "ends"])


def _calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("remote", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("busy", sa.Boolean, nullable=False),
        sa.Column("sessions", sa.Boolean, nullable=False),
        sa.Column("token", Words),
        sa.Column("verified_at", Instant),
        sa.Column("full_at", Instant),
        sa.Column("window_start", Instant),
        sa.Column("window_end", Instant),
        sa.Column("health", Words, nullable=False),
        sa.Column("health_since", Instant, nullable=False),
        sa.Column("trouble", Words),
        sa.Column("cause", Words),
        sa.Column("removed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_calendars"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_calendars_account_id"),
        sa.UniqueConstraint("account_id", "remote", name="uq_calendars_account_id_remote"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "resources",
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("etag", Words, nullable=False),
        sa.PrimaryKeyConstraint("calendar_id", "key", name="pk_resources"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_resources_calendar_id"),
    )
    op.create_table(
        "blocks",
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("starts", Instant, nullable=False),
        sa.Column("ends", Instant, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.PrimaryKeyConstraint("calendar_id", "key", "starts", "ends", "kind", name="pk_blocks"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_blocks_calendar_id"),
        sa.CheckConstraint("starts < ends", name="ck_blocks_order"),
    )
    op.create_index("ix_blocks_calendar_id_ends", "blocks", ["calendar_id", "ends"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", Words, nullable=False),
        sa.Column("key", Words),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("mentor_id", Id, nullable=False),
        sa.Column("starts", Instant, nullable=False),
        sa.Column("ends", Instant, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("deadline", Instant, nullable=False),
        sa.Column("calendar_state", Words, nullable=False),
        sa.Column("snapshot", Body, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("key", name="uq_sessions_key"),
        sa.ForeignKeyConstraint(["student_id"], ["people.id"], name="fk_sessions_student_id"),
        sa.ForeignKeyConstraint(["mentor_id"], ["people.id"], name="fk_sessions_mentor_id"),
        sa.CheckConstraint("starts < ends", name="ck_sessions_order"),
        sa.CheckConstraint("student_id <> mentor_id", name="ck_sessions_two"),
    )
    for column in ("student_id", "mentor_id", "starts", "state"):
        op.create_index(f"ix_sessions_{column}", "sessions", [column])
    op.create_table(
        "session_people",
        sa.Column("session_id", Words, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("starts", Instant, nullable=False),
        sa.Column("ends", Instant, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "person_id", name="pk_session_people"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_session_people_session_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_session_people_person_id"),
        sa.CheckConstraint("starts < ends", name="ck_session_people_order"),
    )
    op.create_index("ix_session_people_person_id_ends", "session_people", ["person_id", "ends"])


def _copies() -> None:
    op.create_table(
        "copies",
        sa.Column("id", Id, nullable=False),
        sa.Column("session_id", Words, nullable=False),
        sa.Column("side", Words, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("uid", Words, nullable=False),
        sa.Column("ref", Words, nullable=False),
        sa.Column("base", Body),
        sa.Column("intent", Body),
        sa.PrimaryKeyConstraint("id", name="pk_copies"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_copies_session_id"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_copies_calendar_id"),
        sa.UniqueConstraint("session_id", "side", "generation", name="uq_copies_session_id_side_generation"),
        sa.UniqueConstraint("uid", "side", name="uq_copies_uid_side"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_copies_calendar_id_ref", "copies", ["calendar_id", "ref"])
    op.create_table(
        "strays",
        sa.Column("copy_id", Id, nullable=False),
        sa.Column("calendar_id", Id, nullable=False),
        sa.Column("ref", Words, nullable=False),
        sa.Column("etag", Words, nullable=False),
        sa.Column("appeared_at", Instant, nullable=False),
        sa.Column("mirror", sa.Boolean),
        sa.PrimaryKeyConstraint("copy_id", "calendar_id", "ref", name="pk_strays"),
        sa.ForeignKeyConstraint(["copy_id"], ["copies.id"], name="fk_strays_copy_id"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_strays_calendar_id"),
    )


def _ledger() -> None:
    op.create_table(
        "facts",
        sa.Column("session_id", Words, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("body", Body, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "seq", name="pk_facts"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_facts_session_id"),
        sa.CheckConstraint("seq >= 1", name="ck_facts_seq"),
    )
    op.create_table(
        "verdicts",
        sa.Column("session_id", Words, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("given_at", Instant, nullable=False),
        sa.Column("outcome", Words, nullable=False),
        sa.Column("doubt", sa.Boolean, nullable=False),
        sa.Column("body", Body, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "seq", name="pk_verdicts"),
        sa.ForeignKeyConstraint(
            ["session_id", "seq"],
            ["facts.session_id", "facts.seq"],
            name="fk_verdicts_session_id_seq",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_verdicts_given_at", "verdicts", ["given_at"])
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("author", Words, nullable=False),
        sa.Column("act", Words, nullable=False),
        sa.Column("subject", Words, nullable=False),
        sa.Column("body", Body, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )


def _news() -> None:
    op.create_table(
        "feed",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("session_id", Words),
        sa.Column("person_id", Id),
        sa.Column("body", Body, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_feed_session_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_feed_person_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "incidents",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("account_id", Id),
        sa.Column("calendar_id", Id),
        sa.Column("session_id", Words),
        sa.Column("spot", Words, nullable=False),
        sa.Column("what", Words, nullable=False),
        sa.Column("began_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_incidents_account_id"),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_incidents_calendar_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_incidents_session_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["spot"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "meta",
        sa.Column("name", Words, nullable=False),
        sa.Column("value", Words, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def _due() -> None:
    op.create_table(
        "due",
        sa.Column("kind", Words, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("prio", sa.Integer, nullable=False),
        sa.Column("excl", Words),
        sa.Column("gen", sa.Integer, nullable=False),
        sa.Column("seen_gen", sa.Integer, nullable=False),
        sa.Column("lease_until", Instant),
        sa.Column("fence", Id, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", Words),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_due"),
    )
    op.create_index("ix_due_due_at", "due", ["due_at"])
    op.create_index("ix_due_excl", "due", ["excl"])
    op.create_index("ix_due_claim", "due", [sa.text("prio DESC"), "due_at", "kind", "key"])
    turn = op.create_table(
        "due_turn",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("turn", Id, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_due_turn"),
    )
    op.bulk_insert(turn, [{"id": 1, "turn": 0}])


def _guards_of_sqlite() -> None:
    for table, same in APPEND_ONLY.items():
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # INSERT OR REPLACE deletes without asking the trigger above.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    for act in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER session_people_overlap_{act.lower()} BEFORE {act} ON session_people "
            "WHEN NEW.live AND EXISTS (SELECT 1 FROM session_people o WHERE o.person_id = NEW.person_id "
            "AND o.session_id <> NEW.session_id AND o.live AND o.starts < NEW.ends AND o.ends > NEW.starts) "
            "BEGIN SELECT RAISE(ABORT, 'ex_session_people_overlap'); END"
        )


def _guards_of_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(
        "ALTER TABLE session_people ADD CONSTRAINT ex_session_people_overlap EXCLUDE USING gist "
        "(int8range(person_id, person_id, '[]') WITH &&, tstzrange(starts, ends) WITH &&) WHERE (live)"
    )
