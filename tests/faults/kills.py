"""A tale with one process in it killed, or paused, at one point."""

from __future__ import annotations

from collections import Counter

from tests.faults.points import COMMIT
from tests.faults.tale import Tale, begun, judged
from tests.faults.town import AT_CALL, AT_COMMIT, Doom, Town, When, town
from tests.syncd.engine.faults import Crash
from tests.syncd.store.grounds import Ground


def told(tale: Tale, one: Town) -> None:
    """Tell *tale*; a process that was killed is started again, and asked again for what it was doing."""
    for act in tale.tell(one):
        try:
            act()
        except Crash:
            one.restart()
            act()


def met(ground: Ground, tale: Tale) -> Counter[str]:
    """Return which points *tale* comes to, and how often, when nothing befalls it."""
    with town(ground) as one:
        begun(tale, one)
        told(tale, one)
        found = Counter(one.fate.met)
        wrong = judged(tale, one)
        assert wrong == [], f"{tale.name}: {wrong}"
        return found


def doomed(ground: Ground, tale: Tale, doom: Doom) -> tuple[bool, list[str]]:
    """Return whether it came to that, and what is wrong in the end."""
    with town(ground) as one:
        begun(tale, one)
        one.fate.doom = doom
        told(tale, one)
        struck = one.fate.struck
        wrong = judged(tale, one, lenient=doom.when in {When.PAUSED, When.LATE})
        return struck, [f"{tale.name}, {doom}: {each}" for each in wrong]


def ways(point: str) -> tuple[When, ...]:
    """Return what can befall a process at a point of this name."""
    return AT_COMMIT if point.partition(":")[2].partition("#")[0] == COMMIT else AT_CALL
