"""What Google answered: its head, and its body as JSON that was looked at before it is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from providers import answers
from providers.base import Receipt
from providers.errors import Unavailable
from providers.transport import TooLong

Json = Mapping[str, Any]
"""A JSON object, of which nothing is known yet."""

_MARKS = 600_000  # objects, lists and commas: a body of full length that Google writes has half as many


@dataclass(frozen=True)
class Answer:
    """What was answered, whatever it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    """The API's address, as errors may show it."""

    @property
    def receipt(self) -> Receipt:
        """How far the answer can be trusted as a sight of the present."""
        return answers.receipt(self.headers)

    @property
    def fine(self) -> bool:
        """It is no refusal and sends us nowhere."""
        return self.status in range(200, 300)

    @cached_property
    def told(self) -> Json | None:
        """The JSON object in the body, if there is one."""
        if _large(self.body):
            return None
        try:
            found = json.loads(self.body.decode(), parse_constant=_refuse)
        # Lists in lists in lists end in a RecursionError, endless digits in a ValueError.
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def object(self) -> Json:
        """Return the JSON object that a good answer must be.

        :raises TooLong: if it has more parts than any answer needs.
        :raises Unavailable: if it is something else, such as a log-in page.
        """
        if self.told is None:
            if _large(self.body):
                raise TooLong("the answer has more parts than are read", where=self.where)
            words = "the answer is not Google's but something else: perhaps a log-in page"
            raise Unavailable(words, where=self.where, status=self.status)
        return self.told


def text(value: object, longest: int = 1024) -> str | None:
    """Return *value* if it is a text that can be kept and shown, and is not empty."""
    fits = isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
    return value if fits and isinstance(value, str) else None


def objects(value: object) -> list[Json] | None:
    """Return *value* if it is a list of JSON objects; one that is missing is empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    return value


def _large(body: bytes) -> bool:
    # Counted before it is read: eight million bytes of empty lists take half a gigabyte.
    return sum(body.count(mark) for mark in (b"{", b"[", b",")) > _MARKS


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON (RFC 8259, 6)
