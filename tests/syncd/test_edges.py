"""The log tells each edge of the feed once, with ids, counts and codes alone."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from syncd import log
from syncd.edges import Follower
from tests.syncd.engine.house import HOUR, ONE
from tests.syncd.ward import Ward, lived


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    log.configure("info", "json", out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, object]]:
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    out.seek(0)
    out.truncate()
    return [one for one in found if "entry" in one]


def test_what_happens_is_told_once_and_what_happened_before_never(ward: Ward, said: io.StringIO) -> None:
    ward.play.sync()
    follower = Follower(lambda: ward.play.house)
    assert (follower.step(), lines(said)) == (0, [])
    named = lived(ward.play)["timely"]
    told = follower.step()
    entries = lines(said)
    assert told == len(entries) > 0
    numbers = [int(str(one["entry"])) for one in entries]
    assert numbers == sorted(set(numbers))
    assert {one["event"] for one in entries if one.get("session") == named} == {
        "session.planned",
        "session.booked",
        "session.noticed",
        "session.confirmed",
        "verdict.timely",
    }
    assert (follower.step(), lines(said)) == (0, [])


def test_a_failing_account_is_told_when_it_begins_and_when_it_is_well_again(
    ward: Ward, said: io.StringIO
) -> None:
    follower = Follower(lambda: ward.play.house)
    ward.play.servers[ONE].go_down()
    for _ in range(3):
        ward.play.after(HOUR)
        follower.step()
    ward.play.servers[ONE].come_up()
    for _ in range(2):
        ward.play.after(HOUR)
        follower.step()
    entries = [one for one in lines(said) if str(one["event"]).startswith("account.")]
    told = [(one["event"], one["level"], one["person"], one["account"]) for one in entries]
    ids = sorted((one.id, one.id) for one in ward.play.people.values())
    assert sorted(told) == sorted(
        [("account.failing", "warning", *each) for each in ids]
        + [("account.well", "info", *each) for each in ids]
    )


def test_no_word_of_anybody_gets_into_the_log(ward: Ward, said: io.StringIO) -> None:
    follower = Follower(lambda: ward.play.house)
    with ward.play.db.write() as tx:
        tx.feed.put(
            "brake.on",
            None,
            None,
            {
                "scope": "person",
                "sessions": ["s1", "s2"],
                "count": 2,
                "state": "A title of MARK1",
                "why": "MARK2",
                "reason": "MARK3",
                "kind": "https://x.example/MARK4",
                "how": ["MARK5"],
                "account": {"deep": "MARK6"},
            },
        )
    assert follower.step() == 1
    assert "MARK" not in said.getvalue()
    (one,) = lines(said)
    assert (one["scope"], one["sessions"], one["count"]) == ("person", ["s1", "s2"], 2)


def test_after_trouble_it_reads_on_where_it_was(ward: Ward, said: io.StringIO) -> None:
    follower = Follower(lambda: ward.play.house)
    with ward.play.db.write() as tx:
        for number in range(1_100):
            tx.feed.put("session.planned", None, None, {"count": number})
    ward.sql("ALTER TABLE feed RENAME TO away")
    assert follower.step() == 0
    ward.sql("ALTER TABLE away RENAME TO feed")
    assert follower.step() == 1_100
    assert [one["count"] for one in lines(said)] == list(range(1_100))
