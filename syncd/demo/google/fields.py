"""Partial answers: ``fields=items(id,start),nextPageToken`` leaves everything else out."""

from __future__ import annotations

import re
from typing import Any

from syncd.demo.google.refusals import invalid

_TOKEN = re.compile(r"[A-Za-z_*][\w*-]*|[/(),]")
Mask = dict[str, "Mask"]
"""What is told, and what of it; nothing stands for all of it."""


def masked(given: Any, fields: str) -> Any:
    """Return what *fields* names of an answer.

    :raises Refusal: if it is not written as Google wants it.
    """
    tokens = _TOKEN.findall(fields)
    if not tokens or "".join(tokens) != fields.replace(" ", ""):
        raise invalid(f"Invalid field selection {fields}", "fields")
    mask = _list(tokens, fields)
    if tokens:
        raise invalid(f"Invalid field selection {fields}", "fields")
    return _kept(given, mask)


def _list(tokens: list[str], fields: str) -> Mask:
    mask: Mask = {}
    while True:
        name, inner = _one(tokens, fields)
        mask[name] = {**mask.get(name, {}), **inner}
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _one(tokens: list[str], fields: str) -> tuple[str, Mask]:
    name = tokens.pop(0) if tokens else ","
    if name in "/(),":
        raise invalid(f"Invalid field selection {fields}", "fields")
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        inner, more = _one(tokens, fields)
        return name, {inner: more}
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        several = _list(tokens, fields)
        if not tokens or tokens.pop(0) != ")":
            raise invalid(f"Invalid field selection {fields}", "fields")
        return name, several
    return name, {}


def _kept(given: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return given
    if isinstance(given, list):
        return [_kept(one, mask) for one in given]
    if isinstance(given, dict):
        return {name: _kept(value, mask[name]) for name, value in given.items() if name in mask}
    return given
