"""A strict reader of WebDAV multistatus answers (RFC 4918, 13).

What is not exactly a multistatus is no answer: a web page, a cut body or an empty one
never passes for an empty calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from providers.base import ETag, EventRef, SyncToken
from providers.caldav.href import ref_of
from providers.errors import Unavailable

DAV = "{DAV:}"
CAL = "{urn:ietf:params:xml:ns:caldav}"

_XML = re.compile(r"(?:text|application)/(?:[\w.+-]+\+)?xml\s*(?:;|$)", re.IGNORECASE)
_STATUS = re.compile(r"HTTP/\d+(?:\.\d+)?\s+(\d{3})(?:\s|$)")
_FINE = range(200, 300)


@dataclass(frozen=True, slots=True)
class Row:
    """What an answer says of one resource."""

    ref: EventRef
    status: int | None
    """The status of the resource as a whole, if the answer gives one instead of properties."""
    props: Mapping[str, etree._Element]
    """The properties that the server gave, by their names in Clark's notation."""

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
    def gone(self) -> bool:
        """Nothing stands here, says the answer, and nothing in it says otherwise."""
        return self.status == 404 and not self.props  # noqa: PLR2004 - HTTP's


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole answer: its rows in order, and the token that a sync-collection report ends with."""

    rows: tuple[Row, ...]
    token: SyncToken | None


def multistatus(body: bytes, content_type: str, base: str) -> Multistatus:
    """Return what *body* says, in an answer from *base*.

    :raises Unavailable: if it is not a complete multistatus.
    """
    if content_type and not _XML.match(content_type.strip()):
        raise Unavailable("the answer is not XML but something else: perhaps a log-in page")
    root = tree(body)
    if root is None:
        raise Unavailable("the answer is not complete XML")
    if root.tag != f"{DAV}multistatus":
        raise Unavailable("the answer is not that of a calendar server")
    rows = tuple(row for one in root.iterfind(f"{DAV}response") for row in _rows(one, base))
    tokens = {(one.text or "").strip() for one in root.iterfind(f"{DAV}sync-token")} - {""}
    if len(tokens) > 1:
        raise Unavailable("the answer names more than one point in time")
    return Multistatus(rows, SyncToken(tokens.pop()) if tokens else None)


def tree(body: bytes) -> etree._Element | None:
    """Return the root of *body*, or nothing if it is not plain, complete XML."""
    if not body.strip():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        return None
    return root


def conditions(body: bytes) -> frozenset[str]:
    """Return the names of the conditions that a refusal says were not met (RFC 4918, 16)."""
    root = tree(body)
    if root is None or root.tag != f"{DAV}error":
        return frozenset()
    names = {etree.QName(one).localname for one in root.iterchildren() if isinstance(one.tag, str)}
    return frozenset(names - {"responsedescription"})


def etag_of(text: str | None) -> ETag | None:
    """Return *text* as a version, or nothing if it could not be written into a header again."""
    text = (text or "").strip()
    return ETag(text) if text and text.isascii() and text.isprintable() else None


def _rows(response: etree._Element, base: str) -> Iterator[Row]:
    hrefs = [one.text or "" for one in response.iterfind(f"{DAV}href")]
    if not hrefs:
        raise Unavailable("the answer has a row without a name")
    line = response.find(f"{DAV}status")
    status = None if line is None else _code(line)
    props = _props(response)
    for href in hrefs:
        yield Row(ref_of(href, base), status, props)


def _props(response: etree._Element) -> dict[str, etree._Element]:
    """Return the properties under a good status; the rest the server has not, or does not tell."""
    return {
        one.tag: one
        for propstat in response.iterfind(f"{DAV}propstat")
        if _propstat(propstat) in _FINE
        for prop in propstat.iterfind(f"{DAV}prop")
        for one in prop.iterchildren()
        if isinstance(one.tag, str)
    }


def _propstat(propstat: etree._Element) -> int:
    line = propstat.find(f"{DAV}status")
    if line is None:
        raise Unavailable("the answer gives properties without saying whether they are good")
    return _code(line)


def _code(line: etree._Element) -> int:
    found = _STATUS.match((line.text or "").strip())
    if found is None:
        raise Unavailable("the answer has a status that is none")
    return int(found.group(1))
