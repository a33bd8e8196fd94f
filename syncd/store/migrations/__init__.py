"""The history of the schema, for both databases; :mod:`syncd.store.schema` walks it."""

from __future__ import annotations

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision, oldest first: a database at any other was made by a newer syncd."""
