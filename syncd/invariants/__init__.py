"""What must hold whatever has happened, checked by code that stays on in production.

I1 no forfeit without proof; I2 one live event a calendar; I3 no session is lost; I4 each decision follows
from the ledger; I5 each doubt is flagged once; I9 nobody's event is in another's calendar.

Where they are asked: :mod:`syncd.invariants.proof` before a forfeit is written, :mod:`syncd.invariants.sweep`
of a few sessions each minute, ``syncd doctor`` and :func:`check` of all of them.
"""

from __future__ import annotations

from syncd.invariants.breach import Breach
from syncd.invariants.rows import broken, page
from syncd.store.tx import Tx

__all__ = ["Breach", "check"]


def check(tx: Tx) -> tuple[Breach, ...]:
    """Return every breach of I1, I2, I3, I4, I5 and I9 in the whole school.

    Three cannot be told from rows: that a token and what it covers commit together (I6; the tests that
    kill the program at every commit, ``tests/faults``), that no foreign event is
    ever written (I7; ``Play.check``, after every story), that a quiet second cycle writes nothing
    (I8; ``tests/syncd/engine/test_rounds.py``).
    """
    found: list[Breach] = []
    after = ""
    while (part := page(tx, after)) is not None:
        found += broken(tx, part)
        after = part.last
    return tuple(found)
