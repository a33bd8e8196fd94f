"""What ``syncd check`` looks at for Google: the school's client, its service account, and each person's grant."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from providers.errors import AccessLost, Loss, ProviderError
from providers.oauth import Answer, Grant, ask, grant_in
from providers.transport import origin, session
from syncd.cli.checks import Check, Level, Looked, halves
from syncd.errors import Misconfigured
from syncd.house import GOOGLE, identity
from syncd.oauth.consent import missing, short
from syncd.oauth.files import GUIDE, client_of, is_used, open_to_others, rules_of, service_key_of
from syncd.oauth.loopback import on_this_computer
from syncd.store.rows import Health

if TYPE_CHECKING:
    import requests

    from providers.oauth import Client
    from syncd.config import Config
    from syncd.house import House
    from syncd.store.rows import Account, Person

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TESTING = (timedelta(days=6, hours=12), timedelta(days=8))
"""After this long Google ends what people permitted to an app that is still in Testing: after seven days."""


def files(config: Config) -> Looked:
    """Look whether the client of the school, and its service account, can be used as IT has set them."""
    if not is_used(config):
        return
    google = config.google
    if google.client_id or google.client_secret_file:
        try:
            found = client_of(config)
        except Misconfigured as wrong:
            yield Check("google client", Level.FAIL, *halves(wrong.sentence))
        else:
            yield from _readable("google client", google.client_secret_file, found.client.id)
            if found.web:
                yield _redirects(config, found.redirects)
    if google.service_account_file:
        try:
            key = service_key_of(config)
        except Misconfigured as wrong:
            yield Check("google service account", Level.FAIL, *halves(wrong.sentence))
        else:
            yield from _readable("google service account", google.service_account_file, key.email)
    yield _calls(config)


def _calls(config: Config) -> Check:
    """Tell whether Google calls us when something changes, and if not, why."""
    from syncd.push import address_of, why_off

    why = why_off(config)
    if why is None:
        return Check("google push", Level.OK, f"Google calls {address_of(config)}")
    said = f"off: {why}; calendars are looked at every so often, as ever"
    if not config.google.push:
        return Check("google push", Level.OK, said)
    remedy = "set school.public_url to the https address at which the world reaches web.listen"
    return Check("google push", Level.WARN, said, remedy)


def _readable(name: str, file: Path | None, says: str) -> Looked:
    if file is not None and open_to_others(file):
        yield Check(name, Level.WARN, f"{says}: others can read {file}", f"type: chmod 600 {file}")
    else:
        yield Check(name, Level.OK, says)


def _redirects(config: Config, known: tuple[str, ...]) -> Check:
    """Tell where Google sends people back to, as far as the file of a client for web pages says."""
    public = config.school.public_url
    here, there = on_this_computer(known), [one for one in known if public and one.startswith(f"{public}/")]
    said = ", ".join(known) or "no address"
    if public and not there:
        return Check(
            "google redirect",
            Level.WARN,
            f"people are sent back to {said}, and none of that is at {public}",
            f"add the address of the pages to the client in Google's console, and load its file down anew: {GUIDE}",
        )
    if here is None and not there:
        remedy = "add http://127.0.0.1:8765/ to the client in Google's console, and load its file down anew"
        return Check(
            "google redirect", Level.WARN, f"people are sent back to {said}: nobody hears it", remedy
        )
    return Check("google redirect", Level.OK, f"people are sent back to {said}")


def endpoints(config: Config) -> Looked:
    """Look whether Google answers at the addresses that are set, and knows the school's client."""
    if not is_used(config):
        return
    with session(rules_of(config)) as http:
        for name in ("api_endpoint", "token_uri", "revoke_uri"):
            address = str(getattr(config.google, name))
            try:
                http.get(address, allow_redirects=False)
            except ProviderError as error:
                yield Check(f"google {name}", Level.FAIL, str(error), f"see to the way out, or google.{name}")
            else:
                yield _answers(name, address)
        with suppress(Misconfigured, ProviderError):  # what is wrong was said before
            yield from _accepted(config, http, client_of(config).client)


def _answers(name: str, address: str) -> Check:
    scheme, host, _ = origin(address)
    if scheme == "https" or host in _LOOPBACK:
        return Check(f"google {name}", Level.OK, f"{address} answers")
    said = f"{address} answers, but without encryption: everybody on the way can read the tokens"
    return Check(f"google {name}", Level.WARN, said, f"set google.{name} to an https address")


def _accepted(config: Config, http: requests.Session, client: Client) -> Looked:
    """Ask with a refresh token that is none: Google looks at the client first."""
    fields = {"grant_type": "refresh_token", "refresh_token": "none", "client_id": client.id}
    said = ask(http, config.google.token_uri, {**fields, "client_secret": client.secret})
    if isinstance(said, Answer) or said.error == "invalid_grant":
        yield Check("google secret", Level.OK, "Google knows the client by its secret")
        return
    yield Check(
        "google secret",
        Level.FAIL,
        f"Google does not accept the client ({said.error})",
        "load its file down from Google's console anew, and name it as google.client_secret_file",
    )


def lets_in(house: House, account: Account, person: Person) -> Looked:
    """Look whether Google lets us into one account, and to all that we need."""
    from syncd.oauth.connecting import door

    name, again = f"account of {person.email}", f"syncd connect {GOOGLE} {person.email}"
    secret = house.vault.open(account.grant, identity(account.id, person.id)).decode()
    try:
        lacking = missing(door(house).renew(account, secret))
        with house.calling(account, person) as provider:
            count = sum(entry.events for entry in provider.calendars())
    except ProviderError as error:
        yield Check(name, Level.FAIL, *_trouble(house, account, secret, error, again))
        return
    if lacking:
        said = f"{account.username}: not permitted: {', '.join(map(short, lacking))}"
        yield Check(name, Level.FAIL, said, f"{again}, and leave every box ticked")
        return
    yield Check(name, Level.OK, f"{account.username}: {count} calendars")


def _trouble(
    house: House, account: Account, secret: str, error: ProviderError, again: str
) -> tuple[str, str]:
    """Return what is wrong with an account, and what to do about it."""
    said, remedy = halves(f"{account.username}: {error}")
    if not (isinstance(error, AccessLost) and error.loss is Loss.CREDENTIALS):
        return said, remedy or "see to it, or wait"
    if not _is_personal(secret):
        return said, remedy or f"see to it in the Admin console: {GUIDE}"
    since = _connected_at(house, account)
    lost = house.clock.now() if account.health is Health.OK else account.health_since
    if since is not None and _TESTING[0] <= lost - since <= _TESTING[1]:
        remedy = f"publish the app on its consent screen ({GUIDE}), then: {again}"
        return f"{said}; it lasted for seven days, as with every app that is still in Testing", remedy
    return said, again


def _is_personal(secret: str) -> bool:
    try:
        return isinstance(grant_in(secret), Grant)
    except ValueError:
        return True


def _connected_at(house: House, account: Account) -> datetime | None:
    """Return when the account was last connected, by hand."""
    with house.db.read() as tx:
        acts = [
            row for row in tx.audit.all() if row.act == "connect" and row.body.get("account") == account.id
        ]
    return acts[-1].at if acts else None
