"""A service account's assertion: a JSON web token that says in whose name it asks, and for what (RFC 7523)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_LONGEST, _SLACK = timedelta(hours=1), timedelta(minutes=5)
_TIMEFRAME = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


class BadAssertion(Exception):
    """The assertion proves nothing; the text is Google's."""


@dataclass(frozen=True)
class ServiceAccount:
    """A program with an identity of its own, and what an administrator lets it do in people's names."""

    email: str
    key: RSAPublicKey
    scopes: frozenset[str]
    """Those that it may have by domain-wide delegation."""

    @classmethod
    def of(cls, email: str, pem: bytes, scopes: frozenset[str]) -> ServiceAccount:
        """Return the account whose public key stands in *pem*.

        :raises ValueError: if that is no key.
        :raises TypeError: if it is a key of another kind than RSA.
        """
        key = load_pem_public_key(pem)
        if not isinstance(key, RSAPublicKey):
            raise TypeError("a service account signs with RSA")
        return cls(email, key, scopes)


@dataclass(frozen=True)
class Claim:
    """What an assertion claims."""

    issuer: str
    subject: str
    scopes: frozenset[str]


def claim(text: str, accounts: dict[str, ServiceAccount], audience: str, now: datetime) -> Claim:
    """Return what an assertion claims, its signature and times checked.

    :raises BadAssertion: if it proves nothing.
    """
    signed, _, signature = text.rpartition(".")
    head, _, body = signed.partition(".")
    header, claims = _decoded(head), _decoded(body)
    account = accounts.get(str(claims.get("iss")))
    if account is None or header.get("alg") != "RS256":
        raise BadAssertion("Invalid grant: account not found")
    try:
        account.key.verify(_bytes(signature), signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature as wrong:
        raise BadAssertion("Invalid JWT Signature.") from wrong
    if claims.get("aud") != audience:
        raise BadAssertion("Invalid JWT: Failed audience check. The right audience is " + audience)
    if not _timely(claims, now.timestamp()):
        raise BadAssertion(_TIMEFRAME)
    return Claim(account.email, str(claims.get("sub") or ""), frozenset(str(claims.get("scope", "")).split()))


def _timely(claims: dict[str, Any], now: float) -> bool:
    begins, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return False
    slack = _SLACK.total_seconds()
    return begins - slack <= now < ends + slack and ends - begins <= _LONGEST.total_seconds()


def _decoded(part: str) -> dict[str, Any]:
    try:
        read = json.loads(_bytes(part))
    except ValueError as wrong:
        raise BadAssertion("Invalid JWT: not a token") from wrong
    if not isinstance(read, dict):
        raise BadAssertion("Invalid JWT: not a token")
    return read


def _bytes(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (NotBase64, ValueError) as wrong:
        raise BadAssertion("Invalid JWT: not a token") from wrong
