"""A strict reader of WebDAV multistatus answers (RFC 4918, 13).

What is not exactly a multistatus is no answer: a web page, a cut body or an empty one
never passes for an empty calendar. A single row that makes no sense is kept apart, so that
one resource with a hostile name does not hide all others; what it means is for the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from providers.base import ETag, EventRef, SyncToken
from providers.caldav.href import odd_ref, ref_of
from providers.errors import Unavailable
from providers.transport import TooLong

DAV = "{DAV:}"
CAL = "{urn:ietf:params:xml:ns:caldav}"

_XML = re.compile(r"(?:text|application)/(?:[\w.+-]+\+)?xml\s*(?:;|$)", re.IGNORECASE)
_STATUS = re.compile(r"HTTP/\d+(?:\.\d+)?\s+(\d{3})(?:\s|$)")
_FINE = range(200, 300)

ROWS = 20_000
"""How many rows of one answer are read, unless more are permitted."""
_MARKS = 30  # "<" and "=" of one row: a listing has about 15, DAViCal's with what it has not 20
_LONGEST_ETAG, _LONGEST_TOKEN = 1024, 4096
_NO_STATUS = 0  # stands for a status line that is none: neither fine nor gone
_CONDITIONS = frozenset(
    (
        *("calendar-collection-location-ok", "max-attendees-per-instance", "max-date-time", "max-instances"),
        *("max-resource-size", "min-date-time", "no-uid-conflict", "supported-calendar-component"),
        *("supported-calendar-data", "supported-collation", "supported-filter", "valid-calendar-data"),
        *("valid-calendar-object-resource", "valid-filter"),  # RFC 4791
        *("allowed-attendee-scheduling-object-change", "allowed-organizer-scheduling-object-change"),
        *("organizer-allowed", "recipient-permissions", "same-organizer-in-all-components"),
        *("unique-scheduling-object-resource", "valid-organizer", "valid-scheduling-message"),  # RFC 6638
        *("number-of-matches-within-limits", "sync-traversal-supported", "valid-sync-token"),  # RFC 6578
        *("cannot-modify-protected-property", "lock-token-matches-request-uri", "lock-token-submitted"),
        *("need-privileges", "no-conflicting-lock", "propfind-finite-depth"),  # RFC 3744, 4918
        *("quota-not-exceeded", "sufficient-disk-space", "supported-report"),  # RFC 4331, 3253
    )
)
"""The conditions that are told by their names: an error's text holds no word of a server's own."""
OTHER = "another-condition"


@dataclass(frozen=True, slots=True)
class Row:
    """What an answer says of one resource."""

    ref: EventRef
    status: int | None
    """The status of the resource as a whole, if the answer gives one instead of properties."""
    props: Mapping[str, etree._Element]
    """The properties that the server gave, by their names in Clark's notation."""
    href: str = ""
    """The name as it is written: nothing to ask for, nothing to keep."""

    def text(self, name: str) -> str:
        """Return the text of a property, empty if it is not given."""
        found = self.props.get(name)
        return "" if found is None else (found.text or "").strip()

    def hrefs(self, name: str) -> tuple[str, ...]:
        """Return the hrefs inside a property, as they are written."""
        found = self.props.get(name)
        if found is None:
            return ()
        return tuple(one.text.strip() for one in found.iterfind(f"{DAV}href") if one.text)

    def names(self, name: str) -> frozenset[str]:
        """Return the names of all elements inside a property."""
        found = self.props.get(name)
        if found is None:
            return frozenset()
        return frozenset(one.tag for one in found.iterdescendants() if isinstance(one.tag, str))

    @property
    def etag(self) -> ETag | None:
        """The version of the resource, if it is given."""
        return etag_of(self.text(f"{DAV}getetag"))

    @property
    def fine(self) -> bool:
        """The answer does not call the resource as a whole bad."""
        return self.status is None or self.status in _FINE

    @property
    def garbled(self) -> bool:
        """What the answer says of the resource cannot be understood."""
        return self.status == _NO_STATUS

    @property
    def gone(self) -> bool:
        """Nothing stands here, says the answer, and nothing in it says otherwise."""
        return self.status == 404 and not self.props  # noqa: PLR2004 - HTTP's


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole answer: its rows in order, and the token that a sync-collection report ends with."""

    rows: tuple[Row, ...]
    token: SyncToken | None
    odd: tuple[Row, ...] = ()
    """Rows under names that nothing on this server can have: their refs stand for the names."""


def multistatus(body: bytes, content_type: str, base: str, most: int = ROWS) -> Multistatus:
    """Return what *body* says, in an answer from *base*.

    :raises TooLong: if it has more than *most* rows, or is as large as if it had.
    :raises Unavailable: if it is not a complete multistatus.
    """
    if content_type and not _XML.match(content_type.strip()):
        raise Unavailable("the answer is not XML but something else: perhaps a log-in page")
    if _large(body, most):
        raise _too_many(most)
    root = tree(body, most)
    if root is None:
        raise Unavailable("the answer is not complete XML")
    if root.tag != f"{DAV}multistatus":
        raise Unavailable("the answer is not that of a calendar server")
    if sum(1 for _ in root.iterfind(f"{DAV}response/{DAV}href")) > most:
        raise _too_many(most)
    rows: list[Row] = []
    odd: list[Row] = []
    for response in root.iterfind(f"{DAV}response"):
        for row in _rows(response, base):
            (odd if row.ref.startswith("?") else rows).append(row)
    return Multistatus(tuple(rows), _token(root), tuple(odd))


def tree(body: bytes, most: int = ROWS) -> etree._Element | None:
    """Return the root of *body*, or nothing if it is not plain, complete XML of a bearable size."""
    if _large(body, most):
        return None
    # Read in one encoding whatever it calls itself: in UTF-7 "<" is no "<", and was not counted.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        return None
    return root


def conditions(body: bytes) -> frozenset[str]:
    """Return the names of the conditions that a refusal says were not met (RFC 4918, 16); unknown ones as one."""
    root = tree(body)
    if root is None or root.tag != f"{DAV}error":
        return frozenset()
    names = {etree.QName(one).localname for one in root.iterchildren() if isinstance(one.tag, str)}
    names.discard("responsedescription")
    return frozenset(name if name in _CONDITIONS else OTHER for name in names)


def etag_of(text: str | None) -> ETag | None:
    """Return *text* as a version, or nothing if it could not be written into a header again."""
    text = (text or "").strip()
    fits = 0 < len(text) <= _LONGEST_ETAG and text.isascii() and text.isprintable()
    return ETag(text) if fits else None


def _large(body: bytes, most: int) -> bool:
    # Counted before it is read: a tree of a million elements takes a second and a gigabyte.
    return body.count(b"<") + body.count(b"=") > _MARKS * most


def _too_many(most: int) -> TooLong:
    return TooLong(f"the answer has more than {most} rows (caldav.max_rows), or is as large as if it had")


def _token(root: etree._Element) -> SyncToken | None:
    tokens = {(one.text or "").strip() for one in root.iterfind(f"{DAV}sync-token")} - {""}
    if len(tokens) > 1:
        raise Unavailable("the answer names more than one point in time")
    if any(len(token) > _LONGEST_TOKEN for token in tokens):
        raise Unavailable("the answer names a point in time by more than can be kept")
    return SyncToken(tokens.pop()) if tokens else None


def _rows(response: etree._Element, base: str) -> Iterator[Row]:
    hrefs = [one.text or "" for one in response.iterfind(f"{DAV}href")]
    if not hrefs:
        raise Unavailable("the answer has a row without a name")
    status, props = _status(response), _props(response)
    if props is None:
        status, props = _NO_STATUS, {}
    for href in hrefs:
        try:
            ref = ref_of(href, base)
        except Unavailable:
            ref = odd_ref(href)
        yield Row(ref, status, props, href)


def _props(response: etree._Element) -> dict[str, etree._Element] | None:
    """Return the properties under a good status, and nothing at all if one of them is given twice."""
    found: dict[str, etree._Element] = {}
    for propstat in response.iterfind(f"{DAV}propstat"):
        if _status(propstat) not in _FINE:
            continue
        given = [one for prop in propstat.iterfind(f"{DAV}prop") for one in prop.iterchildren()]
        for one in given:
            if isinstance(one.tag, str):
                if one.tag in found:
                    return None
                found[one.tag] = one
    return found


def _status(element: etree._Element) -> int | None:
    """Return the status that *element* names, if it names one."""
    lines = element.findall(f"{DAV}status")
    if not lines:
        return None
    found = _STATUS.match((lines[0].text or "").strip())
    return int(found.group(1)) if found and len(lines) == 1 else _NO_STATUS
