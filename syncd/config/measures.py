"""Sizes and short times of a configuration: ``4MB``, ``500ms``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

_SIZES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_TIMES = {"ms": 0.001, "s": 1.0, "m": 60.0}
_SIZE = re.compile(r"(\d{1,9})\s*(B|KB|MB|GB)", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,9})\s*(ms|s|m)")


def size(given: object) -> object:
    """Read ``4MB`` as bytes; a plain number is bytes already.

    :raises ValueError: if it is neither.
    """
    if not isinstance(given, str) or given.isdigit():
        return given
    if (found := _SIZE.fullmatch(given.strip())) is None:
        raise ValueError(f'{given!r} is not a size; write it like "4MB" or "512KB"')
    return int(found[1]) * _SIZES[found[2].upper()]


def shown_size(count: int) -> str:
    """Return *count* bytes in the largest unit that fits, as :func:`size` reads it."""
    unit, factor = next((unit, factor) for unit, factor in reversed(_SIZES.items()) if not count % factor)
    return f"{count // factor}{unit}"


def seconds(given: object) -> object:
    """Read ``500ms`` as seconds; a plain number is seconds already.

    :raises ValueError: if it is neither.
    """
    if not isinstance(given, str):
        return given
    if (found := _TIME.fullmatch(given.strip())) is None:
        raise ValueError(f'{given!r} is not a short time; write it like "500ms" or "2s"')
    return int(found[1]) * _TIMES[found[2]]


def shown_seconds(length: float) -> str:
    """Return so many seconds as :func:`seconds` reads them."""
    return f"{length:.0f}s" if length == int(length) else f"{length * 1000:.0f}ms"


Size = Annotated[int, BeforeValidator(size), Field(ge=1), PlainSerializer(shown_size, return_type=str)]
Seconds = Annotated[
    float, BeforeValidator(seconds), Field(gt=0), PlainSerializer(shown_seconds, return_type=str)
]
