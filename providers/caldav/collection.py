"""One calendar on the wire: is it there, what stands in it, what becomes of a write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape

from providers.base import CalendarId, ETag, EventRef
from providers.caldav.dav import CAL, DAV, Multistatus, Row, etag_of
from providers.caldav.href import calendar_path, quoted, url_of
from providers.caldav.wire import Answer, Wire, refusal, same_origin
from providers.errors import AccessLost, EventNotFound, Loss, ProviderError, Unavailable, Unsupported
from providers.transport import shown

NOTHING_HERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_TYPE = f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/></prop></propfind>"
_LIST = f"{_HEAD}<propfind {_SPACES}><prop><resourcetype/><getetag/></prop></propfind>"
_CONTENT_CONDITIONS = ("valid-", "supported-", "max-", "min-")
_AS_STORED = {"Accept": "text/calendar", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}


class Versionless(Unavailable):
    """The server shows an event and does not tell which version it is."""


class Collection:
    """A calendar of an account."""

    def __init__(self, wire: Wire, calendar: CalendarId) -> None:
        self._wire = wire
        parts = urlsplit(calendar)
        self.path = calendar_path(calendar)
        self.url = urlunsplit(parts._replace(path=quoted(self.path), query="", fragment=""))

    @property
    def where(self) -> str:
        """The calendar's address, as errors may show it."""
        return shown(self.url)

    def owns(self, row: Row) -> bool:
        """Tell whether *row* is about the calendar itself."""
        twice = quoted(self.path).replace("%", "%25")  # Xandikos, of a calendar that is gone
        return row.ref in {self.path, self.path.removesuffix("/"), twice}

    def holds(self, row: Row) -> bool:
        """Tell whether *row* is about a resource of the calendar, and not about a collection inside it."""
        return self.covers(row) and "/" not in row.ref.removeprefix(self.path)

    def covers(self, row: Row) -> bool:
        """Tell whether *row* is about the calendar or something inside it, and not about something elsewhere."""
        return row.ref.startswith(self.path)

    def alive(self) -> None:
        """Return if the calendar answers as one.

        :raises AccessLost: if it is gone, or refused.
        :raises Unsupported: if this is no calendar.
        :raises Unavailable: if neither can be told.
        """
        answer = self._xml("PROPFIND", _TYPE, depth=0)
        if answer.status in NOTHING_HERE:
            raise self._gone(answer.status)
        self._judge(self._rows(answer))

    def list(self) -> tuple[Multistatus, Answer]:
        """Return every resource of the calendar, and the answer that names them.

        :raises Unsupported: if this is no calendar.
        """
        answer = self._xml("PROPFIND", _LIST, depth=1)
        if answer.status in NOTHING_HERE:
            raise self.vanished(answer)
        found = self._rows(answer)
        self._judge(found)
        return found, answer

    def sync(self, token: str) -> Answer:
        """Return the answer to a sync-collection report (RFC 6578), whatever it is."""
        # Never a limit: Xandikos then gives a final token and loses the rest.
        body = (
            f"{_HEAD}<sync-collection {_SPACES}><sync-token>{escape(token)}</sync-token>"
            "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
        )
        return self._xml("REPORT", body, depth=0)

    def multiget(self, refs: Iterable[EventRef]) -> Mapping[EventRef, Row]:
        """Return what the calendar says of *refs* in one answer; it may leave some out.

        What was not asked for is passed over, and so is a resource of which it says two things.
        """
        hrefs = "".join(f"<href>{escape(quoted(ref))}</href>" for ref in refs)
        body = (
            f"{_HEAD}<C:calendar-multiget {_SPACES}><prop><getetag/><C:calendar-data/></prop>"
            f"{hrefs}</C:calendar-multiget>"
        )
        answer = self._xml("REPORT", body, depth=None)
        if answer.status in NOTHING_HERE:
            raise self.vanished(answer)
        rows = self._rows(answer).rows
        times = Counter(row.ref for row in rows)
        return {row.ref: row for row in rows if times[row.ref] == 1}

    def get(self, ref: EventRef) -> Answer:
        """Return the answer to a GET past any cache, whatever it is; packed, its etag could be another."""
        return self._ask("GET", ref, _AS_STORED)

    def body(self, ref: EventRef, answer: Answer) -> tuple[bytes, ETag]:
        """Return the body and the version that the *answer* to a GET of *ref* brought.

        :raises EventNotFound: if the calendar answers and nothing stands there.
        """
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self.missing(answer)
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, asked=self.url, where=self.url)
        plain = answer.body.lstrip(b"\xef\xbb\xbf \r\n").upper()
        if answer.kind != "text/calendar" and (answer.kind or not plain.startswith(b"BEGIN:VCALENDAR")):
            words = "the answer is not a calendar entry but something else: perhaps a log-in page"
            raise Unavailable(words, where=self.where, status=answer.status)
        etag = strong(answer)
        return (answer.body, etag) if etag else self._together(ref)

    def put(self, ref: EventRef, body: bytes, condition: Mapping[str, str]) -> Answer:
        """Return the answer to a write, whatever it is."""
        # Exactly this media type: a charset parameter made Xandikos skip scheduling.
        return self._ask("PUT", ref, {"Content-Type": "text/calendar", **condition}, body)

    def delete(self, ref: EventRef, etag: ETag) -> Answer:
        """Return the answer to a removal, whatever it is."""
        return self._ask("DELETE", ref, {"If-Match": etag})

    def missing(self, answer: Answer) -> EventNotFound:
        """Return that nothing stands there, once the calendar has answered that it does.

        :raises AccessLost: if the calendar itself is gone or refused.
        """
        self.alive()
        cached = answer.receipt.cached
        words = "the event is not in the calendar"
        return EventNotFound(words, where=self.where, status=answer.status, cached=cached)

    def refused(self, answer: Answer) -> ProviderError:
        """Return why a write was refused, where the event itself is not the reason."""
        if (
            answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE}
            and not answer.conditions
        ):
            return self.vanished(answer)
        named = sorted(name for name in answer.conditions if name != "need-privileges")
        if named and answer.status in range(400, 500):
            words = f"the server does not take this event ({', '.join(named)})"
            return Unsupported(words, where=self.where, status=answer.status)
        return refusal(answer, asked=self.url, where=self.url)

    def answers(self, answer: Answer) -> Multistatus:
        """Return the multistatus that *answer* to a request of this calendar must be."""
        return self._rows(answer)

    def vanished(self, answer: Answer) -> ProviderError:
        """Return what a 404 of a whole calendar means: its loss, unless it stands all the same."""
        self.alive()
        return Unavailable("the server contradicts itself", where=self.where, status=answer.status)

    def _together(self, ref: EventRef) -> tuple[bytes, ETag]:
        """Return body and version from one answer: asked for apart they may not belong together."""
        row = self.multiget([ref]).get(ref)
        found = None if row is None else content(row)
        if found is None:
            raise Versionless("the server does not tell the version of the event", where=self.where)
        return found

    def _xml(self, method: str, body: str, *, depth: int | None) -> Answer:
        answer = self._wire.xml(method, self.url, body.encode(), where=self.url, depth=depth)
        same_origin(answer, asked=self.url, where=self.url)
        return answer

    def _ask(self, method: str, ref: EventRef, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        url = url_of(ref, self.url)
        answer = self._wire.ask(method, url, where=self.url, body=body, headers=headers)
        same_origin(answer, asked=self.url, where=self.url)
        return answer

    def _rows(self, answer: Answer) -> Multistatus:
        return self._wire.rows(answer, asked=self.url, where=self.url)

    def _judge(self, found: Multistatus) -> None:
        about = [row for row in found.rows if self.owns(row)]
        if not about:
            raise Unavailable("the answer does not speak of the calendar that was asked", where=self.where)
        own = about[0]
        if any(row.status != own.status for row in about) or own.garbled:
            raise Unavailable("the server contradicts itself", where=self.where)
        if own.status in NOTHING_HERE:  # Xandikos: a 207 around the 404
            raise self._gone(own.status)
        if own.status == HTTPStatus.FORBIDDEN:
            raise AccessLost("the server refuses this calendar", loss=Loss.FORBIDDEN, where=self.where)
        if f"{DAV}resourcetype" not in own.props:
            raise Unavailable("the answer does not tell whether this is a calendar", where=self.where)
        if f"{CAL}calendar" not in own.names(f"{DAV}resourcetype"):
            raise Unsupported("this is not a calendar", where=self.where)

    def _gone(self, status: int | None) -> AccessLost:
        words = "the calendar is not there any more"
        return AccessLost(words, loss=Loss.GONE, where=self.where, status=status)


def content(row: Row) -> tuple[bytes, ETag] | None:
    """Return the body and the version that *row* holds, if it holds both."""
    found, etag = row.props.get(f"{CAL}calendar-data"), row.etag
    if found is None or etag is None or not row.fine:
        return None
    return (found.text or "").encode(), etag


def strong(answer: Answer) -> ETag | None:
    """Return the version that *answer* names, unless it is a weak one (RFC 9110, 8.8.3)."""
    etag = etag_of(answer.headers.get("ETag"))
    return None if etag is None or etag.startswith("W/") else etag


def about_content(conditions: Iterable[str]) -> bool:
    """Tell whether a refusal names the event's content as its reason (RFC 4791, 5.3.2.1)."""
    return any(name.startswith(_CONTENT_CONDITIONS) for name in conditions)
