from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

import pytest

from policy.rules import Rules
from syncd.demo import acts, story
from syncd.demo.home import CalDavHome, Home
from syncd.demo.stagehand import Meeting, Play, WrongEnding, when
from syncd.demo.story import MEETINGS, SCENES

VERDICTS = {
    "in time": "timely",
    "late": "forfeit",
    "by mistake": None,
    "moved": "timely",
    "out of sight": None,
    "given up": "not_student",
}


@pytest.fixture(scope="module")
def lines() -> list[dict[str, str | None]]:
    out = io.StringIO()
    story.tell(out, json=True)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def steps(lines: list[dict[str, str | None]], session: str | None) -> list[str | None]:
    return [line["step"] for line in lines if line["session"] == session]


def test_every_line_is_an_object_of_step_what_session_and_verdict(lines: list[dict[str, str | None]]) -> None:
    assert all(list(line) == ["step", "what", "session", "verdict"] for line in lines)
    assert all(line["step"] and line["what"] for line in lines)
    assert {line["verdict"] for line in lines} == {None, "timely", "forfeit", "not_student"}


def test_each_session_goes_through_its_steps_to_its_verdict(lines: list[dict[str, str | None]]) -> None:
    sessions = [line["session"] for line in lines if line["step"] == "booked"]
    told = dict(zip((meeting.key for meeting in MEETINGS), sessions, strict=True))
    verdicts = {line["session"]: line["verdict"] for line in lines if line["verdict"]}
    assert {key: verdicts.get(session) for key, session in told.items()} == VERDICTS
    assert {key: steps(lines, session)[1:] for key, session in told.items()} == {
        "in time": ["invited", "deleted", "called off", "noticed", "confirmed", "decided"],
        "by mistake": ["deleted", "noticed", "confirmed", "put back", "stands"],
        "given up": ["declined", "noticed", "confirmed", "decided"],
        "moved": ["moved", "noticed", "decided"],
        "out of sight": ["deleted", "out of sight"],
        "late": ["deadline", "deleted", "noticed", "confirmed", "decided"],
    }
    assert sum(line["verdict"] is not None for line in lines) == 4


def test_people_and_hours_come_first_and_the_end_is_the_end(lines: list[dict[str, str | None]]) -> None:
    before = steps(lines, None)
    assert before == ["connected"] * 5 + ["hours"] * 3 + ["checked", "in common", "the end"]
    assert [line["step"] for line in lines].index("booked") == 10


# --- a story that goes wrong ---------------------------------------------------------


class Idle(CalDavHome):
    """A home where somebody only pretends."""

    def delete(self, event: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class LazyPlay(Play):
    def home(self, user: str) -> Home:
        real = self.town.home(user)
        assert isinstance(real, CalDavHome)
        return Idle(real.person, real.server, real.delivers)


def nobody_deletes(play: Play, meetings: Mapping[str, Meeting]) -> None:
    acts.deleted_in_time(LazyPlay(**{one.name: getattr(play, one.name) for one in fields(play)}), meetings)


def test_an_act_that_does_not_happen_is_an_error() -> None:
    wrong = (
        r"Arjun Mehta with Dr Miriam Okafor\): expected no event in the mentor's calendar; came the event in"
    )
    with pytest.raises(WrongEnding, match=wrong) as raised:
        story.tell(io.StringIO(), json=True, scenes=[nobody_deletes])
    assert raised.value.exit_code == 1


def test_a_scene_left_out_is_found_at_the_end_and_it_is_told_on_a_narrow_terminal_without_umlauts() -> None:
    wrong = (
        r"Chloé Martin with Jonas Weber\): expected released, verdict not_student; came booked, no verdict;"
    )
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    with pytest.raises(WrongEnding, match=wrong):
        story.tell(out, json=False, scenes=SCENES[:1])
    text = raw.getvalue().decode("ascii")
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_other_rules_do_not_pass_for_the_true_ones() -> None:
    out = io.StringIO()
    with pytest.raises(WrongEnding, match=r"\(Lena Hartmann with .*\): expected .*; came "):
        story.tell(out, json=True, rules=Rules.model_validate({"notice": "12h"}), scenes=[acts.deleted_late])
    assert not any(json.loads(line)["verdict"] for line in out.getvalue().splitlines())


def test_the_scenes_happen_in_the_week_of_the_story() -> None:
    assert when("Mon 07:30").isoformat() == "2026-10-12T07:30:00+02:00"
    assert when("Wed 17:42:30").isoformat() == "2026-10-14T17:42:30+02:00"
