"""Real calendar servers on loopback and the people who use them: for the demo and for the tests."""

from __future__ import annotations
