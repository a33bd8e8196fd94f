"""What /healthz, /readyz and /metrics say."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from syncd import work
from syncd.store.rows import SessionId
from syncd.vault import CANARY_NAME
from tests.syncd.engine.house import HOUR, MINUTE, PASSWORD
from tests.syncd.ward import lived
from tests.syncd.web.conftest import Site


def ready(site: Site) -> tuple[int, dict[str, bool]]:
    said = site.ask("/readyz")
    told: dict[str, Any] = json.loads(said.body)
    assert told["ready"] is (said.status == 200)
    return said.status, {one["name"]: one["ok"] for one in told["checks"]}


ROOT = Path(__file__).parents[3]
ALL = {"database": True, "key": True, "promises": True, "first pass": True, "runner": True}


def test_a_process_lives_until_its_work_is_stuck(site: Site) -> None:
    assert site.ask("/healthz").text == "ok"
    site.beat.oldest = timedelta(minutes=10)
    site.beat.trouble = "syncd.db is locked by another process"
    assert site.ask("/healthz").status == 200
    site.beat.oldest = timedelta(minutes=10, seconds=1)
    said = site.ask("/healthz")
    assert said.status == 503
    assert "10m1s" in said.text
    assert ready(site)[1]["runner"] is False


def test_a_process_lives_while_it_asks_for_work(site: Site) -> None:
    site.beat.last_claim = site.ward.play.clock.now()
    site.ward.play.clock.sleep(10 * MINUTE)
    assert site.ask("/healthz").status == 200
    site.ward.play.clock.sleep(MINUTE)
    assert site.ask("/healthz").status == 503
    site.beat.trouble = "the disk is full"
    assert site.ask("/healthz").status == 200, "to start anew would not make it emptier"


def test_it_is_ready_when_every_account_was_tried_once(site: Site) -> None:
    play = site.ward.play
    with play.db.write() as tx:
        for account in tx.accounts.all():
            tx.due.set_time(work.SYNC, work.account_key(account.id), tx.now - MINUTE)
    assert ready(site) == (503, ALL | {"first pass": False})
    assert "2 accounts were not tried" in site.ask("/readyz").text
    play.sync()
    assert ready(site) == (200, ALL)


def test_an_account_that_fails_or_has_no_work_does_not_hide(site: Site) -> None:
    site.ward.play.sync()
    with site.ward.play.db.write() as tx:
        key = work.account_key(tx.accounts.all()[0].id)
        tx.due.set_time(work.SYNC, key, None)
    assert ready(site) == (503, ALL | {"first pass": False})
    with site.ward.play.db.write() as tx:
        tx.due.want(work.SYNC, key)
        tx.due.fail(tx.due.claim(1, work.LEASE, [work.SYNC], [key])[0], "Unavailable")
    assert ready(site) == (200, ALL)


def test_the_first_pass_is_done_once(site: Site) -> None:
    site.ward.play.sync()
    assert ready(site) == (200, ALL)
    with site.ward.play.db.write() as tx:
        tx.due.set_time(work.SYNC, work.account_key(tx.accounts.all()[0].id), tx.now - HOUR)
    assert ready(site) == (200, ALL)


def test_trouble_with_the_database_or_the_key_is_told(site: Site) -> None:
    site.ward.play.sync()
    site.beat.trouble = "/secret/place/syncd.db cannot grow: the disk is full"
    assert ready(site) == (503, ALL | {"runner": False})
    assert "secret" not in site.ask("/readyz").text
    site.beat.trouble = None
    with site.ward.play.db.write() as tx:
        tx.meta.put(CANARY_NAME, "of another key")
    assert ready(site) == (503, ALL | {"key": False})
    site.ward.sql("ALTER TABLE meta RENAME TO gone")
    assert ready(site) == (503, {"database": False, "runner": True})
    assert site.ward.url not in site.ask("/readyz").text


def test_the_numbers_of_a_school_that_lived(site: Site) -> None:
    lived(site.ward.play)
    site.ward.play.clock.sleep(7 * MINUTE)
    site.beat.ran.update({"sync": 5, "look": 2})
    site.beat.failed, site.beat.fenced, site.beat.running = 3, 1, 2
    site.beat.oldest = timedelta(seconds=4)
    for line, value in {
        'syncd_sessions{state="booked"}': 1,
        'syncd_sessions{state="forfeited"}': 1,
        'syncd_verdicts{doubt="no",outcome="forfeit"}': 1,
        'syncd_verdicts{doubt="no",outcome="timely"}': 1,
        'syncd_accounts{health="ok"}': 2,
        'syncd_accounts{health="lost"}': 0,
        'syncd_runs_total{kind="sync"}': 5,
        "syncd_failures_total": 3,
        "syncd_fenced_total": 1,
        "syncd_running": 2,
        "syncd_oldest_running_seconds": 4,
        "syncd_upcoming_sessions": 1,
        "syncd_never_verified_sessions": 0,
        "syncd_database_up": 1,
        "syncd_database_trouble": 0,
    }.items():
        assert site.number(line) == value, line
    assert site.number("syncd_oldest_verified_session_seconds") >= 420


def test_the_age_is_infinite_while_a_session_was_never_seen_and_nothing_without_one(site: Site) -> None:
    assert site.number("syncd_oldest_verified_session_seconds") == 0
    site.ward.play.agree()
    assert site.number("syncd_oldest_verified_session_seconds") == math.inf
    assert site.number("syncd_never_verified_sessions") == 1
    assert site.number("syncd_oldest_seen_session_seconds") == 0
    site.ward.play.sync()
    assert site.number("syncd_oldest_verified_session_seconds") == 0
    site.ward.play.clock.sleep(HOUR)
    assert site.number("syncd_oldest_verified_session_seconds") == 3600


def test_overdue_work_is_counted_with_the_latest_of_it(site: Site) -> None:
    site.ward.play.sync()
    site.ward.play.clock.sleep(3 * HOUR)
    with site.ward.play.db.read() as tx:
        latest = tx.now - min(row.due_at for row in tx.due.all([work.SYNC]))
    assert site.number('syncd_overdue{kind="sync"}') == 2
    assert site.number("syncd_lateness_seconds") == latest.total_seconds() > 3600
    with site.ward.play.db.write() as tx:
        assert len(tx.due.claim(9, work.LEASE)) == 2
    assert site.number("syncd_lateness_seconds") == 0


def test_no_label_names_anybody_and_no_secret_is_in_a_number(site: Site) -> None:
    session = site.ward.play.agree()
    site.ward.play.sync()
    with site.ward.play.db.write() as tx:
        tx.incidents.begin("Amina's own@school.example kind", session_id=SessionId(session), what="MARK")
        tx.due.want("amina@school.example", "MARK")
    site.beat.ran["https://memory.example/amina"] = 1
    said = site.ask("/metrics").text
    for word in ("amina", "Amina", "example", "memory:", "MARK", PASSWORD, "mo@", "lessons", f'"{session}"'):
        assert word not in said, word
    assert 'syncd_incidents_open{kind="other"} 1.0' in said
    assert 'syncd_runs_total{kind="other"} 1.0' in said


def test_when_the_database_does_not_answer_the_process_is_still_watched(site: Site) -> None:
    site.beat.trouble = "locked"
    site.beat.trouble_since = site.ward.play.clock.now() - MINUTE
    site.ward.sql("ALTER TABLE sessions RENAME TO gone")
    assert site.number("syncd_database_up") == 0
    assert site.number("syncd_database_trouble") == 1
    assert site.number("syncd_database_trouble_seconds") == 60
    assert "syncd_sessions" not in site.ask("/metrics").text


def test_prometheus_can_read_it(site: Site) -> None:
    site.ward.play.agree()
    said = site.ask("/metrics")
    assert said.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {one.name: one for one in text_string_to_metric_families(said.text)}
    assert next(iter(families)) == "syncd_oldest_verified_session_seconds"
    assert "process_resident_memory_bytes" in families
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    samples = {sample.name for one in families.values() for sample in one.samples}
    assert {name for name in samples if name.startswith("syncd_") and f"`{name}" not in page} == set()
    assert all(one.documentation for one in families.values())
