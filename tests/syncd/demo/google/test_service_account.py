from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from syncd.demo.google.oauth import JWT_BEARER
from syncd.demo.google.scopes import whole
from tests.syncd.demo.google.conftest import ADA, NOW
from tests.syncd.demo.google.web import Program, denied

ROBOT = "syncd@school.iam.example"
ALLOWED = ("calendar.freebusy", "calendar.events")
HEADER = {"alg": "RS256", "typ": "JWT"}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def program(google: GoogleFake, key: RSAPrivateKey) -> Iterator[Program]:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    google.delegate(ROBOT, pem, ALLOWED)
    program = Program(google, google.register())
    with program.http:
        yield program


def part(given: object) -> str:
    return urlsafe_b64encode(json.dumps(given).encode()).decode().rstrip("=")


def signed(key: RSAPrivateKey, google: GoogleFake, header: object = None, **more: Any) -> str:
    now = int(NOW.timestamp())
    claims = {
        "iss": ROBOT, "sub": ADA, "aud": google.token_uri, "iat": now, "exp": now + 3600,
        "scope": " ".join(map(whole, ALLOWED)), **more,
    }  # fmt: skip
    text = f"{part(header or HEADER)}.{part(claims)}"
    signature = key.sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def ask(program: Program, assertion: str) -> Any:
    form = {"grant_type": JWT_BEARER, "assertion": assertion}
    return program.http.post(program.google.token_uri, form, timeout=30)


def test_a_service_account_acts_in_a_persons_name(program: Program, key: RSAPrivateKey) -> None:
    given = ask(program, signed(key, program.google)).json()
    assert "refresh_token" not in given
    assert set(given["scope"].split()) == set(map(whole, ALLOWED))
    assert program.sees(given["access_token"]) == 200
    narrow = ask(program, signed(key, program.google, scope=whole("calendar.freebusy"))).json()
    assert program.sees(narrow["access_token"]) == 403


def test_more_than_the_administrator_allows_is_not_to_be_had(program: Program, key: RSAPrivateKey) -> None:
    wide = signed(key, program.google, scope=whole("calendar"))
    assert denied(ask(program, wide)) == (401, "unauthorized_client")
    assert denied(ask(program, signed(key, program.google, scope=""))) == (400, "invalid_scope")


def at(moment: datetime, minutes: float = 60) -> dict[str, float]:
    return {"iat": moment.timestamp(), "exp": (moment + timedelta(minutes=minutes)).timestamp()}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "stranger@school.iam.example"},
        {"sub": "nobody@school.example"},
        {"sub": None},
        {"aud": "https://oauth2.googleapis.com/token"},
        at(NOW, 61),
        at(NOW - timedelta(minutes=66)),
        at(NOW + timedelta(minutes=6)),
        {"exp": None},
        {"iat": "now"},
    ],
)
def test_a_claim_that_is_not_so_is_worth_nothing(
    program: Program, key: RSAPrivateKey, claims: dict[str, Any]
) -> None:
    assert denied(ask(program, signed(key, program.google, **claims))) == (400, "invalid_grant")


def test_a_clock_may_be_a_little_wrong(program: Program, key: RSAPrivateKey, clock: MovableClock) -> None:
    early = signed(key, program.google, **at(NOW + timedelta(minutes=4)))
    assert ask(program, early).status_code == 200
    clock.move(NOW + timedelta(minutes=64))
    assert ask(program, signed(key, program.google)).status_code == 200


def test_who_has_not_the_key_is_nobody(program: Program, key: RSAPrivateKey) -> None:
    stranger = generate_private_key(65537, 2048)
    assert denied(ask(program, signed(stranger, program.google))) == (400, "invalid_grant")
    good = signed(key, program.google)
    unsigned = signed(key, program.google, {"alg": "none"})
    for bad in ("", "a.b.c", good.replace(".", "", 1), f"{part([])}.{part({})}.x", "é.é.é", unsigned):
        assert denied(ask(program, bad)) == (400, "invalid_grant")
    head, body, signature = good.split(".")
    other = body[:-2] + ("AA" if body[-2:] != "AA" else "BB")
    assert denied(ask(program, f"{head}.{other}.{signature}")) == (400, "invalid_grant")


def test_only_rsa_keys_are_taken(google: GoogleFake) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(TypeError):
        google.delegate(ROBOT, other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), ALLOWED)
    with pytest.raises(ValueError, match="PEM"):
        google.delegate(ROBOT, b"nonsense", ALLOWED)
