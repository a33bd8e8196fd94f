from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from syncd.demo.google.scopes import whole
from tests.syncd.demo.google.conftest import ADA, MAX, NOW
from tests.syncd.demo.google.web import BACK, SCOPES, VERIFIER, Program, denied, sent_back


@pytest.fixture
def program(google: GoogleFake) -> Iterator[Program]:
    one = Program(google, google.register(BACK))
    with one.http:
        yield one


@pytest.fixture
def willing(google: GoogleFake, program: Program) -> Program:
    google.consent.at_once(ADA)
    return program


def test_a_person_is_asked_and_says_yes(google: GoogleFake, program: Program) -> None:
    page = program.authorize(login_hint=MAX)
    assert page.status_code == 200
    assert "View your availability in your calendars" in page.text
    assert f'value="{MAX}" checked' in page.text
    back = program.press(page.text, "allow", ADA)
    assert back.headers["Location"].startswith(f"{BACK}?")
    told = sent_back(back)
    assert (told["state"], told["iss"]) == ("st4te", "https://accounts.google.com")
    assert set(told["scope"].split()) == set(map(whole, SCOPES))
    answer = program.redeem(told["code"])
    given = answer.json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3599, told["scope"])
    assert given["refresh_token"]
    assert answer.headers["Cache-Control"] == "no-cache"
    assert program.sees(given["access_token"]) == 200
    assert program.press(page.text, "allow", ADA).status_code == 400, "a page is answered once"


def test_the_page_shows_nothing_as_markup(google: GoogleFake, program: Program) -> None:
    odd = google.register(BACK, name="<b>&")
    page = program.authorize(client_id=odd.id).text
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_person_unticks_a_box(program: Program) -> None:
    page = program.authorize().text
    told = sent_back(program.press(page, "allow", ADA, "calendar.events.owned"))
    assert told["scope"] == whole("calendar.freebusy")
    given = program.redeem(told["code"]).json()
    assert given["scope"] == told["scope"]
    assert program.sees(given["access_token"]) == 403


def test_a_person_says_no(google: GoogleFake, program: Program) -> None:
    told = sent_back(program.press(program.authorize().text, "cancel", ADA))
    assert told == {"state": "st4te", "iss": "https://accounts.google.com", "error": "access_denied"}
    assert (
        sent_back(program.press(program.authorize().text, "allow", ADA, *SCOPES))["error"] == "access_denied"
    )
    google.consent.refuse()
    assert sent_back(program.authorize())["error"] == "access_denied"
    google.consent.ask()
    assert program.authorize().status_code == 200


def test_a_person_can_be_made_to_say_yes_at_once(google: GoogleFake, program: Program) -> None:
    google.consent.at_once(without=["calendar.freebusy"])
    assert sent_back(program.authorize(login_hint=ADA))["scope"] == whole("calendar.events.owned")
    assert sent_back(program.authorize(login_hint="nobody@school.example"))["error"] == "access_denied"


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": f"{BACK}/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": None}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1:9/"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "invalid_request"),
        ({"scope": None}, 400, "invalid_request"),
        ({"scope": whole("calendar.everything")}, 400, "invalid_scope"),
        ({"code_challenge_method": "plain"}, 400, "invalid_request"),
    ],
)
def test_who_asks_wrongly_is_stopped_here(
    willing: Program, asked: dict[str, str | None], status: int, reason: str
) -> None:
    answer = willing.authorize(**asked)
    assert (answer.status_code, reason in answer.text) == (status, True)
    assert "Location" not in answer.headers


def test_a_program_on_a_persons_computer_may_be_on_any_port(google: GoogleFake) -> None:
    google.consent.at_once(ADA)
    program = Program(google, google.register(installed=True), back="http://127.0.0.1:51234/back?x=1")
    with program.http:
        back = program.authorize().headers["Location"]
        assert back.startswith("http://127.0.0.1:51234/back?x=1&state=")
        assert program.let_in()["access_token"]
        assert program.authorize(redirect_uri="https://127.0.0.1:51234/").status_code == 400
        assert program.authorize(redirect_uri="http://elsewhere.example/").status_code == 400


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"code_verifier": "w" * 64}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"redirect_uri": f"{BACK}/x"}, 400, "redirect_uri_mismatch"),
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"code": "4/0nonsense"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_code_is_redeemed_by_who_asked_for_it(
    willing: Program, form: dict[str, str | None], status: int, error: str
) -> None:
    code = sent_back(willing.authorize())["code"]
    whole_form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER,
    }  # fmt: skip
    assert denied(willing.token(**{**whole_form, **form})) == (status, error)


def test_a_code_of_another_program_is_worth_nothing(google: GoogleFake, willing: Program) -> None:
    other = Program(google, google.register(BACK))
    with other.http:
        assert denied(other.redeem(sent_back(willing.authorize())["code"])) == (400, "invalid_grant")


