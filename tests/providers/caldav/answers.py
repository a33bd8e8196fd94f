"""Answers of CalDAV servers, good and bad, as they come over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from providers.base import CalendarId

HOST = "https://dav.school.example"
PATH = "/cal/life/"
CALENDAR = CalendarId(HOST + PATH)
XML = "application/xml; charset=utf-8"
LOGIN = "<!DOCTYPE html><html><body><form>Log in</form></body></html>"

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
    "DTSTAMP:20261101T000000Z\r\nDTSTART:20261124T100000Z\r\nDTEND:20261124T110000Z\r\n"
    "SUMMARY:Secret\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
TASK = EVENT.replace("VEVENT", "VTODO").replace("DTEND", "DUE")
ALIVE = "<resourcetype><collection/><C:calendar/></resourcetype>"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    body: str | bytes = ""
    kind: str = XML
    headers: dict[str, str] = field(default_factory=dict)


def event(uid: str = "u") -> str:
    return EVENT.format(uid=uid)


def props(inner: str, status: str = "200 OK") -> str:
    return f"<propstat><prop>{inner}</prop><status>HTTP/1.1 {status}</status></propstat>"


def row(href: str, inner: str) -> str:
    return f"<response><href>{escape(href)}</href>{inner}</response>"


def status(line: str) -> str:
    return f"<status>HTTP/1.1 {line}</status>"


def etag(value: str) -> str:
    return f"<getetag>{escape(value)}</getetag>"


def standing(name: str, version: str = '"1"') -> str:
    return row(PATH + name, props(etag(version)))


def gone(name: str) -> str:
    return row(PATH + name, status("404 Not Found"))


def read(name: str, version: str = '"1"', body: str | None = None) -> str:
    text = escape(body if body is not None else event(name))
    return row(PATH + name, props(f"{etag(version)}<C:calendar-data>{text}</C:calendar-data>"))


def multi(*rows: str, token: str | None = None) -> Said:
    end = "" if token is None else f"<sync-token>{token}</sync-token>"
    names = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    return Said(207, f'<?xml version="1.0"?><multistatus {names}>{"".join(rows)}{end}</multistatus>')


def alive() -> Said:
    return multi(row(PATH, props(ALIVE)))


def refused(code: int, condition: str) -> Said:
    names = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    return Said(code, f"<error {names}><{condition}/></error>")


_TELLS = str(multi(gone("a.ics"), token="t").body)

BAD: dict[str, Said] = {
    "a cut 207": Said(207, str(multi(standing("a.ics"), token="t").body)[:-20]),
    "a 207 of plain words": Said(207, "Internal error", "text/plain"),
    "a 207 of words called XML": Said(207, "Internal error"),
    "a 207 without a body": Said(207),
    "a 207 of a web page": Said(207, LOGIN, "text/html"),
    "a 207 with a DOCTYPE": Said(207, _TELLS.replace("?><", '?><!DOCTYPE x [<!ENTITY a "a">]><')),
    "a 207 that calls itself a page": Said(207, _TELLS, "text/html"),
    "a 207 with another root": Said(207, _TELLS.replace("multistatus", "error")),
    "a 207 without a namespace": Said(207, "<multistatus><sync-token>t</sync-token></multistatus>"),
    "an empty multistatus": multi(),
    "a log-in page": Said(200, LOGIN, "text/html", {"ETag": '"1"'}),
    "a log-in page that calls itself a calendar": Said(200, LOGIN, "text/plain", {"ETag": '"1"'}),
    "a multistatus under 200": Said(200, multi(gone("a.ics"), token="t").body),
    "a 202": Said(202),
    "a 206": Said(206, event(), "text/calendar", {"ETag": '"1"'}),
    "a 304": Said(304),
    "a 400": Said(400, "no", "text/plain"),
    "a 401": Said(401),
    "a 403": Said(403),
    "a 404": Said(404, "not found", "text/plain"),
    "a 405": Said(405),
    "a 410": Said(410),
    "a 423": Said(423),
    "a 429": Said(429),
    "a 500 of words": Said(500, "oops", "text/plain"),
    "a 500 of XML that tells of removals": Said(500, multi(gone("a.ics"), token="t").body),
    "a 502 of a web page": Said(502, LOGIN, "text/html"),
    "a 503": Said(503),
    "a 503 that asks to wait": Said(503, headers={"Retry-After": "30"}),
    "a 507": Said(507),
    "a bad propstat": multi(
        row(PATH, props(ALIVE, "500 Oops")), row(PATH + "a.ics", props(etag("1"), "500 Oops"))
    ),
    "a propstat without a status": multi(
        row(PATH + "a.ics", f"<propstat><prop>{etag('1')}</prop></propstat>"), token="t"
    ),
    "a status that is none": multi(row(PATH + "a.ics", "<status>gone</status>"), token="t"),
    "a row without a name": multi(f"<response>{status('404 Not Found')}</response>", token="t"),
    "a row elsewhere": multi(row("/cal/other/a.ics", status("404 Not Found")), token="t"),
    "a row on another server": multi(
        row("https://evil.example/cal/life/a.ics", status("404 Not Found")), token="t"
    ),
    "a row that climbs": multi(row("/cal/life/../life/a.ics", status("404 Not Found")), token="t"),
    "a row that climbs in code": multi(
        row("/cal/life/%2e%2e/life/a.ics", status("404 Not Found")), token="t"
    ),
    "a row with a line break": multi(row("/cal/life/a.ics\r\nDELETE /", status("404 Not Found")), token="t"),
    "a row with a line break in code": multi(
        row("/cal/life/a%0D%0A.ics", status("404 Not Found")), token="t"
    ),
    "a row with a tab": multi(row("/cal/wo\trk/a.ics", status("404 Not Found")), token="t"),
    "two tokens": Said(
        207, str(multi(token="a").body).replace("</multi", "<sync-token>b</sync-token></multi")
    ),
}
"""What may come from a broken server, a proxy or a log-in page: never believed."""
