"""The page of rows and tests is true: every row is shown or waits, and no test is tied to nothing."""

from __future__ import annotations

import pytest

from policy.life import ENDED, State
from tests.rules.explore import ways
from tests.rules.page import PAGE, page, ties
from tests.rules.rows import ROWS, SECTIONS, row

TIED = {tie.row for tie in ties()}


def test_the_page_is_what_the_generator_writes() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: python -m tests.rules"


def test_every_row_that_is_built_has_a_test() -> None:
    assert [one.id for one in ROWS.values() if one.waits is None and one.id not in TIED] == []


def test_no_row_that_waits_has_a_test() -> None:
    assert [one.id for one in ROWS.values() if one.waits is not None and one.id in TIED] == []


def test_every_test_is_tied_to_rows_that_there_are() -> None:
    assert ROWS.keys() >= TIED


def test_no_row_stands_twice_or_in_the_wrong_section() -> None:
    listed = [one.id for section in SECTIONS for one in section.rows]
    assert len(listed) == len(set(listed))
    assert all(one.id.startswith(f"{section.number}.") for section in SECTIONS for one in section.rows)


def test_a_row_that_there_is_not_cannot_be_tied_to() -> None:
    with pytest.raises(ValueError, match=r"'9\.none' is no row"):
        row("9.none")


@row("7.only")
def test_the_ways_that_lives_go_are_the_rows_and_no_others() -> None:
    rows = [one.id.split(".")[1:] for one in ROWS.values() if one.waits is None and one.id.count(".") == 2]
    listed = {(State(one), State(other)) for one, other in rows}
    gone = ways()
    assert gone - listed == set(), "gone by the policy, and no row of section 7"
    assert listed - gone == set(), "a row of section 7, and gone by no life that was tried"
    assert not {one for one, _ in gone} & ENDED
