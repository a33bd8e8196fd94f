"""The school's client at Google and its service account, as the files say that Google's console gives."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from providers.guard import place
from providers.oauth import Client, ServiceKey
from providers.transport import TransportRules, origin
from syncd.config import Config, place_of
from syncd.errors import Misconfigured

GUIDE = "docs/google.md"
"""Where IT reads how to set up Google."""
_LONGEST = 64 * 1024
_SECRET = re.compile(r"[\x21-\x7e]{1,200}")
_CLIENT, _ROBOT = "client_secret_file", "service_account_file"
_SHAPES = ("installed", "web")
_ASKED = ("api_endpoint", "token_uri", "revoke_uri")
"""The addresses that we ask ourselves; ``auth_uri`` is the browser's."""
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Registered:
    """The school's client, as it was registered at Google."""

    client: Client
    web: bool = False
    """It is for web pages: only the addresses that were registered are sent back to."""
    redirects: tuple[str, ...] = ()
    """Those addresses, as far as the file names them."""


def is_used(config: Config) -> bool:
    """Tell whether the configuration speaks of Google at all."""
    google = config.google
    return any((google.client_id, google.client_secret_file, google.service_account_file))


def client_of(config: Config) -> Registered:
    """Return the school's client.

    :raises Misconfigured: if there is none, or its file cannot be used.
    """
    file, named = config.google.client_secret_file, config.google.client_id
    if file is None:
        raise Misconfigured(
            f"{_at(config, _CLIENT)} is not set; make a client in Google's console and name the file that it gives:"
            f" {GUIDE}"
        )
    text = _read(file, config, _CLIENT)
    if not text.lstrip().startswith("{"):
        return Registered(_bare(text, named, file, config))
    found = _registered(_json(text, file), file)
    if named not in {None, found.client.id}:
        raise Misconfigured(
            f"{_at(config, _CLIENT)}: {file} is about another client than google.client_id; correct either of the two"
        )
    return found


def service_key_of(config: Config) -> ServiceKey:
    """Return the key of the service account.

    :raises Misconfigured: if there is none, or its file cannot be used.
    """
    file = config.google.service_account_file
    if file is None:
        raise Misconfigured(
            f"{_at(config, _ROBOT)} is not set; make a service account with domain-wide delegation and name the file"
            f" of its key: {GUIDE}"
        )
    match _json(_read(file, config, _ROBOT), file):
        case {"type": "service_account", "client_email": str(email), "private_key": str(key), **rest} if (
            _signs(key)
        ):
            number, key_id = rest.get("client_id"), rest.get("private_key_id")
            return ServiceKey(email, str(number or email), key, str(key_id) if key_id else None)
    raise Misconfigured(f"{file}: not the key of a service account; load one down from Google's console")


def rules_of(config: Config) -> TransportRules:
    """Return what a session with Google may reach; an address that IT has changed may be anywhere."""
    usual = type(config.google).model_fields
    changed = [
        address
        for name in _ASKED
        if (address := str(getattr(config.google, name))) != str(usual[name].default)
    ]
    return TransportRules(
        ca_file=config.caldav.ca_file,
        read_timeout=config.limits.silence,
        timeout=config.limits.request,
        max_body=config.limits.answer,
        allow=frozenset(place(host, port) for _, host, port in map(origin, changed)),
    )


def open_to_others(file: Path) -> bool:
    """Tell whether others than its owner can read *file*."""
    # systemd gives its credentials the rights that they need, by an ACL that looks like group rights.
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and file.is_relative_to(folder):
        return False
    try:
        return bool(file.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _at(config: Config, key: str) -> str:
    return f"{place_of(config, 'google', key)}: google.{key}"


def _read(file: Path, config: Config, key: str) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_LONGEST)
    except FileNotFoundError:
        wrong = "no such file; put there what Google's console gives"
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}; see to its owner and mode"
    except UnicodeDecodeError:
        wrong = "not text; load it down from Google's console anew"
    raise Misconfigured(f"{_at(config, key)}: {file}: {wrong}")


def _signs(key: str) -> bool:
    """Tell whether a service account can sign with *key*."""
    try:
        return isinstance(load_pem_private_key(key.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # a key with a password is a TypeError
        return False


def _json(text: str, file: Path) -> Mapping[str, Any]:
    # What is wrong in it is told by its place: the file holds a secret.
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Misconfigured(
            f"{file}:{error.lineno}: not JSON; load it down from Google's console anew"
        ) from None
    except (ValueError, RecursionError):
        raise Misconfigured(f"{file}: not JSON; load it down from Google's console anew") from None
    return found if isinstance(found, dict) else {}


def _bare(text: str, named: str | None, file: Path, config: Config) -> Client:
    secret = text.strip()
    if not _SECRET.fullmatch(secret):
        raise Misconfigured(
            f"{file}: neither the JSON that Google's console gives nor a secret alone; load it down anew"
        )
    if named is None:
        raise Misconfigured(
            f"{_at(config, _CLIENT)}: {file} holds a secret alone, and google.client_id is not set; set it to the"
            " client's id"
        )
    return Client(named, secret)


def _registered(tree: Mapping[str, Any], file: Path) -> Registered:
    for shape in _SHAPES:
        match tree.get(shape):
            case {"client_id": str(name), "client_secret": str(secret), **rest} if _SECRET.fullmatch(secret):
                redirects = rest.get("redirect_uris")
                known = tuple(map(str, redirects)) if isinstance(redirects, list) else ()
                return Registered(Client(name, secret), shape == "web", known)
    if tree.get("type") == "service_account":
        raise Misconfigured(
            f"{file}: this is the key of a service account; name it as google.service_account_file"
        )
    raise Misconfigured(
        f"{file}: no client of Google's with an id and a secret; load it down from the console anew"
    )
