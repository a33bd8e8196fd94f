"""The busy story, told again and again with one failure in it: everything ends as it must."""

from __future__ import annotations

import os

import pytest

from tests.syncd.engine.story import (
    ENDS,
    calls_of_the_story,
    crashed,
    ending,
    failed,
    faults,
    fragile_school,
    story,
)
from tests.syncd.store.grounds import Ground

EVERY = int(os.environ.get("SYNCD_EVERY", "61"))
"""Tells every so many-th failure; 1 tells them all, which takes a quarter of an hour."""


def test_the_story_ends_as_it_must(ground: Ground) -> None:
    with fragile_school(ground) as play:
        for _ in story(play):
            play.sync()
        assert {name: ending(play, name) for name in ENDS} == ENDS
        play.check()


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("where", ["inside", "after"])
def test_killed_at_any_write_it_ends_the_same(ground: Ground, where: str, part: int) -> None:
    number, done = part * EVERY, True
    while done:
        done, wrong = crashed(ground, where, number)
        assert wrong == []
        number += 2 * EVERY
    assert number > 100, "there is something to be killed"


@pytest.mark.parametrize("part", range(2))
def test_whatever_call_fails_however_nobody_is_wronged(ground: Ground, part: int) -> None:
    runs = list(faults(calls_of_the_story(ground)))
    assert len(runs) > 400
    for number, error, after in runs[part * EVERY :: 2 * EVERY]:
        assert failed(ground, number, error, after=after) == []
