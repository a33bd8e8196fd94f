"""What a scheduling server writes into the line of one guest, and reads there."""

from __future__ import annotations

import re

from providers.base import PartStat

FOLD = re.compile(rb"\r?\n[ \t]")  # RFC 5545, 3.1
_ANSWER = re.compile(rb";PARTSTAT=[A-Z-]+")
_PERSON = {
    name: re.compile(rb"^" + name.encode() + rb"[;:][^\r\n]*mailto:([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
    for name in ("ATTENDEE", "ORGANIZER")
}


def guests(text: bytes) -> set[str]:
    """Return the addresses of those who are invited: all attendees but the organizer; *text* is unfolded."""
    named = {name: {one.decode().lower() for one in _PERSON[name].findall(text)} for name in _PERSON}
    return named["ATTENDEE"] - named["ORGANIZER"]


def is_silent(text: bytes) -> bool:
    """Tell whether the server must not tell anybody of it (RFC 6638, 7.1)."""
    return b"SCHEDULE-AGENT=CLIENT" in text


def delivered(body: bytes, address: str, says: str) -> bytes:
    """Return *body* with a SCHEDULE-STATUS for one guest (RFC 6638, 7.3)."""
    return _with(body, address, None, f';SCHEDULE-STATUS="{says}"'.encode()) if says else body


def answer(body: bytes, address: str) -> PartStat:
    """Return what one guest has answered."""
    found = _ANSWER.search(next((line for line in _lines(body) if _is_of(line, address)), b""))
    return PartStat(found[0].partition(b"=")[2].decode()) if found else PartStat.NEEDS_ACTION


def answered(body: bytes, address: str, given: PartStat) -> bytes:
    """Return *body* with the answer of one guest."""
    return _with(body, address, _ANSWER, f";PARTSTAT={given}".encode())


def unmarked(body: bytes) -> bytes:
    """Return *body* as a guest at Google has it: what the organizer's own programs noted is not in it."""
    return b"\r\n".join(line for line in _lines(body) if not line.startswith(b"X-"))


def _with(body: bytes, address: str, old: re.Pattern[bytes] | None, new: bytes) -> bytes:
    """Return *body* with *new* among the parameters of one guest, in the place of *old*."""
    return b"\r\n".join(
        (old.sub(b"", line) if old else line).replace(b"ATTENDEE", b"ATTENDEE" + new, 1)
        if _is_of(line, address)
        else line
        for line in _lines(body)
    )


def _lines(body: bytes) -> list[bytes]:
    return FOLD.sub(b"", body).split(b"\r\n")


def _is_of(line: bytes, address: str) -> bool:
    return line.startswith(b"ATTENDEE") and line.lower().endswith(f":mailto:{address}".encode())
