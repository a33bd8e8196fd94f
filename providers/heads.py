"""The head of an answer, read to its end."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

_INTERIM = 8
_SWITCHING = 101


class _Lines:
    """The lines of a head, with the last one kept."""

    def __init__(self, fp: Any) -> None:
        self._fp = fp
        self.last = b""

    def readline(self, limit: int) -> bytes:
        self.last = line = bytes(self._fp.readline(limit))
        return line

    def close(self) -> None:
        self._fp.close()


class WholeHead(HTTPResponse):
    """An answer with a whole head, after a few interim ones at most (RFC 9110, 15.2).

    The library would read on for as long as "100 Continue" comes, would take "103 Early
    Hints" for the answer and the answer for that of the next request, and a cut head for
    a whole one.
    """

    def begin(self) -> None:
        """Read the head.

        :raises HTTPException: if there is none, or not all of it.
        """
        stream = self.fp
        lines: Any = _Lines(stream)  # all that is asked of a stream here
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:  # and not closed meanwhile
                self.fp = stream
        if lines.last not in {b"\r\n", b"\n"}:
            raise HTTPException("the head was cut")

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_INTERIM + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in its stub
            if status >= 200 or status == _SWITCHING:  # noqa: PLR2004 - the final classes
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException("interim answers without end")
