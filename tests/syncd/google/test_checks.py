"""What ``syncd check`` says of Google: one line each, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from providers.oauth import Delegation, Grant, text_of
from syncd.cli import google_checks
from syncd.cli.checks import Check, Level, look
from syncd.clock import MovableClock, SystemClock
from syncd.house import House, identity
from syncd.oauth.connecting import connect
from syncd.oauth.consent import SCOPES
from syncd.store.rows import Person
from syncd.sync import sync_now
from tests.syncd.google.ground import AMINA, Ground, account_of, ground, joined, person

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL
DAY = timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Ground]:
    with ground(tmp_path, MovableClock(SystemClock().now() - 30 * DAY)) as one:
        yield one


def today(place: Ground) -> None:
    place.clock.move(SystemClock().now())


def checks(place: Ground, *, offline: bool = False) -> dict[str, Check]:
    """Return what is said of Google and of accounts, by name."""
    found = list(look(place.file, offline=offline))
    assert not [one for one in found if one.level is not OK and not one.remedy]
    return {one.name: one for one in found if one.name.startswith(("google", "account"))}


def levels(found: dict[str, Check]) -> dict[str, Level]:
    return {name: one.level for name, one in found.items()}


def with_account(place: Ground) -> Person:
    with place.house() as house:
        someone = person(house)
        joined(house, place, someone)
    return someone


def test_a_school_without_google_is_told_nothing_of_it(place: Ground) -> None:
    place.file.write_text("", encoding="utf-8")
    assert checks(place) == {}


def test_what_is_well_is_one_line_each(place: Ground) -> None:
    with_account(place)
    place.delegate()
    place.configure('service_account_file = "robot.json"')
    today(place)
    found = checks(place)
    assert levels(found) == dict.fromkeys(
        (
            "google client", "google service account", "google api_endpoint", "google token_uri",
            "google revoke_uri", "google secret", "google push", f"account of {AMINA}",
        ),
        OK,
    )  # fmt: skip
    assert found["google client"].says == place.client.id
    assert found[f"account of {AMINA}"].says == f"{AMINA}: 1 calendars"
    for one in found.values():
        assert place.client.secret not in one.says + one.remedy


def test_offline_nobody_is_asked(place: Ground) -> None:
    with_account(place)
    place.google.forget_requests()
    assert levels(checks(place, offline=True)) == {"google client": OK, "google push": OK}
    assert place.google.asked == ()


def test_a_file_that_is_not_there_is_named_with_its_line(place: Ground) -> None:
    place.folder.joinpath("client.json").unlink()
    place.configure('service_account_file = "robot.json"')
    found = checks(place, offline=True)
    assert levels(found) == {"google client": FAIL, "google service account": FAIL, "google push": OK}
    assert found["google client"].says.startswith("config.toml:2: google.client_secret_file: ")
    assert found["google service account"].says.startswith("config.toml:7: google.service_account_file: ")
    assert "google secret" not in checks(place)


def test_files_that_others_can_read_are_named(place: Ground) -> None:
    place.delegate()
    place.configure('service_account_file = "robot.json"')
    for name in ("client.json", "robot.json"):
        place.folder.joinpath(name).chmod(0o644)
    found = checks(place, offline=True)
    assert levels(found) == {"google client": WARN, "google service account": WARN, "google push": OK}
    assert found["google client"].remedy == f"type: chmod 600 {place.folder}/client.json"


def test_a_secret_that_google_does_not_take_is_told_once_and_to_it(place: Ground) -> None:
    with_account(place)
    today(place)
    place.client = type(place.client)(place.client.id, "GOCSPX-old", place.client.redirects)
    place.download()
    found = checks(place)
    assert found["google secret"].level is FAIL
    assert "invalid_client" in found["google secret"].says
    assert "IT looks at google.client_id" in found[f"account of {AMINA}"].says


@pytest.mark.parametrize(
    ("public", "redirects", "level", "said"),
    [
        ("https://s.example", ("https://s.example/connect/google",), OK, "https://s.example/connect/google"),
        ("https://s.example", ("https://other.example/x",), WARN, "none of that is at https://s.example"),
        ("https://s.example", ("http://127.0.0.1:8765/",), WARN, "none of that is at https://s.example"),
        ("", ("http://127.0.0.1:8765/",), OK, "http://127.0.0.1:8765/"),
        ("", ("https://s.example/x",), WARN, "nobody hears it"),
        ("", (), WARN, "no address: nobody hears it"),
    ],
)
def test_where_people_are_sent_back_to_is_looked_at(
    place: Ground, public: str, redirects: tuple[str, ...], level: Level, said: str
) -> None:
    place.client = place.google.register(*redirects)
    place.download("web")
    place.configure(f'[school]\npublic_url = "{public}"')
    found = checks(place, offline=True)["google redirect"]
    assert found.level is level
    assert said in found.says


@pytest.mark.parametrize(
    ("push", "public", "level", "said"),
    [
        ("false", "https://s.example", OK, "off: google.push is false; "),
        ("true", "", WARN, "off: school.public_url is not set; "),
        ("true", "http://s.example", WARN, "off: school.public_url is no https address; "),
        ("true", "https://s.example", OK, "Google calls https://s.example/api/v1/hooks/google"),
    ],
)
def test_whether_google_calls_us_is_one_line(
    place: Ground, push: str, public: str, level: Level, said: str
) -> None:
    place.configure(f'push = {push}\n[school]\npublic_url = "{public}"')
    found = checks(place, offline=True)["google push"]
    assert found.level is level
    assert found.says.startswith(said)


def test_a_google_that_is_not_reached_is_told_by_its_address(place: Ground) -> None:
    with_account(place)
    place.google.stop()
    found = checks(place)
    down = ("google api_endpoint", "google token_uri", "google revoke_uri", f"account of {AMINA}")
    assert levels(found) == {"google client": OK, "google push": OK, **dict.fromkeys(down, FAIL)}
    assert found["google token_uri"].remedy == "see to the way out, or google.token_uri"


def test_tokens_that_travel_in_the_clear_are_a_warning() -> None:
    for address, level in (
        ("https://oauth2.googleapis.com/token", OK),
        ("http://127.0.0.1:8001/token", OK),
        ("http://proxy.example/token", WARN),
    ):
        assert google_checks._answers("token_uri", address).level is level


def test_an_account_that_was_taken_back_is_to_be_connected_again(place: Ground) -> None:
    with_account(place)
    today(place)
    place.google.revoke(AMINA)
    found = checks(place)[f"account of {AMINA}"]
    assert (found.level, found.remedy) == (FAIL, f"syncd connect google {AMINA}")
    assert found.says.startswith(f"{AMINA}: {place.google.token_uri}: Google does not renew the permission")
    assert "it lasted for seven days" not in found.says


@pytest.mark.parametrize(
    ("after", "hinted"), [(5 * DAY, False), (7 * DAY, True), (7 * DAY + DAY / 2, True), (9 * DAY, False)]
)
def test_an_account_that_ended_after_seven_days_is_one_of_an_app_in_testing(
    place: Ground, after: timedelta, hinted: bool
) -> None:
    with place.house() as house:
        someone = person(house)
        joined(house, place, someone)
        place.clock.sleep(after)
        place.google.revoke(AMINA)
        sync_now(house)  # seen then; it is looked at today
    today(place)
    found = checks(place)[f"account of {AMINA}"]
    assert found.level is FAIL
    assert ("it lasted for seven days" in found.says) is hinted
    assert ("publish the app" in found.remedy) is hinted
    assert found.remedy.endswith(f"syncd connect google {AMINA}")


def test_it_counts_from_when_it_was_connected_last(place: Ground) -> None:
    with place.house() as house:
        someone = person(house)
        joined(house, place, someone)
        place.clock.sleep(10 * DAY)
        joined(house, place, someone)
        place.clock.sleep(7 * DAY)
        place.google.revoke(AMINA)
        sync_now(house)
    today(place)
    assert "it lasted for seven days" in checks(place)[f"account of {AMINA}"].says


def put(house: House, someone: Person, grant: Grant | Delegation) -> None:
    account = account_of(house, someone)
    sealed = house.vault.seal(text_of(grant).encode(), identity(account.id, someone.id))
    with house.db.write() as tx:
        tx.accounts.put_grant(account.id, sealed)


def test_a_permission_that_is_missing_is_named(place: Ground) -> None:
    with place.house() as house:
        someone = person(house)
        joined(house, place, someone)
        tokens = place.google.tokens
        part = frozenset(one for one in SCOPES if not one.endswith("freebusy"))
        put(
            house, someone, Grant(tokens.refresh(tokens.granted(AMINA, place.client.id), part), tuple(SCOPES))
        )
    today(place)
    found = checks(place)[f"account of {AMINA}"]
    assert (found.level, found.says) == (FAIL, f"{AMINA}: not permitted: calendar.freebusy")
    assert found.remedy == f"syncd connect google {AMINA}, and leave every box ticked"


def test_a_delegation_that_is_missing_is_the_administrators(place: Ground) -> None:
    place.delegate()
    place.configure('service_account_file = "robot.json"')
    with place.house() as house:
        someone = person(house)
        connect(house, someone, Delegation(AMINA), None, [], None)
    today(place)
    assert checks(place)[f"account of {AMINA}"].level is OK
    place.delegate(("calendar.freebusy",))
    found = checks(place)[f"account of {AMINA}"]
    assert found.level is FAIL
    assert "client id 1234567" in found.says
    assert found.remedy == "see to it in the Admin console: docs/google.md"


def test_what_is_no_grant_any_more_is_to_be_connected_again(place: Ground) -> None:
    with place.house() as house:
        someone = person(house)
        joined(house, place, someone)
        account = account_of(house, someone)
        with house.db.write() as tx:
            tx.accounts.put_grant(account.id, house.vault.seal(b"{}", identity(account.id, someone.id)))
    found = checks(place)[f"account of {AMINA}"]
    assert (found.level, found.remedy) == (FAIL, f"syncd connect google {AMINA}")
    assert "is no grant" in found.says
