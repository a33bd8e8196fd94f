"""Passwords and tokens, sealed with AES-256-GCM under a ring of keys.

What is sealed is bound to the identity of the row that it belongs to and to the name of
its key: moved to another row, it does not open. New secrets are sealed with the first key
of the ring; the others stay for what was sealed before.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from syncd.errors import Misconfigured, Problem

if TYPE_CHECKING:
    from syncd.config import Config

CANARY_NAME = "canary"
"""The name under which the database keeps :meth:`Vault.fingerprint`."""

_FORM = b"\x01"
_NONCE = 12  # NIST SP 800-38D, 8.2: 96 bits
_KEY = 32
_LEAST = len(_FORM) + 1 + 1 + _NONCE + 16  # form, length and one letter of the key's name, nonce, tag
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CANARY = "syncd canary"
_OTHERS = 0o077


class Vault:
    """Seals and opens secrets; the keys never leave it."""

    __slots__ = ("_keys", "_where", "active")

    def __init__(self, keys: Mapping[str, bytes], where: str) -> None:
        """Take *keys* by name, the active one first."""
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._where = where
        self.active = next(iter(keys))
        """The name of the key that seals."""

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys from {self._where})"

    @classmethod
    def load(cls, config: Config) -> Self:
        """Return the vault of a configuration.

        :raises Misconfigured: if the key file is missing, open to others, or unreadable.
        """
        # systemd gives its credentials the rights that they need, by an ACL that looks like group rights.
        return cls.read(config.key_file, private=config.key_file == config.keys.file)

    @classmethod
    def read(cls, path: Path, *, private: bool = True) -> Self:
        """Return the vault whose keys are in *path*; *private* demands that only its owner can read it.

        :raises Misconfigured: if the key file is missing, open to others, or unreadable.
        """
        try:
            with path.open(encoding="ascii") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                text = file.read()
        except FileNotFoundError:
            raise Misconfigured(f"{path}: no key file; put it back, or for a new start: syncd init") from None
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{path}: the key file cannot be read: {error}") from None
        if private and mode & _OTHERS:
            raise Misconfigured(f"{path}: others can read the key ({mode:04o}); type: chmod 600 {path}")
        return cls(_ring(text, path), str(path))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new key to *path*, which only its owner can read, and return its vault.

        :raises Problem: if something stands there already, or it cannot be written.
        """
        key, name = token_bytes(_KEY), f"k{token_hex(4)}"
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            raise Problem(f"{path}: there is a key already; it is never overwritten") from None
        except OSError as error:
            raise Problem(f"{path}: the key cannot be written: {error.strerror}") from None
        with os.fdopen(file, "w", encoding="ascii") as opened:
            opened.write(f"{name}:{b64encode(key).decode()}\n")
            opened.flush()
            os.fsync(opened.fileno())
        return cls({name: key}, str(path))

    def seal(self, plaintext: bytes, identity: str) -> bytes:
        """Return *plaintext* so that only this vault opens it, and only for *identity*."""
        nonce = token_bytes(_NONCE)
        name = self.active.encode()
        sealed = self._keys[self.active].encrypt(nonce, plaintext, _bound(self.active, identity))
        return b"".join((_FORM, bytes((len(name),)), name, nonce, sealed))

    def open(self, sealed: bytes, identity: str) -> bytes:
        """Return what was sealed for *identity*.

        :raises Problem: if it was sealed with a key that is not here, for another identity, or damaged.
        """
        name, nonce, rest = self._parts(sealed, identity)
        if (key := self._keys.get(name)) is None:
            raise Problem(
                f"the secret of {identity} was sealed with the key {name}, which is not in {self._where}; "
                "put that line back, or connect the account again"
            )
        try:
            return key.decrypt(nonce, rest, _bound(name, identity))
        except InvalidTag:
            raise Problem(
                f"the secret of {identity} does not open with the key {name} of {self._where}: it was damaged, "
                "moved, or sealed with another key of that name; connect the account again"
            ) from None

    def sealed_with(self, sealed: bytes) -> str:
        """Return the name of the key that sealed this, so that a rotation finds what is left to do.

        :raises Problem: if it was not sealed by a vault.
        """
        return self._parts(sealed, "this row")[0]

    def fingerprint(self) -> str:
        """Return a text to be kept with the data: :meth:`verifies` tells by it whether the key is the right one."""
        return b64encode(self.seal(_CANARY.encode(), _CANARY)).decode()

    def verifies(self, canary: str | bytes) -> bool:
        """Tell whether *canary* was made by this ring of keys."""
        try:
            return self.open(b64decode(canary, validate=True), _CANARY) == _CANARY.encode()
        except (Problem, NotBase64, ValueError):
            return False

    def _parts(self, sealed: bytes, identity: str) -> tuple[str, bytes, bytes]:
        if len(sealed) < _LEAST or not sealed.startswith(_FORM):
            raise Problem(
                f"the secret of {identity} was not sealed by this program; connect the account again"
            )
        start = 2 + sealed[1]
        name = sealed[2:start].decode("ascii", "replace")
        return name, sealed[start : start + _NONCE].ljust(_NONCE), sealed[start + _NONCE :]


def _bound(key: str, identity: str) -> bytes:
    return b"\0".join((b"syncd", key.encode(), identity.encode()))


def _ring(text: str, path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, key = line.strip().partition(":")
        if _NAME.fullmatch(name) is None or name in keys or (plain := _plain(key)) is None:
            # The line holds a key: it is not repeated.
            raise Misconfigured(
                f"{path}:{number}: not a key; each line is a name of its own, a colon, 32 bytes in base64"
            )
        keys[name] = plain
    if not keys:
        raise Misconfigured(
            f"{path}: no key in it; put the key back, or for a new start remove it and: syncd init"
        )
    return keys


def _plain(key: str) -> bytes | None:
    try:
        plain = b64decode(key, validate=True)
    except (NotBase64, ValueError):
        return None
    return plain if len(plain) == _KEY else None
