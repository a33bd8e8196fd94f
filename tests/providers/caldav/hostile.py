"""Answers that a broken or hostile server may give, and what may be made of each.

Each is a page that the server gives to one kind of question, while it answers all others
well, or the same page to everything. The law: hold and look again. Nothing is called gone,
no write is believed, and what cannot be read is unknown, never free.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from tests.providers.caldav.answers import (
    ALIVE,
    LOGIN,
    PATH,
    XML,
    Said,
    etag,
    event,
    gone,
    multi,
    props,
    row,
    standing,
    status,
)

HELD = "held"
"""An error of the eight that says nothing of an event."""
LOOKED = "looked at"
"""What stands is looked at by itself and found: nothing is gone, and the rest is read."""
READ = "read"
"""There is another way to ask, or nothing is wrong with it."""
UNKNOWN = "unknown"
"""All is read, and what hides behind the odd row takes the whole time."""

OURS = "syncd-4t7cq2.ics"
"""An event of ours that stands in the calendar, whatever the answer says of it."""
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
HEAD = '<?xml version="1.0" encoding="utf-8"?>'
DEEP = 300
MANY = 1_000_000
HUGE_TAG = "e" * 100_000


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to a report, and what may be made of it."""

    said: Callable[[], Said]
    listing: str
    """What a complete listing makes of it."""
    delta: str
    """What a delta makes of it."""


def text(inner: str, head: str = HEAD, end: str = "<sync-token>t</sync-token>") -> str:
    return f"{head}<multistatus {SPACES}>{inner}{end}</multistatus>"


def page(inner: str, kind: str = XML, **other: str) -> Callable[[], Said]:
    return lambda: Said(207, text(inner, **other), kind)


def raw(
    body: str | bytes, code: int = 207, kind: str = XML, headers: dict[str, str] | None = None
) -> Callable[[], Said]:
    return lambda: Said(code, body, kind, headers or {})


ONE = etag('"1"')
GONE, STANDS = gone(OURS), standing(OURS)
SAYS_GONE = text(GONE)
OWN = row(PATH, props(ALIVE))


def _numbered(what: str, times: int) -> str:
    return " ".join(what.format(n) for n in range(times))


def _bombs() -> Iterator[tuple[str, Callable[[], Said]]]:
    laughs = "".join('<!ENTITY a{} "{}">'.format(n, f"&a{n - 1};" * 10) for n in range(1, 10))
    for name, inner, dtd in (
        ("an entity bomb", "&a9;", f'<!ENTITY a0 "ha">{laughs}'),
        ("a quadratic entity bomb", "&a;" * 10_000, '<!ENTITY a "' + "x" * 100_000 + '">'),
        ("an external entity", "&x;", '<!ENTITY x SYSTEM "file:///etc/passwd">'),
        ("an external entity over the network", "&x;", '<!ENTITY x SYSTEM "http://127.0.0.1:9/">'),
        ("a parameter entity", "", '<!ENTITY % p SYSTEM "file:///dev/zero"> %p;'),
        ("a DOCTYPE with nothing in it", "", " "),
    ):
        body = text(GONE + inner, head=f"{HEAD}<!DOCTYPE multistatus [{dtd}]>")
        yield name, raw(body)
    yield "a foreign DOCTYPE", raw(text(GONE, head=f'{HEAD}<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd">'))
    yield "an entity that is none", raw(text(f"{GONE}&nothing;"))


