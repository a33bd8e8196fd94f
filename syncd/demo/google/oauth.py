"""The token endpoint and the revocation endpoint: codes, refresh tokens and assertions become access tokens."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import parse_qs, unquote_plus

from syncd.demo.google.answers import Answer, Request, saying
from syncd.demo.google.assertion import BadAssertion, ServiceAccount, claim
from syncd.demo.google.consent import AUTH, DECISION, Client, Consent
from syncd.demo.google.refusals import Body
from syncd.demo.google.state import World
from syncd.demo.google.tokens import Grant, Tokens

TOKEN, REVOKE = "/token", "/revoke"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Form = Mapping[str, str]


class _Denied(Exception):
    def __init__(self, error: str, words: str = "", status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.answer = saying({"error": error, **({"error_description": words} if words else {})}, status)


class OAuth:
    """Who gets an access token, and for what."""

    def __init__(self, world: World, tokens: Tokens, consent: Consent) -> None:
        self.accounts: dict[str, ServiceAccount] = {}
        """Service accounts by their e-mail address."""
        self.audience = ""
        """What an assertion must be meant for."""
        self._world, self._tokens, self._consent = world, tokens, consent
        self._endpoints = {
            ("GET", AUTH): consent.authorize,
            ("POST", DECISION): consent.decide,
            ("POST", TOKEN): self._token,
            ("POST", REVOKE): self._revoke,
        }

    def answer(self, request: Request) -> Answer | None:
        """Answer a request, if it is for one of these endpoints."""
        endpoint = self._endpoints.get((request.method, request.path))
        return endpoint(request) if endpoint else None

    def _token(self, request: Request) -> Answer:
        form = _form(request)
        kind = form.get("grant_type", "")
        grants = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            JWT_BEARER: self._by_assertion,
        }
        if kind not in grants:
            return _Denied("unsupported_grant_type", f"Invalid grant_type: {kind}").answer
        try:
            with self._world.lock:
                return saying(grants[kind](request, form), HTTPStatus.OK, {"Pragma": "no-cache"})
        except _Denied as denied:
            return denied.answer

    def _by_code(self, request: Request, form: Form) -> Body:
        client = self._client(request, form)
        code = self._consent.take(form.get("code", ""))
        if code is None or code.wish.client is not client:
            raise _Denied("invalid_grant", "Bad Request")
        if form.get("redirect_uri") != code.wish.redirect_uri:
            raise _Denied("redirect_uri_mismatch", "Bad Request")
        _verify(code.wish.challenge, form.get("code_verifier"))
        grant = self._tokens.granted(code.person, client.id)
        more = {"refresh_token": self._tokens.refresh(grant, code.scopes)} if code.refresh else {}
        return self._given(grant, code.scopes) | more

    def _by_refresh(self, request: Request, form: Form) -> Body:
        client = self._client(request, form)
        token = form.get("refresh_token", "")
        grant = self._tokens.grant_of(token)
        if grant is None or grant.client != client.id:
            raise _Denied("invalid_grant", "Token has been expired or revoked.")
        scopes = grant.refresh[token].scopes
        new = self._tokens.rotated(grant, token)
        return self._given(grant, scopes) | ({"refresh_token": new} if new else {})

    def _by_assertion(self, _: Request, form: Form) -> Body:
        try:
            asked = claim(form.get("assertion", ""), self.accounts, self.audience, self._world.clock.now())
        except BadAssertion as bad:
            raise _Denied("invalid_grant", str(bad)) from bad
        account = self.accounts[asked.issuer]
        if not asked.scopes:
            raise _Denied("invalid_scope", "Empty or missing scope not allowed.")
        if not asked.scopes <= account.scopes:
            raise _Denied(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
                "for any of the scopes requested.",
                HTTPStatus.UNAUTHORIZED,
            )
        if asked.subject not in self._world.people:
            raise _Denied("invalid_grant", "Invalid email or User ID")
        return self._given(self._tokens.granted(asked.subject, account.email), asked.scopes)

    def _given(self, grant: Grant, scopes: frozenset[str]) -> Body:
        return {
            "access_token": self._tokens.access(grant.person, scopes, grant),
            "expires_in": int(self._world.manners.token_life.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }

    def _client(self, request: Request, form: Form) -> Client:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, proof = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, secret = _basic(proof)
        client = self._consent.clients.get(name)
        if client is None:
            raise _Denied("invalid_client", "The OAuth client was not found.", HTTPStatus.UNAUTHORIZED)
        if not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise _Denied("invalid_client", "Unauthorized", HTTPStatus.UNAUTHORIZED)
        return client

    def _revoke(self, request: Request) -> Answer:
        token = _form(request).get("token") or request.query.get("token", [""])[-1]
        with self._world.lock:
            if self._tokens.revoke(token):
                return saying({})
        words = "Token expired or revoked"
        return saying({"error": "invalid_token", "error_description": words}, HTTPStatus.BAD_REQUEST)


def _form(request: Request) -> Form:
    read = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in read.items()}


def _basic(proof: str) -> tuple[str, str]:
    try:
        name, _, secret = b64decode(proof, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError) as wrong:
        raise _Denied("invalid_client", "Unauthorized", HTTPStatus.UNAUTHORIZED) from wrong
    return unquote_plus(name), unquote_plus(secret)


def _verify(challenge: str | None, verifier: str | None) -> None:
    """Make sure that who has the code is who asked for it (RFC 7636, 4.6)."""
    if challenge is None:
        return
    if not verifier:
        raise _Denied("invalid_grant", "Missing code verifier.")
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not hmac.compare_digest(made, challenge):
        raise _Denied("invalid_grant", "Invalid code verifier.")
