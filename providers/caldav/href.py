"""Where resources stand: hrefs as servers write them, refs as we compare them, URLs as we ask.

Servers spell one path in several ways (``%40`` and ``@``), so refs are compared decoded.
Only ``%2F``, ``%25`` and bytes that are not UTF-8 stay encoded: decoded, they would name
another resource, whose 404 would pass for this one's.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from ipaddress import ip_address
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit

from providers.base import CalendarId, EventRef
from providers.errors import Unavailable
from providers.transport import origin

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[\w.-]{1,200}\.ics(?![\w.-])", re.ASCII)
_SAFE = "/%:@!$&'()*+,;=~"  # RFC 3986, 3.3: pchar, and escapes that are kept


def ref_of(href: str, base: str) -> EventRef:
    """Return the decoded path that *href* names in an answer from *base*.

    :raises Unavailable: if it names nothing on this server, or hides what it names.
    """
    href = href.strip()
    # urlsplit drops TAB, CR and LF in silence: look before it does.
    if not href or _CONTROL.search(href) or _CONTROL.search(unquote(href)):
        raise Unavailable("the answer names a resource by characters that no address has")
    try:
        parts = urlsplit(urljoin(base, href))
        _ = parts.port  # read only now
    except ValueError:
        raise Unavailable("the answer names a resource by something that is no address") from None
    if (parts.hostname or "").lower() != origin(base)[1]:
        raise Unavailable("the answer names a resource on another server")
    if parts.query or parts.fragment or _climbs(href):
        raise Unavailable("the answer names a resource in a way that is not its own path")
    return path_of(parts.path)


def odd_ref(href: str) -> EventRef:
    """Return what stands for an *href* that cannot be asked for: it holds no word of it, and is no path."""
    digest = blake2b(href.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return EventRef(f"?{digest}")


def meant_by(href: str) -> frozenset[str]:
    """Return the names of events that may have been meant by *href*, with everything odd taken away.

    An event of ours has letters, digits and hyphens for a name, and then ``.ics``: written
    wrongly in whatever way, it is among these.
    """
    for _ in range(4):
        href = unquote(href)
    joined = _CONTROL.sub("", href)
    return frozenset(name for text in (href, joined) for name in _NAME.findall(text)[-2:])


def path_of(path: str) -> EventRef:
    """Return *path* decoded as far as it can be without naming something else."""
    return EventRef("/".join(_decoded(segment) for segment in path.split("/")))


def url_of(ref: str, base: str) -> str:
    """Return the absolute URL of *ref* on the server of *base*."""
    return urljoin(base, quoted(ref))


def quoted(ref: str) -> str:
    """Return *ref* as it is written in a request."""
    return quote(ref, safe=_SAFE)


def calendar_path(calendar: CalendarId | str) -> EventRef:
    """Return the decoded path of *calendar*, with the slash that ends a collection."""
    path = path_of(urlsplit(calendar).path)
    return path if path.endswith("/") else EventRef(path + "/")


def absolute(href: str, base: str) -> str:
    """Return the URL that a property's *href* names, on this server or on a neighbour over https.

    iCloud keeps each person's calendars on a neighbour of the host that people are told.

    :raises Unavailable: if the credentials for *base* must not go there.
    """
    href = href.strip()
    if _CONTROL.search(href) or _CONTROL.search(unquote(href)):
        raise Unavailable("the answer names an address by characters that no address has")
    try:
        url = urljoin(base, href)
    except ValueError:
        raise Unavailable("the answer names something that is no address") from None
    if origin(url) != origin(base) and not neighbours(base, url):
        raise Unavailable("the answer names another server, which must not learn the password")
    return url_of(path_of(urlsplit(url).path), url)


def neighbours(base: str, url: str) -> bool:
    """Tell whether *url* is https at the same name as *base*, beside it or beneath it."""
    (_, host, _), (scheme, other, _) = origin(base), origin(url)
    if scheme != "https" or not host or not other:
        return False
    return host == other or (not _is_number(host) and other.endswith(f".{_family(host)}"))


def _family(host: str) -> str:
    labels = host.split(".")
    return host if len(labels) <= 2 else ".".join(labels[1:])  # noqa: PLR2004 - a name and its ending


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _climbs(href: str) -> bool:
    return any(unquote(segment) in {".", ".."} for segment in urlsplit(href).path.split("/"))


def _decoded(segment: str) -> str:
    try:
        plain = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return segment
    return plain.replace("%", "%25").replace("/", "%2F")
