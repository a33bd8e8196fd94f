"""A failing seed made small: everything is left out without which it still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.simulation.outcome import Outcome, played
from tests.simulation.plan import Act, Plan

T = TypeVar("T")


def shrunk(failing: Outcome, folder: Path) -> Outcome:
    """Return the smallest play that breaks the same rule."""
    rules = {wrong.rule for wrong in failing.wrongs}
    best = failing

    def fails(plan: Plan) -> bool:
        nonlocal best
        outcome = played(plan, folder)
        if rules & {wrong.rule for wrong in outcome.wrongs}:
            best = outcome
            return True
        return False

    plan = failing.plan
    plan = replace(
        plan, spells=_less(plan.spells, lambda kept: fails(replace(best.plan, spells=tuple(kept))))
    )
    about = {wrong.meeting for wrong in best.wrongs}
    only = tuple(each for each in best.plan.meetings if each.number in about)
    deeds = tuple(deed for deed in best.plan.deeds if deed.meeting in about or deed.meeting < 0)
    if only:
        fails(replace(best.plan, meetings=only, deeds=deeds))
    own = [deed for deed in best.plan.deeds if deed.act is not Act.AGREE]
    agreed = tuple(deed for deed in best.plan.deeds if deed.act is Act.AGREE)

    def with_deeds(kept: Sequence[object]) -> bool:
        chosen = tuple(deed for deed in best.plan.deeds if deed in kept or deed in agreed)
        return fails(replace(best.plan, deeds=chosen))

    _less(own, with_deeds)
    return best


def _less(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """Return *items* without all that is not needed for *fails*, half by half and then one by one."""
    kept = list(items)
    size = max(1, len(kept) // 2)
    while size:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if fails(fewer):
                kept = fewer
            else:
                at += size
        size //= 2
    return tuple(kept)


def told(outcome: Outcome) -> str:
    """Return the play in lines that a person reads."""
    plan = outcome.plan
    lines = [f"smallest play of seed {plan.seed}: every {plan.every}, near a deadline {plan.near}"]
    lines += [
        f"  session {each.number}: {each.student} and {each.mentor}, {each.start}" for each in plan.meetings
    ]
    lines += [f"  {spell}" for spell in plan.spells]
    lines += [f"  {deed}" for deed in plan.deeds]
    lines += [f"  WRONG {wrong}" for wrong in outcome.wrongs]
    return "\n".join(lines)
