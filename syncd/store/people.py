"""The people whom the school knows."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sqlalchemy import bindparam, insert, select

from syncd.store.errors import Taken, Unknown
from syncd.store.link import AnyRow, Link
from syncd.store.rows import Person, PersonId, Role
from syncd.store.tables import people

_ADD = insert(people).returning(people.c.id)
_GET = select(people).where(people.c.id == bindparam("this"))
_BY_EMAIL = select(people).where(people.c.email == bindparam("address"))
_ALL = select(people).order_by(people.c.email)


class PersonFields(TypedDict, total=False):
    """What can be changed of a person."""

    email: str
    name: str
    role: Role
    zone: str
    weekly: str | None


class People:
    """People, by id and by e-mail address; addresses are kept in lower case."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, email: str, name: str, role: Role, zone: str, weekly: str | None = None) -> Person:
        """Enter a person.

        :raises Taken: if the address is in use.
        """
        values = {
            "email": email.strip().lower(),
            "name": name,
            "role": role,
            "zone": zone,
            "weekly": weekly,
            "created_at": self._link.now,
        }
        try:
            with self._link.attempt():
                made = self._link.value(_ADD, values)
        except Taken:
            raise Taken(f"{values['email']} is known already") from None
        return self.get(PersonId(made))

    def get(self, id: PersonId) -> Person:  # noqa: A002
        """Return the person with this id.

        :raises Unknown: if there is none.
        """
        for row in self._link.kept(_GET, {"this": id}, people):
            return _person(row)
        raise Unknown(f"there is no person {id}")

    def by_email(self, email: str) -> Person | None:
        """Return the person with this address, however it is written."""
        row = self._link.row(_BY_EMAIL, {"address": email.strip().lower()})
        return None if row is None else _person(row)

    def all(self) -> tuple[Person, ...]:
        """Return everybody, by address."""
        return tuple(_person(row) for row in self._link.rows(_ALL, {}))

    def change(self, id: PersonId, **fields: Unpack[PersonFields]) -> Person:  # noqa: A002
        """Change what is named in *fields*; nothing is written if it is so already.

        :raises Taken: if the new address is in use.
        :raises Unknown: if there is no such person.
        """
        values = dict(fields)
        if "email" in fields:
            values["email"] = fields["email"].strip().lower()
        try:
            with self._link.attempt():
                self._link.change(people, {"id": id}, values)
        except Taken:
            raise Taken(f"{values['email']} is known already") from None
        return self.get(id)


def _person(row: AnyRow) -> Person:
    return Person(
        id=PersonId(row.id),
        email=row.email,
        name=row.name,
        role=Role(row.role),
        zone=row.zone,
        weekly=row.weekly,
        created_at=row.created_at,
    )
