from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policy.rules import Rules, duration, shown

EXAMPLES = settings(max_examples=200, deadline=None)
SECONDS = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("21d", timedelta(days=21)),
        ("8w", timedelta(weeks=8)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("0s", timedelta(0)),
    ],
)
def test_a_length_of_time_is_written_with_its_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "24", "h", "24 h", "-1h", "1.5h", "24H", "1h,2m", "1y", 25, None, 1.75])
def test_what_is_no_length_of_time_is_refused_with_examples(text: object) -> None:
    with pytest.raises(ValueError, match='write it like "90s", "5m", "24h", "8w"'):
        duration(text)


def test_a_length_of_time_is_kept_as_it_is() -> None:
    assert duration(timedelta(minutes=7)) == timedelta(minutes=7)


def test_a_negative_length_of_time_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        duration(timedelta(seconds=-1))


def test_a_length_beyond_all_measure_is_refused_and_does_not_crash() -> None:
    with pytest.raises(ValueError, match="longer than any"):
        duration("99999999999999w")
    with pytest.raises(ValidationError):
        Rules.model_validate({"notice": "99999999999999w"})


@given(seconds=SECONDS)
@EXAMPLES
def test_a_shown_length_reads_back_as_itself(seconds: int) -> None:
    assert duration(shown(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_a_length_is_shown_as_people_say_it() -> None:
    assert shown(timedelta(hours=24)) == "24h"
    assert shown(timedelta(days=2, hours=3)) == "2d3h"
    assert shown(timedelta(weeks=8)) == "8w"
    assert shown(timedelta(minutes=90)) == "1h30m"
    assert shown(timedelta(days=21)) == "21d"
    assert shown(timedelta(0)) == "0s"


def test_the_defaults_are_those_of_the_schools_page() -> None:
    assert Rules().model_dump(mode="json") == {
        "notice": "24h",
        "grace": "1h",
        "lag": "2m",
        "confirm_after": "30s",
        "confirm_limit": "2h",
        "clock_bound": "5s",
        "hold": "30m",
        "request_expires": "24h",
        "elapse_after": "7d",
        "doubts_allowed": 2,
        "doubts_window": "90d",
        "nudge": "6h",
        "brake_person": 3,
        "brake_share": 0.05,
        "brake_least": 10,
        "offers": 5,
        "offer_days": "14d",
        "offer_lapse": "7d",
        "appeal": "3d",
        "pause_days": 21,
        "forfeits_alert": 2,
    }


def test_rules_read_back_from_what_they_are_kept_as() -> None:
    rules = Rules.model_validate({"notice": "36h", "brake_share": "7%"})
    assert Rules.model_validate(rules.model_dump(mode="json")) == rules
    assert rules.brake_share == pytest.approx(0.07)


@pytest.mark.parametrize("share", ["0%", "101%", "x%", "nan%", 0, 2])
def test_a_share_lies_between_nothing_and_all(share: object) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate({"brake_share": share})


@pytest.mark.parametrize(
    "wrong", [{"notise": "24h"}, {"doubts_allowed": -1}, {"brake_least": 0}, {"notice": 24}]
)
def test_a_rule_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate(wrong)


def test_a_version_names_exactly_these_rules() -> None:
    assert Rules().version == Rules(notice=timedelta(days=1)).version
    assert Rules().version != Rules(notice=timedelta(days=2)).version
    assert len(Rules().version) == 12


@pytest.mark.parametrize("name", sorted(Rules.model_fields))
def test_every_rule_is_part_of_the_version(name: str) -> None:
    value = getattr(Rules(), name)
    other = value + timedelta(seconds=1) if isinstance(value, timedelta) else value / 2 or 1
    changed = other if isinstance(value, timedelta | float) else int(value) + 1
    assert Rules.model_validate({name: changed}).version != Rules().version


def test_rules_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Rules().notice = timedelta(0)  # type: ignore[misc]