def test_a_code_is_good_once_and_for_ten_minutes(willing: Program, clock: MovableClock) -> None:
    code = sent_back(willing.authorize())["code"]
    assert willing.redeem(code).status_code == 200
    assert denied(willing.redeem(code)) == (400, "invalid_grant")
    late = sent_back(willing.authorize())["code"]
    clock.move(NOW + timedelta(minutes=10))
    assert denied(willing.redeem(late)) == (400, "invalid_grant")


def test_without_a_challenge_there_is_no_verifier(willing: Program) -> None:
    back = sent_back(willing.authorize(code_challenge=None, code_challenge_method=None))
    assert willing.redeem(back["code"], code_verifier=None).status_code == 200


def test_a_client_may_prove_itself_in_the_head(willing: Program) -> None:
    given, client = willing.let_in(), willing.client
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    at, proof = willing.google.token_uri, (client.id, client.secret)
    assert willing.http.post(at, form, auth=proof, timeout=30).status_code == 200
    assert willing.http.post(at, form, auth=(client.id, "guessed"), timeout=30).status_code == 401
    head = {"Authorization": "Basic ***"}
    assert willing.http.post(at, form, headers=head, timeout=30).status_code == 401


def test_a_refresh_token_is_given_out_when_the_person_is_asked(willing: Program) -> None:
    assert "refresh_token" not in willing.let_in(access_type=None)
    assert "refresh_token" in willing.let_in()
    assert "refresh_token" not in willing.let_in(), "they have one"
    assert "refresh_token" in willing.let_in(prompt="consent")


def test_an_access_token_ends_and_is_refreshed(willing: Program, clock: MovableClock) -> None:
    given = willing.let_in()
    clock.move(NOW + timedelta(seconds=3598))
    assert willing.sees(given["access_token"]) == 200
    clock.move(NOW + timedelta(seconds=3599))
    assert willing.sees(given["access_token"]) == 401
    again = willing.refresh(given["refresh_token"]).json()
    assert "refresh_token" not in again
    assert again["scope"] == given["scope"]
    assert willing.sees(again["access_token"]) == 200


def test_a_refresh_token_of_another_client_is_worth_nothing(google: GoogleFake, willing: Program) -> None:
    token = willing.let_in()["refresh_token"]
    other = Program(google, google.register(BACK))
    with other.http:
        assert denied(other.refresh(token)) == (400, "invalid_grant")


def test_what_is_revoked_opens_nothing(google: GoogleFake, willing: Program) -> None:
    for revoked in ("access_token", "refresh_token"):
        given = willing.let_in(prompt="consent")
        assert willing.revoke(given[revoked]).status_code == 200
        assert denied(willing.refresh(given["refresh_token"])) == (400, "invalid_grant")
        assert willing.sees(given["access_token"]) == 401
        assert denied(willing.revoke(given[revoked])) == (400, "invalid_token")
    given, test = willing.let_in(prompt="consent"), google.token(ADA)
    google.revoke(ADA)
    assert denied(willing.refresh(given["refresh_token"])) == (400, "invalid_grant")
    assert willing.sees(test) == 401
    assert willing.sees(google.token(MAX)) == 200
    assert "refresh_token" in willing.let_in(), "who has taken it all back is asked afresh"


def test_a_new_refresh_token_may_take_the_old_ones_place_at_once(
    google: GoogleFake, willing: Program
) -> None:
    first = willing.let_in()["refresh_token"]
    google.manners.rotation = "kills"
    second = willing.refresh(first).json()["refresh_token"]
    assert denied(willing.refresh(first)) == (400, "invalid_grant")
    assert willing.refresh(second).status_code == 200


def test_a_new_refresh_token_may_take_the_old_ones_place_when_it_is_used(
    google: GoogleFake, willing: Program
) -> None:
    first = willing.let_in()["refresh_token"]
    google.manners.rotation = "keeps"
    lost = willing.refresh(first).json()["refresh_token"]
    second = willing.refresh(first).json()["refresh_token"]
    assert lost != second
    assert willing.refresh(second).status_code == 200
    assert denied(willing.refresh(first)) == (400, "invalid_grant")


def test_the_tokens_of_a_program_that_is_being_tested_end_after_a_week(
    google: GoogleFake, willing: Program, clock: MovableClock
) -> None:
    google.manners.refresh_life = timedelta(days=7)
    token = willing.let_in()["refresh_token"]
    clock.move(NOW + timedelta(days=7, seconds=-1))
    assert willing.refresh(token).status_code == 200
    clock.move(NOW + timedelta(days=7))
    assert denied(willing.refresh(token)) == (400, "invalid_grant")


def test_nothing_shows_a_secret(google: GoogleFake, willing: Program) -> None:
    assert willing.client.secret not in repr(willing.client)
    given = willing.let_in()
    log = repr(google.asked)
    assert not any(secret in log for secret in (given["access_token"], given["refresh_token"], VERIFIER))
