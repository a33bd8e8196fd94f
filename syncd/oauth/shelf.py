"""Where the grant of an account lies: sealed in the store, or in the hand while it is being connected."""

from __future__ import annotations

from syncd.errors import Problem
from syncd.house import identity
from syncd.store.database import Database
from syncd.store.rows import Account, AccountId
from syncd.vault import Vault


class Stored:
    """The shelf of one connected account."""

    def __init__(self, db: Database, vault: Vault, account: Account) -> None:
        self._db, self._vault = db, vault
        self._id: AccountId = account.id
        self._identity = identity(account.id, account.person_id)

    def look(self) -> str | None:
        """Return the grant that lies there now; ``None`` if the account was disconnected, or its key is gone.

        :raises StoreError: if the database cannot be used.
        """
        with self._db.read() as tx:
            return self._open(tx.accounts.get(self._id).grant)

    def replace(self, old: str, new: str) -> bool:
        """Put *new* in the place of *old*; do nothing and return false if something else lies there.

        :raises StoreError: if the database cannot be used.
        """
        with self._db.write() as tx:
            lies = tx.accounts.get(self._id).grant
            if self._open(lies) != old:
                return False  # it was connected anew, or disconnected: that counts
            return tx.accounts.swap_grant(self._id, lies, self._vault.seal(new.encode(), self._identity))

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._vault.open(sealed, self._identity).decode() if sealed else None
        except Problem:
            return None


class Held:
    """The shelf of an account that is being connected."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def look(self) -> str:
        """Return the grant as it is now."""
        return self._secret

    def replace(self, old: str, new: str) -> bool:
        """Put *new* in the place of *old*; do nothing and return false if something else lies there."""
        if self._secret != old:
            return False
        self._secret = new
        return True
