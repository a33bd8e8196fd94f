"""A Google account from the consent to its end: kept sealed, looked at, renewed, lost once, taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from providers.errors import AccessLost, ProviderError, Unavailable, Unsupported
from providers.oauth import Delegation, Grant, grant_in
from syncd import accounts
from syncd.config import read
from syncd.demo.google import Fault, broken, refusing
from syncd.demo.google.answers import saying
from syncd.errors import Misconfigured, Usage
from syncd.house import GOOGLE, House, identity
from syncd.oauth.connecting import connect, take_back
from syncd.oauth.shelf import Stored
from syncd.store.rows import Account, Health, Person
from syncd.sync import sync_now
from syncd.vault import Vault
from syncd.wiring import open_house, refit
from tests.syncd.google.ground import AMINA, MO, Ground, account_of, ground, joined, permit, person

HOUR = timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Ground]:
    with ground(tmp_path) as one:
        yield one


@pytest.fixture
def house(place: Ground) -> Iterator[House]:
    with place.house() as one:
        yield one


def grant_of(house: House, account: Account) -> Grant:
    secret = house.vault.open(account.grant, identity(account.id, account.person_id)).decode()
    found = grant_in(secret)
    assert isinstance(found, Grant)
    return found


def turn(house: House, someone: Person) -> int:
    """Do one turn of the account, and return how many calendars it has."""
    with house.calling(account_of(house, someone), someone) as provider:
        return len(provider.calendars())


def feed(house: House) -> list[str]:
    with house.db.read() as tx:
        return [row.kind for row in tx.feed.after(0, 1000)]


# --- connecting ------------------------------------------------------------------------


def test_what_is_connected_is_kept_sealed_and_looked_at(place: Ground, house: House) -> None:
    someone = person(house)
    done = joined(house, place, someone)
    account = account_of(house, someone)
    assert (done.address, account.username, account.provider) == (AMINA, AMINA, GOOGLE)
    assert account.url == place.google.api_endpoint
    assert done.connected.sessions.id == AMINA
    grant = grant_of(house, account)
    assert grant.previous is None
    dump = b"".join(file.read_bytes() for file in place.folder.glob("syncd.db*"))
    assert grant.refresh_token.encode() not in dump
    sync_now(house)
    assert account_of(house, someone).health is Health.OK
    assert place.token_requests() == 2, "the code, and then one refresh: the first token is gone"


def test_an_account_has_the_address_of_its_primary_calendar(place: Ground, house: House) -> None:
    someone = person(house)
    given = permit(house, place, MO)
    done = connect(house, someone, given.grant, given.first, [], None)
    assert done.address == MO
    assert account_of(house, someone).username == MO


def test_connected_anew_it_is_the_same_account_with_the_new_grant(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    first = account_of(house, someone)
    assert turn(house, someone) == 1
    joined(house, place, someone)
    second = account_of(house, someone)
    assert second.id == first.id
    assert grant_of(house, second) != grant_of(house, first)
    place.google.forget_requests()
    place.google.tokens.expire()
    assert turn(house, someone) == 1
    assert place.token_requests() == 1, "by the new grant, at once"


@pytest.mark.parametrize("path", ["/calendarList", "/events$", "/freeBusy"])
def test_nothing_is_kept_unless_everything_was_read(place: Ground, house: House, path: str) -> None:
    someone = person(house)
    given = permit(house, place)
    place.google.faults.plan(refusing(403, "forbidden"), "", path, times=9)
    with pytest.raises(ProviderError):
        connect(house, someone, given.grant, given.first, [], None)
    with house.db.read() as tx:
        assert tx.accounts.of(someone.id) == ()


def test_calendars_are_chosen_by_their_ids(place: Ground, house: House) -> None:
    someone = person(house)
    work = place.google.hand(AMINA).make_calendar("Work")
    place.google.hand(AMINA).make_calendar("Choir")
    given = permit(house, place)
    done = connect(house, someone, given.grant, given.first, [AMINA, work], work)
    assert [entry.id for entry in done.connected.busy] == [AMINA, work]
    assert done.connected.sessions.id == work
    assert [entry.name for entry in done.connected.others] == ["Choir"]
    with pytest.raises(Usage, match="there is no calendar 'Chess'"):
        connect(house, someone, given.grant, None, [], "Chess")


def test_a_token_that_was_replaced_while_it_was_connected_is_the_one_that_is_kept(
    place: Ground, house: House
) -> None:
    someone = person(house)
    given = permit(house, place)
    place.google.manners.rotation = "kills"
    place.google.tokens.expire()
    connect(house, someone, given.grant, given.first, [], None)
    kept = grant_of(house, account_of(house, someone))
    assert kept.previous == given.grant.refresh_token
    place.google.manners.rotation = "never"
    assert turn(house, someone) == 1


def test_a_grant_that_opens_no_calendar_is_no_account(place: Ground, house: House) -> None:
    someone = person(house)
    given = permit(house, place)
    place.google.revoke(AMINA)
    with pytest.raises(AccessLost):
        connect(house, someone, given.grant, given.first, [], None)
    with house.db.read() as tx:
        assert tx.accounts.of(someone.id) == ()


def test_an_account_without_a_primary_calendar_is_refused(place: Ground, house: House) -> None:
    someone = person(house)
    given = permit(house, place)
    place.google.faults.plan(
        Fault(saying({"kind": "calendar#calendarList", "items": []})), "GET", "/calendarList"
    )
    with pytest.raises(Unsupported, match="no calendar of its own"):
        connect(house, someone, given.grant, given.first, [], None)


# --- tokens in the house -----------------------------------------------------------------


def test_an_hour_of_rounds_is_one_refresh(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.google.forget_requests()
    for _ in range(10):
        sync_now(house)
        place.clock.sleep(timedelta(minutes=5))
    assert place.token_requests() == 1
    place.clock.sleep(HOUR)
    sync_now(house)
    assert place.token_requests() == 2


def test_eight_turns_at_once_are_one_refresh(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.google.forget_requests()
    ready, counts = threading.Barrier(8), []

    def one() -> None:
        ready.wait()
        counts.append(turn(house, someone))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 8
    assert place.token_requests() == 1


def test_opening_an_account_asks_nobody_and_touches_no_database(place: Ground, house: House) -> None:
    """It is opened inside a writing transaction, too, to learn where an event will stand."""
    someone = person(house)
    joined(house, place, someone)
    place.google.forget_requests()
    account = account_of(house, someone)
    with house.db.write(), house.calling(account, someone):
        pass
    assert place.google.asked == ()


def test_a_replaced_token_is_kept_in_the_database_and_the_next_process_goes_on(place: Ground) -> None:
    place.google.manners.rotation = "keeps"
    with place.house() as first:
        someone = person(first)
        joined(first, place, someone)
        old = grant_of(first, account_of(first, someone))
        turn(first, someone)
        kept = grant_of(first, account_of(first, someone))
        assert kept.previous == old.refresh_token
    place.google.manners.rotation = "never"  # killed right after it was kept
    with place.house() as second:
        assert turn(second, someone) == 1
        assert grant_of(second, account_of(second, someone)) == Grant(kept.refresh_token, kept.scopes)


def test_two_processes_that_renew_in_turn_lose_nothing(place: Ground) -> None:
    place.google.manners.rotation = "kills"
    with place.house() as daemon, place.house() as command:
        someone = person(daemon)
        joined(daemon, place, someone)
        for house in (daemon, command, daemon, daemon, command):
            place.google.tokens.expire()
            assert turn(house, someone) == 1
        sync_now(command)
        assert account_of(daemon, someone).health is Health.OK


def test_a_stale_row_makes_nobody_lose_the_account(place: Ground) -> None:
    """A run read its account before another process renewed it."""
    place.google.manners.rotation = "kills"
    with place.house() as daemon, place.house() as command:
        someone = person(daemon)
        joined(daemon, place, someone)
        stale = account_of(daemon, someone)
        assert turn(command, someone) == 1
        with daemon.calling(stale, someone) as provider:
            assert len(provider.calendars()) == 1


def test_a_configuration_that_was_read_again_has_tokens_of_its_own(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    turn(house, someone)
    again = refit(house, read(place.file))
    assert again.google is not house.google
    assert turn(again, someone) == 1


def test_a_lost_file_of_the_client_stops_google_alone_until_it_is_back(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    text = place.folder.joinpath("client.json").read_text()
    place.folder.joinpath("client.json").unlink()
    with pytest.raises(Unavailable, match=r"config\.toml:2: google\.client_secret_file: .*no such file"):
        turn(house, someone)
    open_house(read(place.file), place.clock).db.close()
    place.folder.joinpath("client.json").write_text(text)
    assert turn(house, someone) == 1


def test_another_account_in_its_place_does_not_open(place: Ground, house: House) -> None:
    """The shelf is bound to its row, like every sealed grant."""
    someone, other = person(house), person(house, MO)
    joined(house, place, someone)
    joined(house, place, other)
    mine, theirs = account_of(house, someone), account_of(house, other)
    with house.db.write() as tx:
        tx.accounts.put_grant(mine.id, theirs.grant)
    assert Stored(house.db, house.vault, mine).look() is None
    assert not Stored(house.db, house.vault, mine).replace("x", "y")
    assert Stored(house.db, house.vault, theirs).look() is not None


def test_the_shelf_of_a_disconnected_account_is_empty_and_stays_so(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    account = account_of(house, someone)
    shelf = Stored(house.db, house.vault, account)
    old = shelf.look()
    accounts.disconnect(house, someone)
    assert shelf.look() is None
    assert not shelf.replace(old or "", "new")


# --- loss ------------------------------------------------------------------------------


def test_a_grant_that_was_taken_back_is_lost_once_and_google_is_left_alone(
    place: Ground, house: House
) -> None:
    someone = person(house)
    joined(house, place, someone)
    sync_now(house)
    place.google.revoke(AMINA)
    place.clock.sleep(HOUR)
    place.google.forget_requests()
    for _ in range(60):
        sync_now(house)
        place.clock.sleep(timedelta(minutes=20))
    account = account_of(house, someone)
    assert (account.health, account.cause) == (Health.LOST, "credentials")
    assert feed(house).count("account.lost") == 1
    assert place.token_requests() == 1
    assert len(place.google.asked) == 1, "and nothing else is asked either"
    with house.db.read() as tx:
        assert len(tx.incidents.open("calendar")) == 1


def test_connected_anew_it_is_well_again(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.google.revoke(AMINA)
    sync_now(house)
    assert account_of(house, someone).health is Health.LOST
    joined(house, place, someone)
    place.clock.sleep(timedelta(minutes=10))
    sync_now(house)
    assert account_of(house, someone).health is Health.OK
    with house.db.read() as tx:
        assert not tx.incidents.open("calendar")


def test_a_token_endpoint_that_is_down_is_a_server_that_is_down(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.google.faults.plan(broken(503), "POST", "/token", times=20)
    sync_now(house)
    account = account_of(house, someone)
    assert (account.health, account.cause) == (Health.FAILING, "Unavailable")
    place.google.faults.clear()
    place.clock.sleep(timedelta(minutes=10))
    sync_now(house)
    assert account_of(house, someone).health is Health.OK


# --- delegation ------------------------------------------------------------------------


def test_a_delegated_account_is_connected_without_asking_anybody(place: Ground) -> None:
    place.delegate()
    place.configure('service_account_file = "robot.json"')
    with place.house() as house:
        someone = person(house)
        done = connect(house, someone, Delegation(AMINA), None, [], None)
        assert done.address == AMINA
        sync_now(house)
        assert account_of(house, someone).health is Health.OK
        assert take_back(house, someone) == ()
        assert place.google.count("POST", "/revoke") == 0, "the delegation is for everybody"


def test_a_delegation_that_is_missing_keeps_nothing(place: Ground) -> None:
    place.delegate(("calendar.freebusy",))
    place.configure('service_account_file = "robot.json"')
    with place.house() as house:
        someone = person(house)
        with pytest.raises(AccessLost, match="has not delegated this domain"):
            connect(house, someone, Delegation(AMINA), None, [], None)
        with house.db.read() as tx:
            assert tx.accounts.of(someone.id) == ()


# --- the end -----------------------------------------------------------------------------


def test_what_was_permitted_is_taken_back_at_google(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    assert take_back(house, someone) == ()
    assert place.google.count("POST", "/revoke") == 1
    with pytest.raises(AccessLost):
        turn(house, someone)
    assert take_back(house, someone) == (), "what is not valid any more is taken back"


def test_both_refresh_tokens_are_taken_back(place: Ground, house: House) -> None:
    place.google.manners.rotation = "keeps"
    someone = person(house)
    joined(house, place, someone)
    turn(house, someone)
    assert grant_of(house, account_of(house, someone)).previous is not None
    assert take_back(house, someone) == ()
    assert place.google.count("POST", "/revoke") == 2


def test_what_cannot_be_taken_back_is_told(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.google.faults.plan(broken(503), "POST", "/revoke")
    (said,) = take_back(house, someone)
    assert said.startswith(f"{AMINA}: Google did not take the permission back")
    assert "https://myaccount.google.com/permissions" in said
    assert accounts.disconnect(house, someone) == 1


def test_what_cannot_be_opened_is_told(place: Ground, house: House) -> None:
    someone = person(house)
    joined(house, place, someone)
    place.folder.joinpath("other").mkdir()
    strange = replace(house, vault=Vault.create(place.folder / "other" / "key"))
    (said,) = take_back(strange, someone)
    assert "cannot be read" in said


def test_an_account_that_somebody_else_uses_as_well_is_not_taken_back(place: Ground, house: House) -> None:
    someone, other = person(house), person(house, MO)
    joined(house, place, someone)
    given = permit(house, place, AMINA)
    connect(house, other, given.grant, given.first, [], None)
    assert take_back(house, someone) == ()
    assert place.google.count("POST", "/revoke") == 0
    accounts.disconnect(house, someone)
    assert turn(house, other) == 1
    take_back(house, other)
    assert place.google.count("POST", "/revoke") == 1


def test_a_house_without_google_says_so(place: Ground, house: House) -> None:
    someone = person(house)
    with pytest.raises(Misconfigured, match="without Google"):
        connect(replace(house, google=None), someone, Grant("x"), None, [], None)
