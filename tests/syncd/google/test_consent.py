"""From the question on Google's page to a grant: one answer, to this question, in time, and all of it permitted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from providers.errors import ProviderError, Unavailable
from syncd.config import Config, read
from syncd.demo.google import CUT, LOST, Fault, broken
from syncd.demo.google.answers import saying
from syncd.errors import Misconfigured, Problem
from syncd.oauth.consent import LASTS, SCOPES, Consent, Pending, begin, finish, finish_typed, missing, short
from tests.syncd.google.ground import AMINA, MO, Ground, click, ground

BACK = "http://127.0.0.1:9/"
GUIDE = Path(__file__).parents[3] / "docs/google.md"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Ground]:
    with ground(tmp_path) as one:
        yield one


@pytest.fixture
def config(place: Ground) -> Config:
    return read(place.file)


def ask(place: Ground, config: Config, back: str = BACK) -> tuple[str, Pending]:
    return begin(config, back, place.clock.now(), hint=AMINA)


def done(place: Ground, config: Config, pending: Pending, query: str) -> Consent:
    return finish(config, pending, query, place.clock.now())


def refused(place: Ground, config: Config, pending: Pending, query: str) -> str:
    with pytest.raises(Problem) as caught:
        done(place, config, pending, query)
    said = caught.value.sentence
    assert caught.value.exit_code == 1
    for secret in (pending.state, pending.verifier, *parse_qs(query).get("code", [])):
        assert secret not in said
    return said


def query_of(address: str, **changed: str | None) -> str:
    fields = dict(parse_qsl(urlsplit(address).query))
    fields |= {name: value for name, value in changed.items() if value is not None}
    return urlencode({name: value for name, value in fields.items() if changed.get(name, "") is not None})


def test_the_question_asks_for_all_that_is_needed_and_nothing_more(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    assert address.startswith(f"{place.google.auth_uri}?")
    asked = {name: values for name, (values,) in parse_qs(urlsplit(address).query).items()}
    assert asked["client_id"] == place.client.id
    assert asked["redirect_uri"] == BACK
    assert asked["scope"].split() == list(SCOPES)
    assert (asked["response_type"], asked["access_type"], asked["prompt"]) == ("code", "offline", "consent")
    assert asked["code_challenge_method"] == "S256"
    assert asked["login_hint"] == AMINA
    assert place.client.secret not in address
    assert pending.verifier not in address
    assert len(pending.verifier) >= 43
    assert len(pending.state) >= 43
    other = ask(place, config)[1]
    assert {other.state, other.verifier}.isdisjoint({pending.state, pending.verifier})
    for secret in (pending.state, pending.verifier):
        assert secret not in repr(pending)


def test_the_address_may_have_a_query_of_its_own(place: Ground, config: Config) -> None:
    google = config.google.model_copy(update={"auth_uri": "https://proxy.example/auth?tenant=7"})
    address, _ = ask(place, config.model_copy(update={"google": google}))
    assert address.startswith("https://proxy.example/auth?tenant=7&response_type=code&")


def test_what_was_permitted_becomes_a_grant(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    consent = done(place, config, pending, query_of(click(address)))
    assert set(consent.grant.scopes) == set(SCOPES)
    assert consent.grant.previous is None
    assert consent.first.lifetime == timedelta(seconds=3599)
    assert missing(consent.first.scopes) == ()
    for secret in (consent.grant.refresh_token, consent.first.access_token):
        assert secret not in repr(consent)


def test_who_permitted_it_before_is_asked_again_and_gives_a_lasting_permission_again(
    place: Ground, config: Config
) -> None:
    for _ in range(2):
        address, pending = ask(place, config)
        assert done(place, config, pending, query_of(click(address))).grant.refresh_token


def test_a_no_is_told_as_a_no(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    said = refused(place, config, pending, query_of(click(address, deny=True)))
    assert "did not permit it" in said
    assert place.token_requests() == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("admin_policy_enforced", "(admin_policy_enforced)"),
        ("invalid_scope", "(invalid_scope)"),
        ("<script>zq</script>", "did not ask the person at all;"),
    ],
)
def test_another_error_is_named_if_it_is_a_name(place: Ground, config: Config, error: str, said: str) -> None:
    _, pending = ask(place, config)
    told = refused(place, config, pending, urlencode({"state": pending.state, "error": error}))
    assert said in told
    assert "zq" not in told


@pytest.mark.parametrize("scope", SCOPES)
def test_a_box_that_was_left_empty_is_named_and_explained_and_nothing_is_given(
    place: Ground, config: Config, scope: str
) -> None:
    address, pending = ask(place, config)
    first, last = refused(place, config, pending, query_of(click(address, without=(short(scope),)))).split(
        "\n"
    )
    assert first.startswith(f"not permitted: {short(scope)}, to {SCOPES[scope]}")
    assert "leave every box ticked" in last


def test_an_answer_that_names_no_scopes_means_all_of_them(place: Ground, config: Config) -> None:
    assert missing(None) == ()
    address, pending = ask(place, config)
    query = query_of(click(address))
    given = {"access_token": "a", "refresh_token": "r", "expires_in": 3599}
    place.google.faults.plan(Fault(saying(given)), "POST", "/token")
    assert set(done(place, config, pending, query).grant.scopes) == set(SCOPES)


@pytest.mark.parametrize("state", ["", "other", None])
def test_the_answer_to_another_question_is_refused_and_ours_stays_open(
    place: Ground, config: Config, state: str | None
) -> None:
    address, pending = ask(place, config)
    answer = click(address)
    assert "another question" in refused(place, config, pending, query_of(answer, state=state))
    assert place.token_requests() == 0, "its code goes nowhere"
    assert done(place, config, pending, query_of(answer))


def test_an_answer_in_the_name_of_another_server_is_refused(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    said = refused(place, config, pending, query_of(click(address), iss="https://evil.example"))
    assert "another server than Google's" in said
    assert place.token_requests() == 0


@pytest.mark.parametrize("iss", ["https://accounts.google.com", None])
def test_google_may_name_itself_or_not(place: Ground, config: Config, iss: str | None) -> None:
    address, pending = ask(place, config)
    assert done(place, config, pending, query_of(click(address), iss=iss))


def test_a_server_that_stands_in_may_name_itself(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    assert done(place, config, pending, query_of(click(address), iss=place.google.url))


def test_an_answer_is_used_once(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    done(place, config, pending, query)
    assert "used before" in refused(place, config, pending, query)
    assert place.token_requests() == 1


def test_an_answer_that_failed_was_used_as_well(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    place.google.faults.plan(broken(503), "POST", "/token")
    with pytest.raises(Unavailable):
        done(place, config, pending, query)
    assert "used before" in refused(place, config, pending, query)


def test_an_answer_comes_within_ten_minutes(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    place.clock.sleep(LASTS + timedelta(seconds=1))
    assert "more than 10 minutes" in refused(place, config, pending, query)
    address, pending = ask(place, config)
    place.clock.sleep(LASTS)
    assert done(place, config, pending, query_of(click(address)))


def test_a_code_that_was_used_by_somebody_else_is_worth_nothing(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    answer = click(address)
    done(place, config, pending, query_of(answer))
    _, other = ask(place, config)
    said = refused(place, config, other, query_of(answer, state=other.state))
    assert "it works once" in said


def test_a_code_that_was_slipped_to_us_is_worth_nothing(place: Ground, config: Config) -> None:
    """Google gave it to somebody who asked with another verifier (RFC 9700, 4.5)."""
    address, _ = ask(place, config)
    _, victim = ask(place, config)
    said = refused(place, config, victim, query_of(click(address, person=MO), state=victim.state))
    assert "with this question only" in said


def test_a_code_for_another_address_is_worth_nothing(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    pending.redirect_uri = "http://127.0.0.1:10/"
    assert "redirect_uri_mismatch" in refused(place, config, pending, query)


@pytest.mark.parametrize(
    "query", ["", "{state}", "{state}&code=", "{state}&code=a%20b", "{state}&code=" + "x" * 3000, "&" * 100]
)
def test_an_answer_without_a_code_is_none(place: Ground, config: Config, query: str) -> None:
    _, pending = ask(place, config)
    refused(place, config, pending, query.format(state=f"state={pending.state}"))
    assert place.token_requests() == 0


@pytest.mark.parametrize("twice", ["state", "code"])
def test_what_is_said_twice_is_not_said(place: Ground, config: Config, twice: str) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    assert "says something twice" in refused(place, config, pending, f"{query}&{twice}=x")
    assert place.token_requests() == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "invalid_client"}, "does not accept the school's own client (invalid_client)"),
        ({"error": "invalid_request"}, "gives nothing for the code (invalid_request)"),
    ],
)
def test_a_client_that_is_not_accepted_is_its_business(
    place: Ground, config: Config, answer: dict[str, str], said: str
) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    place.google.faults.plan(Fault(saying(answer, 401)), "POST", "/token")
    assert said in refused(place, config, pending, query)


@pytest.mark.parametrize("fault", [LOST, CUT, broken(502)])
def test_a_silent_google_is_a_fault_of_the_network(place: Ground, config: Config, fault: Fault) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    place.google.faults.plan(fault, "POST", "/token")
    with pytest.raises(ProviderError):
        done(place, config, pending, query)


def test_a_permission_that_does_not_last_is_not_taken(place: Ground, config: Config) -> None:
    address, pending = ask(place, config)
    query = query_of(click(address))
    given = {"access_token": "a", "expires_in": 3599, "scope": " ".join(SCOPES)}
    place.google.faults.plan(Fault(saying(given)), "POST", "/token")
    assert "for an hour only" in refused(place, config, pending, query)


@pytest.mark.parametrize(
    "form",
    ["{address}", "  {address}#_\n", "{code}", "{encoded}", "code={encoded}", "{code}&scope=x", "?{query}"],
)
def test_what_a_person_pastes_may_be_the_address_or_the_code(
    place: Ground, config: Config, form: str
) -> None:
    address, pending = ask(place, config)
    back = click(address)
    code = parse_qs(urlsplit(back).query)["code"][0]
    encoded = re.search(r"code=([^&]+)", back)
    assert encoded
    typed = form.format(address=back, code=code, encoded=encoded[1], query=urlsplit(back).query)
    assert finish_typed(config, pending, typed, place.clock.now()).grant.refresh_token


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no code"),
        ("two words", "no code"),
        ("https://evil.example/?code=4/0x&state=s", "not the address"),
        ("http://127.0.0.1:9/other?code=4/0x&state=s", "not the address"),
        ("http://127.0.0.1:9/?code=4/0x&state=s", "another question"),
        ("4/0guessed", "it works once"),
    ],
)
def test_what_a_person_pastes_may_be_wrong(place: Ground, config: Config, typed: str, said: str) -> None:
    _, pending = ask(place, config)
    with pytest.raises(Problem, match=said):
        finish_typed(config, pending, typed, place.clock.now())


def test_without_a_client_nobody_is_asked(place: Ground) -> None:
    place.file.write_text("", encoding="utf-8")
    with pytest.raises(Misconfigured, match="client_secret_file is not set"):
        ask(place, read(place.file))


def test_the_guide_names_what_is_asked_for_and_nothing_else() -> None:
    named = re.findall(r"https://www\.googleapis\.com/auth/[a-z.]+", GUIDE.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(SCOPES)
