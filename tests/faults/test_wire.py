"""Any HTTP request to Google fails in any way, and everybody's sessions end as they must.

A sample of all runs, drawn by ``SYNCD_SEED``; ``python -m tests.faults --google --all`` does all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.faults import wire, wirecalls
from tests.faults.campaign import gone_through
from tests.faults.googletales import GOOGLE_TALES
from tests.faults.googletown import google_town
from tests.faults.points import Unnamed
from tests.faults.wirebugs import BUGS, Planted, case_of, found
from tests.faults.wirecampaign import beyond, cases
from tests.syncd.store.grounds import Ground

_TALES, _RUNS = 3, 8
_NEVER = {
    "calendars.get",
    "calendars.insert",
    "calendars.delete",
    "events.patch",
    "events.move",
    "events.instances",
}
"""What the adapter never asks; the fake knows it all the same."""


def test_each_call_of_the_adapter_that_asks_google_comes_in_a_tale(sqlite_ground: Ground) -> None:
    with wirecalls.watched() as met:
        kinds = {kind for tale in GOOGLE_TALES for kind in wire.requests_of(sqlite_ground, tale)}
    assert met == {one.name for one in wirecalls.calls()}
    assert kinds == wire.KINDS - _NEVER


def test_a_new_call_would_be_found_unplayed() -> None:
    planted = (
        "def instances(api, place):\n"
        "    place.api.write(1)\n"
        "    return api.read(api.on.events.instances())\n"
        "class A:\n"
        "    def introspect(self, http):\n"
        "        return self._api.read(2), ask(http, 'uri', {}), file.read(), self.ask(http), ask(page)\n"
    )
    found = [one.name for one in wirecalls.in_text(planted, "new")]
    assert found == [
        *("new.instances:write", "new.instances:read", "new.A.introspect:read", "new.A.introspect:ask"),
    ]


def test_a_request_from_a_place_that_nobody_enumerated_is_refused(sqlite_ground: Ground) -> None:
    with (
        wirecalls.watched(),
        google_town(sqlite_ground) as one,
        one.console.http() as http,
        pytest.raises(Unnamed),
    ):
        http.get(one.google.api_endpoint)


def test_whatever_request_fails_however_nobody_is_wronged(
    sqlite_ground: Ground, seed: int, tell: Callable[[str, int, int | str], None]
) -> None:
    chance = Random(seed)  # noqa: S311 - a sample is no secret
    every = cases(sqlite_ground, chance.sample(GOOGLE_TALES, _TALES))
    runs = [one.run for one in chance.sample(every, _RUNS)]
    results = [(run.what, *gone_through(run, sqlite_ground)) for run in runs]
    assert [wrong for *_, wrongs in results for wrong in wrongs] == []
    assert [what for what, hit, _ in results if not hit] == []
    tell(f"failures of requests to Google in {_TALES} tales", len(runs), len(every))


def test_after_the_last_request_none_is_met(sqlite_ground: Ground) -> None:
    tale = GOOGLE_TALES[-1]
    number = len(wire.requests_of(sqlite_ground, tale)) + 1
    assert gone_through(beyond(tale, number), sqlite_ground) == (False, [])


def test_a_planted_mistake_is_found(sqlite_ground: Ground, seed: int) -> None:
    assert found(sqlite_ground, BUGS[seed % len(BUGS)])


@pytest.mark.long
@pytest.mark.parametrize("planted", BUGS, ids=lambda one: one.bug.name)
def test_each_planted_mistake_is_found_and_nothing_without_it(
    sqlite_ground: Ground, planted: Planted
) -> None:
    assert gone_through(case_of(sqlite_ground, planted).run, sqlite_ground) == (True, [])
    assert found(sqlite_ground, planted)
