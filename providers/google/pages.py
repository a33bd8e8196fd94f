"""Answers in pages: every page followed, the empty ones too, until one names no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from providers.errors import Unavailable
from providers.google.answer import Answer, text

LONGEST_TOKEN = 4096
"""Of what Google names a page by, or a point in time."""

_PAGES = 1000


def follow(ask: Callable[[str | None], Answer]) -> Iterator[Answer]:
    """Yield the good answers of *ask*, which is given the name of a page, or ``None`` for the first.

    :raises Unavailable: if the pages do not come to an end.
    """
    seen: set[str | None] = {None}
    page: str | None = None
    for _ in range(_PAGES):
        answer = ask(page)
        yield answer
        said = answer.object().get("nextPageToken")
        if said is None or said == "":
            return
        page = text(said, LONGEST_TOKEN)
        if page in seen:
            break
        seen.add(page)
    raise Unavailable("the pages of the answer do not come to an end", where=answer.where)
