"""Why a connection failed, in words for a person: the libraries' own name sockets and classes."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})  # X509_V_ERR_* of OpenSSL
_WRONG_NAME = frozenset({62, 64})
_EXPIRED, _NOT_YET = 10, 9


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what is behind it: the libraries wrap by argument, reason, cause and context."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def reason(error: BaseException) -> str | None:
    """Return what *error* means in plain words, if it is one with a meaning of its own."""
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate(error)
        case ssl.SSLError():
            return "it does not speak TLS as we do"
        case socket.gaierror():
            return "there is no such name, or it cannot be looked up now"
        case ConnectionRefusedError():
            return "connection refused: nothing answers at this address"
    return None


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired"
    if code == _NOT_YET:
        return "its certificate is not valid yet"
    if code in _WRONG_NAME:
        return "its certificate is for another name"
    if code in _UNKNOWN_ISSUER:
        return "its certificate is from an authority that we do not know (caldav.ca_file can name it)"
    return "its certificate is not valid"
