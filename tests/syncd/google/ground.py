"""A school with Google: a fake of it on loopback, a clock that is moved, and a person who clicks through its pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from providers.transport import TransportRules, session
from syncd.clock import MovableClock
from syncd.config import Config, read
from syncd.demo.google import Client, GoogleFake
from syncd.house import House
from syncd.oauth import consent
from syncd.oauth.connecting import Joined, connect
from syncd.store.rows import Account, Person, Role
from syncd.vault import Vault
from syncd.wiring import open_house

AMINA, MO = "amina@school.example", "mo@school.example"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ROBOT = "robot@project.iam.example"
SOON = 30
"""A hang guard, nothing else."""


@dataclass
class Ground:
    """A folder with a configuration, and Google."""

    folder: Path
    clock: MovableClock
    google: GoogleFake
    client: Client

    @property
    def file(self) -> Path:
        return self.folder / "config.toml"

    def configure(self, more: str = "") -> Config:
        """Write the configuration, with *more* in its section for Google."""
        google = self.google
        self.file.write_text(
            f'[google]\nclient_secret_file = "client.json"\napi_endpoint = "{google.api_endpoint}"\n'
            f'auth_uri = "{google.auth_uri}"\ntoken_uri = "{google.token_uri}"\n'
            f'revoke_uri = "{google.revoke_uri}"\n{more}\n',
            encoding="utf-8",
        )
        return read(self.file)

    def download(self, shape: str = "installed") -> None:
        """Load the file of the client down from the console."""
        known = {"client_id": self.client.id, "client_secret": self.client.secret}
        if shape == "web":
            known["redirect_uris"] = sorted(self.client.redirects)  # type: ignore[assignment]
        self.folder.joinpath("client.json").write_text(json.dumps({shape: known}), encoding="utf-8")
        self.folder.joinpath("client.json").chmod(0o600)

    def delegate(self, scopes: tuple[str, ...] = tuple(consent.SCOPES)) -> None:
        """Make a service account, and let the administrator delegate to it."""
        key = rsa_key()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.google.delegate(ROBOT, public, scopes)
        known = {
            "type": "service_account",
            "client_email": ROBOT,
            "client_id": "1234567",
            "private_key": pem(key),
        }
        self.folder.joinpath("robot.json").write_text(json.dumps({**known, "private_key_id": "k"}), "utf-8")
        self.folder.joinpath("robot.json").chmod(0o600)

    def token_requests(self) -> int:
        return self.google.count("POST", "/token")

    def http(self) -> requests.Session:
        return session(TransportRules(allow=frozenset({urlsplit(self.google.url).netloc})))

    @contextmanager
    def house(self) -> Iterator[House]:
        one = open_house(read(self.file), self.clock)
        try:
            yield one
        finally:
            one.db.close()


_KEYS: list[RSAPrivateKey] = []


def rsa_key() -> RSAPrivateKey:
    """Return the one key of all tests: making one takes a while."""
    if not _KEYS:
        _KEYS.append(generate_private_key(65537, 2048))
    return _KEYS[0]


def pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@contextmanager
def ground(folder: Path, clock: MovableClock | None = None) -> Iterator[Ground]:
    """Open the ground, with a client that is known to Google and to the configuration."""
    time = clock or MovableClock(NOW)
    with GoogleFake(time, [AMINA, MO]) as google:
        one = Ground(folder, time, google, google.register(installed=True))
        one.download()
        config = one.configure()
        Vault.create(config.keys.file)
        yield one


def person(house: House, email: str = AMINA) -> Person:
    with house.db.write() as tx:
        return tx.people.add(email, email.partition("@")[0].title(), Role.STUDENT, "Europe/Berlin")


def permit(house: House, one: Ground, email: str = AMINA) -> consent.Consent:
    """Have *email* permit everything."""
    back = "http://127.0.0.1:9/"
    address, pending = consent.begin(house.config, back, house.clock.now(), hint=email)
    query = urlsplit(click(address)).query
    return consent.finish(house.config, pending, query, house.clock.now())


def joined(house: House, one: Ground, someone: Person, **choice: str) -> Joined:
    """Connect the Google account of *someone*."""
    given = permit(house, one, someone.email)
    return connect(house, someone, given.grant, given.first, [], choice.get("sessions"))


def account_of(house: House, someone: Person) -> Account:
    with house.db.read() as tx:
        (account,) = tx.accounts.of(someone.id)
    return account


def click(
    address: str, *, without: tuple[str, ...] = (), deny: bool = False, person: str | None = None
) -> str:
    """Go to Google's page like a browser, click, and return the address that it sends back to."""
    with requests.Session() as browser:
        shown = browser.get(address, allow_redirects=False, timeout=SOON)
        if "Location" in shown.headers:
            return shown.headers["Location"]
        assert shown.status_code == 200, shown.text
        action = re.search(r'action="([^"]+)"', shown.text)
        name = re.search(r'name="request" value="([^"]+)"', shown.text)
        assert action is not None, shown.text
        assert name is not None, shown.text
        asked = parse_qs(urlsplit(address).query)
        form = {
            "request": name[1],
            "person": person or asked.get("login_hint", [""])[0],
            "scope": [one for one in asked["scope"][0].split() if not one.endswith(without or ("-",))],
            "decision": "deny" if deny else "allow",
        }
        said = browser.post(urljoin(address, action[1]), data=form, allow_redirects=False, timeout=SOON)
        assert said.status_code in {302, 303}, said.text
        return said.headers["Location"]
