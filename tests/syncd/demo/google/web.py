"""A person's browser, and a program's requests to the token endpoint."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from syncd.demo.google import Client, GoogleFake
from syncd.demo.google.scopes import whole

BACK = "https://syncd.example/connect/google"
SCOPES = ("calendar.freebusy", "calendar.events.owned")
VERIFIER = "v" * 64


def challenge(verifier: str = VERIFIER) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Program:
    """A program that wants to be let in."""

    google: GoogleFake
    client: Client
    back: str = BACK
    http: requests.Session = field(default_factory=requests.Session)

    def query(self, **more: str | None) -> dict[str, str]:
        asked = {
            "client_id": self.client.id,
            "redirect_uri": self.back,
            "response_type": "code",
            "scope": " ".join(map(whole, SCOPES)),
            "state": "st4te",
            "access_type": "offline",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        } | more
        return {name: value for name, value in asked.items() if value is not None}

    def authorize(self, **more: str | None) -> requests.Response:
        return self.http.get(
            self.google.auth_uri, params=self.query(**more), allow_redirects=False, timeout=30
        )

    def press(self, page: str, button: str, person: str, *without: str) -> requests.Response:
        """Press a button on the page; the boxes of *without* were unticked."""
        boxes = set(re.findall(r'name="scope" value="([^"]+)" checked', page)) - set(map(whole, without))
        (name,) = re.findall(r'name="request" value="([^"]+)"', page)
        (action,) = re.findall(r'action="([^"]+)"', page)
        form = {"request": name, "person": person, "scope": sorted(boxes), "decision": button}
        return self.http.post(f"{self.google.url}{action}", form, allow_redirects=False, timeout=30)

    def token(self, **form: str | None) -> requests.Response:
        secret = {"client_id": self.client.id, "client_secret": self.client.secret}
        return self.http.post(self.google.token_uri, {**secret, **form}, timeout=30)

    def redeem(self, code: str, **more: str | None) -> requests.Response:
        form = {"redirect_uri": self.back, "code_verifier": VERIFIER, **more}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def revoke(self, token: str) -> requests.Response:
        return self.http.post(self.google.revoke_uri, {"token": token}, timeout=30)

    def sees(self, token: str) -> int:
        """Return the status of an answer to who has this access token."""
        proof = {"Authorization": f"Bearer {token}"}
        at = f"{self.google.api_endpoint}/calendars/primary/events"
        return self.http.get(at, headers=proof, timeout=30).status_code

    def let_in(self, **more: str | None) -> dict[str, Any]:
        """Return the tokens of a person who says yes at once."""
        answer = self.redeem(sent_back(self.authorize(**more))["code"])
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given


def sent_back(answer: requests.Response) -> dict[str, str]:
    """Return what the person is sent back with."""
    assert answer.status_code == 302, answer.text
    return {name: one for name, (one,) in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def denied(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]
