"""A few sessions each minute, round and round: what is found broken stops the judging, and IT is told."""

from __future__ import annotations

from syncd import brake
from syncd.house import House
from syncd.invariants.breach import Breach
from syncd.invariants.rows import broken, page
from syncd.store.rows import SessionId
from syncd.store.tx import Tx

_TOLD = 10
"""So many open breaches are told at most; the doctor names all of them."""
_SESSIONS = 20
"""So many sessions a minute: a thousand are gone through in less than an hour."""
_FACTS = 1000
"""A minute's work ends after so many facts, however many sessions they are of."""
_AT_ONCE = 5
"""Sessions that are in memory at once."""


class Sweep:
    """Goes through the school by the ids of its sessions, and remembers how far it is."""

    def __init__(self) -> None:
        self._after = ""

    def step(self, house: House, sessions: int = _SESSIONS) -> int:
        """Look at the next *sessions* at most, and return how many breaches are news.

        :raises StoreError: if the database cannot be used.
        """
        found: list[Breach] = []
        left, facts = sessions, 0
        with house.db.read() as tx:
            while left > 0 and facts < _FACTS:
                part = page(tx, self._after, min(left, _AT_ONCE))
                if part is None:
                    self._after = ""
                    break
                found += broken(tx, part)
                self._after = part.last
                left -= len(part.chapters)
                facts += sum(len(chapter.facts) for chapter in part.chapters)
        if not found:
            return 0
        with house.db.write() as tx:
            return sum(_tell(tx, one) for one in found)


def _tell(tx: Tx, one: Breach) -> bool:
    """Stop the judging because of *one*, unless IT has seen to just that before."""
    if len(tx.incidents.open(brake.BREACH)) >= _TOLD or _is_known(tx, one):
        return False
    return brake.breached(tx, SessionId(one.session), one.rule, one.what)


def _is_known(tx: Tx, one: Breach) -> bool:
    said = brake.words(one.rule, one.what)
    before = (each for each in tx.incidents.all() if each.kind == brake.BREACH)
    return any(each.session_id == one.session and each.what == said for each in before)
