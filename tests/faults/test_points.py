"""Every commit and every call over the boundary is a named point, and some tale comes to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

import syncd.poll
from tests.faults.campaign import ELSEWHERE, unreached
from tests.faults.points import Unnamed, here, in_module, others, points


def test_every_point_is_reached_by_a_tale_or_listed_with_its_reason(
    where: Mapping[str, Counter[str]],
) -> None:
    assert unreached(where) == set(ELSEWHERE)


def test_a_point_has_a_name_of_its_own() -> None:
    names = [point.name for point in points()]
    assert len(names) == len(set(names))
    assert {"poll.sync:commit", "act._send:create", "poll._changes:changes#2"} <= set(names)


def test_a_new_commit_and_a_new_call_would_be_found_unreached(where: Mapping[str, Counter[str]]) -> None:
    planted = (
        "class A:\n"
        "    def keep(self):\n"
        "        with suppress(E), self._house.db.write() as tx:\n"
        "            pass\n"
        "def ask(self, provider):\n"
        "    provider.fetch(1, 2)\n"
        "    return [self._provider.delete(1, 2, 3), provider.fetch(3, 4)]\n"
    )
    found = [point.name for point in in_module(planted, "new")]
    assert found == ["new.A.keep:commit", "new.ask:fetch", "new.ask:delete", "new.ask:fetch#2"]
    assert not {name for times in where.values() for name in times} & set(found)


def test_what_bears_the_name_of_a_providers_method_and_is_none_is_known() -> None:
    assert others() == (
        "cli.google_checks.lets_in: door(house).renew",
        "cli.setup.init: Vault.create",
        "engine.drain.Drain._work: tx.due.renew",
        "engine.flight.Flight.renew: tx.due.renew",
        "engine.runner.ThreadRunner._pass: self._flight.renew",
        "engine.runner.ThreadRunner._renew: self._flight.renew",
        "life.Life._keep_sole: runner.stop",
        "life.Life.close: pages.stop",
        "life.Life.close: runner.stop",
        "web.pages.Pages.start: self.stop",
        "wiring.GoogleAccounts.renew: source.renew",
        "work.hold: tx.due.renew",
    )


def test_a_call_from_a_place_that_nobody_enumerated_is_refused() -> None:
    file = Path(syncd.poll.__file__)
    strange: dict[str, object] = {"here": here}
    exec(compile("def call():\n    return here('update')\n", str(file), "exec"), strange)  # noqa: S102 - a place
    call = strange["call"]
    assert callable(call)
    with pytest.raises(Unnamed, match=r"poll\.py:2"):
        call()


def test_what_a_test_does_is_no_point() -> None:
    assert here("commit") is None
