"""From a grant to a connected account, and back: what was permitted is taken back before it is erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from providers.errors import ProviderError
from providers.oauth import Answer, Delegation, Grant, grant_in, revoke, text_of
from providers.transport import session
from syncd import accounts, push
from syncd.errors import Misconfigured, Problem
from syncd.house import GOOGLE, GoogleDoor, House, identity, owner
from syncd.oauth.files import rules_of
from syncd.store.rows import Account, Person

_BY_HAND = "its owner can take it back at https://myaccount.google.com/permissions"


@dataclass(frozen=True, slots=True)
class Joined:
    """A Google account as it was connected."""

    address: str
    """The address of its primary calendar: invitations come from it."""
    connected: accounts.Connected


def connect(
    house: House,
    person: Person,
    grant: Grant | Delegation,
    first: Answer | None,
    busy: Sequence[str],
    sessions: str | None,
) -> Joined:
    """Connect the account that *grant* is for, or connect it anew; nothing is kept unless all of it works.

    :raises ProviderError: if Google, the grant or a calendar is not what it should be.
    :raises Usage: if a calendar that was named is not there, or none is named and several could be meant.
    """
    secret = text_of(grant)
    found = door(house).enter(secret, owner(person), first)
    address = found.username or person.email
    login = accounts.Login(GOOGLE, found.url, address, secret)
    return Joined(address, accounts.connect(house, person, login, busy, sessions, found))


def door(house: House) -> GoogleDoor:
    """Return the door of Google accounts.

    :raises Misconfigured: if this house has none.
    """
    if house.google is None:
        raise Misconfigured("this program was put together without Google")
    return house.google


def take_back(house: House, person: Person) -> tuple[str, ...]:
    """Take back at Google what *person* has permitted; return a sentence for each that could not be."""
    with house.db.read() as tx:
        mine = [each for each in tx.accounts.of(person.id) if each.provider == GOOGLE]
        others = {
            each.username
            for each in tx.accounts.all()
            if each.provider == GOOGLE and each.person_id != person.id
        }
    for each in mine:
        push.end(house, each, person)  # while we are still let in
    # Google ends every permission that an account gave to the school, whichever of them is taken back.
    alone = [each for each in mine if each.username not in others]
    return tuple(sentence for each in alone for sentence in _take_back(house, each))


def _take_back(house: House, account: Account) -> Iterator[str]:
    try:
        secret = house.vault.open(account.grant, identity(account.id, account.person_id)).decode()
        grant = grant_in(secret)
    except (Problem, ValueError):
        yield f"{account.username}: what was permitted cannot be read, and is not taken back at Google; {_BY_HAND}"
        return
    if isinstance(grant, Delegation):
        return  # the administrator's, for everybody
    try:
        with session(rules_of(house.config)) as http:
            for token in dict.fromkeys((grant.refresh_token, grant.previous)):
                if token is not None:
                    revoke(http, house.config.google.revoke_uri, token)
    except ProviderError as error:
        yield f"{account.username}: Google did not take the permission back ({error}); {_BY_HAND}"