def _sizes() -> Iterator[tuple[str, Callable[[], Said]]]:
    yield "elements 300 deep", raw(text("<x>" * DEEP + GONE + "</x>" * DEEP))
    yield "a million responses", page("<response/>" * (MANY // 2) + GONE)
    yield "a million removals", page(gone("a.ics") * 40_000)
    yield "a million comments", page("<!---->" * MANY + GONE)
    yield "a million attributes", page("<x " + _numbered('a{}=""', MANY * 7 // 10) + "/>" + GONE)
    yield "a million namespaces", page(_numbered('<y xmlns="u:{}"/>', MANY * 3 // 10) + GONE)
    yield "a text of eleven megabytes", page(f"<x>{'x' * 11_000_000}</x>" + GONE)
    yield "a token of a megabyte", raw(text(GONE, end=f"<sync-token>{'t' * 1_000_000}</sync-token>"))


def _shapes() -> Iterator[tuple[str, Callable[[], Said]]]:
    yield "another root", raw(SAYS_GONE.replace("multistatus", "multistatuses"))
    yield "another namespace", raw(SAYS_GONE.replace('"DAV:"', '"dav:"'))
    yield "a single response for a root", raw(GONE.replace("<response>", f"<response {SPACES}>"))
    yield "a web page with 200", raw(LOGIN, 200, "text/html")
    yield "a web page with 207", raw(LOGIN, 207, "text/html")
    yield "a web page that calls itself XML", raw(LOGIN)
    yield "a multistatus that calls itself JSON", raw(SAYS_GONE, kind="application/json")
    yield "a multistatus that calls itself a calendar", raw(SAYS_GONE, kind="text/calendar")
    yield "two multistatuses", raw(SAYS_GONE + text(GONE, head=""))
    yield "an empty body", raw("")
    yield "a body of white space", raw(" \r\n\t ")
    yield "a 204", raw("", 204)
    yield "a 207 that is not even text", raw(bytes(range(256)))
    yield "a 500 around a multistatus", raw(SAYS_GONE, 500)
    yield "no token", raw(text(GONE, end=""))
    yield "an empty token", raw(text(GONE, end="<sync-token> </sync-token>"))
    yield (
        "the token inside a row",
        raw(text(GONE.replace("</resp", "<sync-token>t</sync-token></resp"), end="")),
    )
    yield "two tokens", raw(text(GONE, end="<sync-token>t</sync-token><sync-token>u</sync-token>"))
    yield "a row without a name", page(f"<response>{status('404 Not Found')}</response>")
    yield "the calendar itself with 404", page(row(PATH, status("404 Not Found")) + GONE)
    yield "the calendar itself with 507, again and again", page(row(PATH, status("507 Full")) + GONE)
    yield "the calendar itself with 500", page(row(PATH, status("500 Oops")) + GONE)
    yield "the calendar itself with a status that is none", page(row(PATH, "<status>so so</status>") + GONE)


def _letters() -> Iterator[tuple[str, Callable[[], Said]]]:
    yield "UTF-16", raw(SAYS_GONE.replace("utf-8", "utf-16").encode("utf-16"))
    yield "UTF-16 that calls itself UTF-8", raw(SAYS_GONE.encode("utf-16-le"))
    coded = text(GONE, head="").replace("<", "+ADw-")
    yield "UTF-7", raw(f'<?xml version="1.0" encoding="utf-7"?><a>{coded}</a>')
    yield "UTF-7 from its first letter", raw(coded, kind="application/xml; charset=utf-7")
    yield "Latin-1", raw(text(GONE + "<x>é</x>", head="").encode("latin-1"))
    yield "a NUL", raw(SAYS_GONE.replace("</resp", "\0</resp"))
    yield "a control character", raw(SAYS_GONE.replace("</resp", "&#1;</resp"))
    yield "half a surrogate", raw(SAYS_GONE.replace("</resp", "&#xD800;</resp"))
    yield "packed, and not said", raw(gzip.compress(SAYS_GONE.encode()))
    yield "not packed, and called so", raw(SAYS_GONE, headers={"Content-Encoding": "gzip"})
    yield (
        "packed twice",
        raw(gzip.compress(gzip.compress(SAYS_GONE.encode())), headers={"Content-Encoding": "gzip, gzip"}),
    )
    yield (
        "packed twice, and called so once",
        raw(gzip.compress(gzip.compress(SAYS_GONE.encode())), headers={"Content-Encoding": "gzip"}),
    )
    yield "packed as something else", raw(SAYS_GONE, headers={"Content-Encoding": "br"})
    yield "packed and cut", raw(gzip.compress(SAYS_GONE.encode())[:-9], headers={"Content-Encoding": "gzip"})


def _cuts() -> Iterator[tuple[str, Callable[[], Said]]]:
    for at in range(10, len(SAYS_GONE), 10):
        yield f"cut after {at} of {len(SAYS_GONE)}", raw(SAYS_GONE[:at])


def _refusals() -> Iterator[tuple[str, Callable[[], Said]]]:
    for wait in ("-1", "1", "1e9", "1000000000000000000000", "Fri, 13 Nov 2099 00:00:00 GMT", "soon", "²"):
        headers = {"Retry-After": wait, "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
        yield f"a 429 with Retry-After: {wait}", raw("", 429, headers=headers)


HELD_CASES = {
    name: Case(said, HELD, HELD)
    for some in (_bombs, _sizes, _shapes, _letters, _cuts, _refusals)
    for name, said in some()
}


def _vague() -> Iterator[tuple[str, str]]:
    """Rows about our own event that do not say clearly that it is gone, or in which version it stands."""
    path = PATH + OURS
    yield "a status that is none", row(path, "<status>gone</status>")
    yield "an empty status", row(path, "<status/>")
    yield "a status of two digits", row(path, status("40"))
    yield "a status of four digits", row(path, status("4040 Not Found"))
    yield "a status without HTTP", row(path, "<status>404 Not Found</status>")
    yield "two statuses", row(path, status("404 Not Found") + status("200 OK"))
    yield "neither status nor properties", row(path, "")
    yield "a 404 with properties", row(path, status("404 Not Found") + props(etag('"1"')))
    yield "a 410", row(path, status("410 Gone"))
    yield "a 418", row(path, status("418 Teapot"))
    yield "a 500", row(path, status("500 Oops"))
    yield "a 507", row(path, status("507 Full"))
    yield "properties without a status", row(path, f"<propstat><prop>{etag('1')}</prop></propstat>")
    yield "properties with a status that is none", row(path, props(etag("1"), "abc"))
    yield "a propstat 404", row(path, props("<getetag/>", "404 Not Found"))
    yield "a propstat 500", row(path, props(etag('"1"'), "500 Oops"))
    yield "an empty etag", row(path, props("<getetag/>"))
    yield "an etag of ten kilobytes", row(path, props(etag(f'"{"1" * 10_000}"')))
    yield "an etag of ten megabytes", row(path, props(etag(f'"{"1" * 7_900_000}"')))
    yield "an etag with a line break", row(path, props(etag('"1"\r\nX: y')))
    yield "an etag that is no ASCII", row(path, props(etag('"é"')))
    yield "two etags in one row", row(path, props(etag('"2"') + etag('"1"')))
    yield "the same row with two etags", standing(OURS, '"2"') + standing(OURS, '"1"')
    yield "the same row with two etags, turned round", standing(OURS, '"1"') + standing(OURS, '"2"')
    yield "gone and standing", GONE + STANDS
    yield "standing and gone", STANDS + GONE
    yield "gone in two spellings and standing in one", gone("syncd%2D4t7cq2.ics") + STANDS


READ_CASES = {
    "a 507 outside": Case(raw(SAYS_GONE, 507), READ, HELD),
    "a 403 that names the token": Case(raw(f"<error {SPACES}><valid-sync-token/></error>", 403), READ, HELD),
    "another encoding in name alone": Case(
        raw(text(row(PATH + OURS, props(ONE)), head='<?xml version="1.0" encoding="utf-16"?>')), READ, READ
    ),
    "another charset in the head alone": Case(
        page(row(PATH + OURS, props(ONE)), kind="text/xml; charset=utf-16"), READ, READ
    ),
    "a byte order mark": Case(lambda: Said(207, "\ufeff" + text(row(PATH + OURS, props(ONE)))), READ, READ),
    "the token first": Case(
        raw(text("<sync-token>t</sync-token>" + row(PATH + OURS, props(ONE)), end="")), READ, READ
    ),
    "rows about nothing that was asked": Case(
        page(row(PATH + "inner/x.ics", status("404 Not Found")) + row(PATH + OURS, props(ONE))), READ, READ
    ),
}
"""Odd, and yet understood in one way only."""
VAGUE_CASES = {name: Case(page(rows), LOOKED, LOOKED) for name, rows in _vague()}


def impossible(name: str) -> Iterator[tuple[str, str]]:
    """Names that a resource cannot have, each made of *name*."""
    path = PATH + name
    yield "a line break", f"{PATH}\r\n{name}"
    yield "a line break in code", f"{path}%0D%0ADELETE%20/"
    yield "a line break inside", path.replace(".ics", "\n.ics")
    yield "a tab", path.replace("/life/", "/li\tfe/")
    yield "a NUL in code", f"{path}%00"
    yield "dots", f"/cal/life/../life/{name}"
    yield "dots in code", f"/cal/life/%2e%2e/life/{name}"
    yield "dots out of the calendar", f"/cal/life/../../{name}"
    yield "another server", f"https://evil.example{path}"
    yield "another server without a scheme", f"//evil.example{path}"
    yield "another server behind a name", f"https://dav.school.example@evil.example{path}"
    yield "another calendar", f"/cal/other/{name}"
    yield "a folder above", f"/cal/{name}"
    yield "a query", f"{path}?version=1"
    yield "a fragment", f"{path}#top"
    yield "no address at all", f"http://[{name}"
    yield "a scheme of its own", f"javascript:{name}"
    yield "a file", f"file://{path}"
    yield "an address with a port that is none", f"https://dav.school.example:x{path}"


def _odd_cases(name: str, made: str) -> Iterator[tuple[str, Case]]:
    for odd, href in impossible(name):
        yield odd, Case(page(row(href, props(etag('"1"')))), made, made)


HIDING_CASES = dict(_odd_cases(OURS, LOOKED))
"""Only under an impossible name does our event appear: it is looked at by itself."""
FOREIGN_CASES = dict(_odd_cases("whatever it is.ics", UNKNOWN))
"""Something else stands under an impossible name, beside our event."""
ODD_REMOVALS = {
    odd: row(href, status("404 Not Found")) for name in (OURS, "else.ics") for odd, href in impossible(name)
}
"""Removals under impossible names: they remove nothing."""


def multigets() -> dict[str, str]:
    """Return answers to a multiget of our event and another that say something else of them."""
    own, other = _data(OURS, "ours"), _data("b.ics", "other")
    return {
        "nothing": "",
        "only what nobody asked for": _data("c.ics", "third") + _data("d.ics", "fourth"),
        "without the data": row(PATH + OURS, props(etag('"1"'))),
        "empty data": row(PATH + OURS, props(f"{ONE}<C:calendar-data/>")),
        "data under a 404": row(PATH + OURS, status("404 Not Found")),
        "data under another status": row(PATH + OURS, props(f"{ONE}<C:calendar-data/>", "507 Full")),
        "our own twice, with other words": own + _data(OURS, "another"),
        "an impossible name beside": own + other + row("/cal/life/a%0D%0Ab.ics", props(etag("1"))),
        "another server's beside": own + other + row("https://evil.example/x.ics", props(etag("1"))),
        "no etag": row(PATH + OURS, props(f"<C:calendar-data>{escape(event('ours'))}</C:calendar-data>")),
        "a huge etag": _data(OURS, "ours", f'"{HUGE_TAG}"'),
        "an etag with a line break": _data(OURS, "ours", '"1"\r\nX: y'),
        "an etag that is no ASCII": _data(OURS, "ours", '"é"'),
    }


def _data(name: str, uid: str, version: str = '"1"') -> str:
    data = f"<C:calendar-data>{escape(event(uid))}</C:calendar-data>"
    return row(PATH + name, props(f"{etag(version)}{data}"))


def fetches() -> dict[str, Callable[[], Said]]:
    """Return answers to a GET of our event, none of which may pass for its absence."""
    good = event("ours")
    tagged = {"ETag": '"1"'}
    cal = "text/calendar"
    return {
        "an empty body": raw("", 200, cal, tagged),
        "a log-in page": raw(LOGIN, 200, "text/html", tagged),
        "a log-in page that calls itself a calendar": raw(LOGIN, 200, cal, tagged),
        "a calendar that calls itself a page": raw(good, 200, "text/html", tagged),
        "a multistatus of removals": raw(SAYS_GONE, 207, XML, tagged),
        "a multistatus of removals with 200": raw(SAYS_GONE, 200, XML, tagged),
        "a 204": raw("", 204, cal, tagged),
        "a 206": raw(good[:40], 206, cal, tagged),
        "a 304": raw("", 304, cal, tagged),
        "a 401": raw("", 401),
        "a 403": raw("", 403),
        "a 410": raw("", 410),
        "a 500": raw("", 500),
        "a 507": raw("", 507),
        "a calendar cut at half": raw(good[: len(good) // 2], 200, cal, tagged),
        "an etag of a hundred kilobytes": raw(good, 200, cal, {"ETag": f'"{HUGE_TAG}"'}),
        "an empty etag": raw(good, 200, cal, {"ETag": ""}),
        "a weak etag": raw(good, 200, cal, {"ETag": 'W/"1"'}),
        "packed as something else": raw(good, 200, cal, {**tagged, "Content-Encoding": "br"}),
        "UTF-16": raw(good.encode("utf-16"), 200, cal, tagged),
    }


DATES = ("", "yesterday", "Fri, 31 Dec 9999 23:59:59 -1400", "Mon, 01 Jan 0001 00:00:00 +1400", "²")
"""What may stand in a Date header."""
AGES = ("²", "-1", "9" * 5000, "x")


def homes() -> dict[str, Said]:
    """Return listings of an account in which something is wrong beside one good calendar."""
    home = row("/me/", props("<resourcetype><collection/></resourcetype>"))
    good = row(PATH, props(f"{ALIVE}<displayname>Work</displayname>"))
    odd = props(f"{ALIVE}<displayname>Odd</displayname>")
    return {
        name: multi(home, good, row(href, odd))
        for name, href in (
            ("a line break", "/cal/o%0D%0Add/"),
            ("dots", "/cal/../odd/"),
            ("another server", "https://evil.example/odd/"),
            ("a query", "/cal/odd/?x"),
        )
    }
