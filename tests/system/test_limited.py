"""What its owner and IT see of events that cannot be read, from a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.availability import State
from policy.interval import Interval
from syncd.cli import main
from syncd.free import availability
from syncd.store.rows import Role
from tests.system.school import School, school
from tests.system.test_availability import span, vcalendar, vevent

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LOST = "TZID=Nowhere Standard Time"


def odd(uid: str, hour: int) -> str:
    return vcalendar(vevent(uid, *span(f"20261125T{hour:02}0000", f"20261125T{hour + 1:02}0000", LOST)))


def said(capsys: pytest.CaptureFixture[str], one: School, *words: str) -> tuple[str, str]:
    main([*words, "--config", str(one.house.config.file)])
    heard = capsys.readouterr()
    return heard.out, heard.err


def test_what_cannot_be_read_is_told_in_words_until_it_is_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "2 events in 'Work' cannot be read (zone unknown); their time counts as unknown"
    with school(tmp_path, "Radicale", ("amina",), NOW) as one:
        amina = one.person("amina", Role.STUDENT)
        hand = one.hand("amina")
        work = hand.make_calendar("work", "Work")
        hand.fill(work, {"a.ics": odd("a", 10), "b.ics": odd("b", 12)})
        one.connect(amina, "amina", "Work")

        assert f"unreadable  {amina.email}: {sentence}\n" in said(capsys, one, "status")[0]
        assert (
            f"{sentence}, since 2026-11-23T09:00:00Z\n" in said(capsys, one, "person", "show", amina.email)[0]
        )
        hours = ("--from", "2026-11-25T08:00", "--to", "2026-11-26")
        assert sentence in said(capsys, one, "availability", amina.email, *hours)[1]
        shown = json.loads(said(capsys, one, "person", "show", amina.email, "--json")[0])
        (limited,) = shown["limited"]
        assert (limited["calendar"], limited["code"], limited["count"]) == ("Work", "zone-unknown", 2)
        assert json.loads(said(capsys, one, "status", "--json")[0])["limited"] == [limited]
        noon = Interval(datetime(2026, 11, 25, 12, tzinfo=UTC), datetime(2026, 11, 25, 13, tzinfo=UTC))
        assert [slot.state for slot in availability(one.house, amina, noon).slots] == [State.UNKNOWN]

        hand.put(f"{work}a.ics", odd("a", 10).replace(LOST, "TZID=Europe/Berlin"))
        one.wait(timedelta(minutes=5))
        one.sync()
        assert "1 event in 'Work' cannot be read (zone unknown); its time" in said(capsys, one, "status")[0]

        hand.delete(f"{work}b.ics")
        one.wait(timedelta(minutes=5))
        one.sync()
        assert "cannot be read" not in "".join(said(capsys, one, "status"))
        assert "cannot be read" not in "".join(said(capsys, one, "person", "show", amina.email))
