"""The authorization endpoint: a person is asked what a program may do, and may say no to each part of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

from syncd.demo.google.answers import Answer, Request, page, redirect
from syncd.demo.google.scopes import IDENTITY, PREFIX, WORDS, known, whole
from syncd.demo.google.state import World
from syncd.demo.google.tokens import Tokens

AUTH, DECISION = "/o/oauth2/v2/auth", "/o/oauth2/v2/decision"
ISSUER = "https://accounts.google.com"
CODE_LIFE = timedelta(minutes=10)
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


@dataclass(frozen=True)
class Client:
    """A program as it is known to Google."""

    id: str
    secret: str = field(repr=False)
    redirects: frozenset[str]
    """Where people may be sent back to, to the letter."""
    installed: bool = False
    """It runs on a person's own computer, and may be on any port of loopback."""
    name: str = "syncd"

    def takes(self, redirect_uri: str) -> bool:
        """Tell whether people may be sent back there."""
        at = urlsplit(redirect_uri)
        own = self.installed and at.scheme == "http" and at.hostname in _LOOPBACK
        return own or redirect_uri in self.redirects


@dataclass(frozen=True)
class Wish:
    """What a program asks a person for."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    offline: bool
    consent: bool
    """The person is asked even if they have been asked before (``prompt=consent``)."""
    hint: str
    """Who the program thinks the person is."""


@dataclass(frozen=True)
class Code:
    """What an authorization code brings."""

    wish: Wish
    person: str
    scopes: frozenset[str]
    refresh: bool
    until: datetime


@dataclass(frozen=True)
class Decision:
    """What a person says to whoever asks."""

    person: str = ""
    """Nobody: whoever the program thinks it is."""
    without: frozenset[str] = frozenset()
    """What they do not allow."""
    denied: bool = False


class Consent:
    """Everybody who is being asked."""

    def __init__(self, world: World, tokens: Tokens, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.clients: dict[str, Client] = {}
        self._world, self._tokens = world, tokens
        self._decision: Decision | None = None
        self._asked: dict[str, Wish] = {}
        self._codes: dict[str, Code] = {}

    def at_once(self, person: str = "", *, without: Iterable[str] = ()) -> None:
        """Let *person* allow whatever they are asked from now on, without a page; all but some scopes."""
        self._decision = Decision(person, frozenset(whole(one) for one in without))

    def refuse(self) -> None:
        """Let whoever is asked from now on say no, without a page."""
        self._decision = Decision(denied=True)

    def ask(self) -> None:
        """Show the page to whoever is asked from now on."""
        self._decision = None

    def take(self, code: str) -> Code | None:
        """Return what a code brings, once."""
        found = self._codes.pop(code, None)
        return found if found and self._world.clock.now() < found.until else None

    def authorize(self, request: Request) -> Answer:
        """Answer a person whom a program has sent here."""
        wish = self._wish({name: values[-1] for name, values in request.query.items()})
        if not isinstance(wish, Wish):
            return wish
        with self._world.lock:
            if self._decision:
                return self._decided(wish, self._decision)
            name = secrets.token_urlsafe(16)
            self._asked[name] = wish
        return page(_page(wish, name, [one.email for one in self._world.people.values()]))

    def decide(self, request: Request) -> Answer:
        """Answer a person who has pressed a button on the page."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        with self._world.lock:
            wish = self._asked.pop(form.get("request", [""])[0], None)
            if wish is None:
                return _stop("invalid_request", "This page was answered before.")
            allowed = {one for one in wish.scopes if one in form.get("scope", ()) or one in IDENTITY}
            person = form.get("person", [""])[0]
            denied = form.get("decision") != ["allow"]
            return self._decided(wish, Decision(person, frozenset(wish.scopes) - allowed, denied))

    def _wish(self, given: Mapping[str, str]) -> Wish | Answer:
        client = self.clients.get(given.get("client_id", ""))
        if client is None:
            return _stop("invalid_client", "The OAuth client was not found.", HTTPStatus.UNAUTHORIZED)
        to = given.get("redirect_uri", "")
        if not client.takes(to):  # never sent back there: whoever has the page would get the code
            return _stop("redirect_uri_mismatch", "The redirect URI is not one of this client's.")
        scopes = tuple(dict.fromkeys(given.get("scope", "").split()))
        if given.get("response_type") != "code" or not scopes:
            return _stop("invalid_request", "Required parameter is missing: response_type or scope")
        if not all(map(known, scopes)):
            return _stop("invalid_scope", "Some requested scopes were invalid.")
        challenge = given.get("code_challenge")
        if challenge and given.get("code_challenge_method") != "S256":
            return _stop("invalid_request", "Code challenge method must be S256 here.")
        offline, consent = given.get("access_type") == "offline", "consent" in given.get("prompt", "").split()
        hint = given.get("login_hint", "")
        return Wish(client, to, scopes, given.get("state"), challenge, offline, consent, hint)

    def _decided(self, wish: Wish, decision: Decision) -> Answer:
        person = decision.person or wish.hint
        scopes = frozenset(wish.scopes) - decision.without
        if decision.denied or person not in self._world.people or not scopes:
            return self._back(wish, {"error": "access_denied"})
        before = bool(self._tokens.granted(person, wish.client.id).refresh)
        # A second refresh token is given out only to who asks the person again.
        refresh = wish.offline and (wish.consent or not before)
        code = f"4/0{secrets.token_urlsafe(32)}"
        until = self._world.clock.now() + CODE_LIFE
        self._codes[code] = Code(wish, person, scopes, refresh, until)
        return self._back(wish, {"code": code, "scope": " ".join(sorted(scopes))})

    def _back(self, wish: Wish, told: Mapping[str, str]) -> Answer:
        state = {} if wish.state is None else {"state": wish.state}
        joint = "&" if urlsplit(wish.redirect_uri).query else "?"
        return redirect(wish.redirect_uri + joint + urlencode({**state, "iss": self.issuer, **told}))


def _stop(reason: str, words: str, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    return page(_FRAME.format(f"<h1>Access blocked</h1><p>{escape(words)}</p><p>Error: {reason}</p>"), status)


def _page(wish: Wish, name: str, people: list[str]) -> str:
    first = next(iter(people), "")
    persons = "".join(
        f'<p><label><input type="radio" name="person" value="{escape(one)}"'
        f"{' checked' if one == (wish.hint or first) else ''}> {escape(one)}</label></p>"
        for one in people
    )
    scopes = "".join(
        f'<p><label><input type="checkbox" name="scope" value="{escape(one)}" checked> '
        f"{escape(WORDS[one.removeprefix(PREFIX)])}</label></p>"
        for one in wish.scopes
        if one not in IDENTITY
    )
    return _FRAME.format(
        f"<h1>{escape(wish.client.name)} wants access to a Google account</h1>"
        f'<p>This is not Google, but a stand-in on this computer.</p><form method="post" action="{DECISION}">'
        f'<input type="hidden" name="request" value="{name}"><h2>Who are you?</h2>{persons}'
        f"<h2>What may it do?</h2>{scopes}"
        '<p><button name="decision" value="allow">Continue</button> '
        '<button name="decision" value="cancel">Cancel</button></p></form>'
    )


_FRAME = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A stand-in for Google</title>'
    "<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}}</style>"
    "</head><body>{}</body></html>"
)
