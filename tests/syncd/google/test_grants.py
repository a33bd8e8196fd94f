"""Access tokens: renewed one at a time, and no answer that is lost takes a grant away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from providers.errors import AccessLost, Loss, Unavailable
from providers.google.grants import Personal, Source, renewal
from providers.oauth import Client, Delegation, Grant, ServiceKey, grant_in, text_of
from syncd.config import read
from syncd.demo.google import CUT, LOGGED_OUT, LOST, Fault, broken, elsewhere
from syncd.demo.google.answers import Answer, saying
from syncd.oauth.consent import SCOPES
from syncd.oauth.files import service_key_of
from tests.syncd.google.ground import AMINA, ROBOT, Ground, ground, pem, rsa_key

HOUR = timedelta(hours=1)


@dataclass
class Shelf:
    """A shelf that remembers what was put on it."""

    lies: str | None
    put: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """What happens before something is put there."""

    def look(self) -> str | None:
        return self.lies

    def replace(self, old: str, new: str) -> bool:
        self.before()
        if self.lies != old:
            return False
        self.lies = new
        self.put.append(new)
        return True


@dataclass
class Bench:
    """One account's tokens over a real connection."""

    ground: Ground
    shelf: Shelf
    http: requests.Session

    def source(self, secret: str | None = None) -> Source:
        uri, now = self.ground.google.token_uri, self.ground.clock.now
        given = secret or self.shelf.lies or ""
        return Source(Personal(given, self.shelf, self.client, uri, now), now)

    def client(self) -> Client:
        return Client(self.ground.client.id, self.ground.client.secret)

    @property
    def kept(self) -> Grant:
        found = grant_in(self.shelf.lies or "")
        assert isinstance(found, Grant)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ground(tmp_path) as one, one.http() as http:
        tokens = one.google.tokens
        given = tokens.granted(AMINA, one.client.id)
        token = tokens.refresh(given, frozenset(SCOPES))
        yield Bench(one, Shelf(text_of(Grant(token, tuple(SCOPES)))), http)


def refused(source: Source, http: requests.Session) -> AccessLost:
    with pytest.raises(AccessLost) as caught:
        source.token(http)
    assert caught.value.loss is Loss.CREDENTIALS
    return caught.value


# --- one token for everybody -----------------------------------------------------------


def test_a_token_is_used_until_shortly_before_its_end(bench: Bench) -> None:
    source = bench.source()
    first = source.token(bench.http)
    bench.ground.clock.sleep(HOUR - timedelta(minutes=6))
    assert source.token(bench.http) == first
    bench.ground.clock.sleep(timedelta(minutes=2))
    assert source.token(bench.http) != first
    assert bench.ground.token_requests() == 2
    assert bench.shelf.put == [], "nothing was replaced, so nothing is written"


def test_eight_threads_after_the_end_renew_once(bench: Bench) -> None:
    source, ground = bench.source(), bench.ground
    old = source.token(bench.http)
    ground.clock.sleep(2 * HOUR)
    ready, got, sessions = threading.Barrier(8), [], [ground.http() for _ in range(8)]

    def ask(http: requests.Session) -> None:
        ready.wait()
        got.append(source.token(http))

    threads = [threading.Thread(target=ask, args=(http,)) for http in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for http in sessions:
        http.close()
    assert len(got) == 8
    assert len({old, *got}) == 2
    assert ground.token_requests() == 2


def test_eight_turns_whose_token_was_refused_renew_it_once(bench: Bench) -> None:
    source = bench.source()
    turns = [source.bearer(bench.http) for _ in range(8)]
    first = {turn(False) for turn in turns}
    bench.ground.google.tokens.expire()
    second = {turn(True) for turn in turns}
    assert len(first) == len(second) == 1
    assert first != second
    assert bench.ground.token_requests() == 2


def test_a_clock_that_was_set_back_makes_no_token_live_longer(bench: Bench) -> None:
    now = [bench.ground.clock.now()]
    renews = Personal(
        bench.shelf.lies or "", bench.shelf, bench.client, bench.ground.google.token_uri, lambda: now[0]
    )
    source = Source(renews, lambda: now[0])
    first = source.token(bench.http)
    now[0] -= HOUR
    assert source.token(bench.http) != first


def test_tokens_stand_in_no_text_of_their_own(bench: Bench) -> None:
    source = bench.source()
    token = source.token(bench.http)
    for one in (source, bench.kept, bench.client(), source.bearer(bench.http)):
        assert token not in repr(one)
        assert bench.kept.refresh_token not in repr(one)
        assert bench.ground.client.secret not in repr(one)


# --- rotation --------------------------------------------------------------------------


def test_a_new_refresh_token_is_kept_beside_the_old_until_it_has_worked(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "keeps"
    source, old = bench.source(), bench.kept.refresh_token
    source.token(bench.http)
    new = bench.kept
    assert (new.previous, new.scopes) == (old, tuple(SCOPES))
    assert new.refresh_token != old
    bench.ground.clock.sleep(HOUR)
    source.token(bench.http)
    assert bench.kept.previous == new.refresh_token
    bench.ground.google.manners.rotation = "never"
    bench.ground.clock.sleep(HOUR)
    source.token(bench.http)
    assert bench.kept.previous is None, "it has worked"


def test_it_is_kept_before_it_is_used_and_before_anybody_has_the_token(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "keeps"
    asked: list[int] = []
    bench.shelf.before = lambda: asked.append(bench.ground.token_requests())
    source = bench.source()
    source.token(bench.http)
    bench.ground.clock.sleep(HOUR)
    source.token(bench.http)
    assert asked == [1, 2]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("rotation", ["keeps", "kills"])
def test_killed_after_it_was_kept_the_next_process_goes_on(bench: Bench, rotation: str) -> None:
    bench.ground.google.manners.rotation = rotation  # type: ignore[assignment]
    bench.source().token(bench.http)
    assert bench.kept.previous is not None
    bench.ground.google.manners.rotation = "never"
    bench.source().token(bench.http)
    assert bench.kept.previous is None


def test_killed_before_it_was_kept_the_old_one_still_works(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "keeps"

    def kill() -> None:
        raise Killed

    bench.shelf.before, old = kill, bench.kept
    with pytest.raises(Killed):
        bench.source().token(bench.http)
    bench.shelf.before = lambda: None
    assert bench.kept == old
    bench.source().token(bench.http)
    assert bench.kept.previous == old.refresh_token


@pytest.mark.parametrize("fault", [LOST, CUT])
def test_an_answer_with_a_new_token_that_was_lost_costs_nothing(bench: Bench, fault: Fault) -> None:
    bench.ground.google.manners.rotation = "keeps"
    bench.ground.google.faults.plan(fault, "POST", "/token")
    source, old = bench.source(), bench.kept
    with pytest.raises(Unavailable):
        source.token(bench.http)
    assert bench.kept == old
    source.token(bench.http)
    assert bench.kept.previous == old.refresh_token


def test_if_the_new_one_is_not_taken_the_one_before_it_is_tried_once(bench: Bench) -> None:
    good = bench.kept.refresh_token
    secret = text_of(Grant("1//never-given-out", tuple(SCOPES), good))
    bench.shelf.lies = secret
    source = bench.source()
    source.token(bench.http)
    assert bench.kept == Grant(good, tuple(SCOPES))
    assert bench.ground.token_requests() == 2


def test_what_could_not_be_kept_is_kept_before_anything_else_is_asked(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "kills"

    def full() -> None:
        raise OSError("disk full")

    bench.shelf.before = full
    source, old = bench.source(), bench.kept
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            source.token(bench.http)
    assert bench.ground.token_requests() == 1
    assert bench.kept == old
    bench.shelf.before = lambda: None
    source.token(bench.http)
    assert bench.kept.refresh_token != old.refresh_token
    assert len(bench.shelf.put) == 2


# --- what others do to the grant meanwhile ---------------------------------------------


def test_what_another_process_has_renewed_is_found_before_anything_counts_as_lost(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "kills"
    ours, theirs = bench.source(), bench.source()
    theirs.token(bench.http)
    bench.ground.google.manners.rotation = "never"
    ours.token(bench.http)
    assert bench.kept.previous is None
    assert ours.knows(bench.shelf.lies or "")


def test_an_account_that_was_connected_anew_keeps_its_new_grant(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "keeps"
    fresh = text_of(Grant("1//fresh", tuple(SCOPES)))

    def reconnect() -> None:
        bench.shelf.lies = fresh

    bench.shelf.before = reconnect
    bench.source().token(bench.http)
    assert bench.shelf.lies == fresh
    assert bench.shelf.put == []


def test_an_account_that_was_connected_by_delegation_meanwhile_is_found_by_the_next_turn(
    bench: Bench,
) -> None:
    source = bench.source()
    bench.ground.google.revoke(AMINA)
    bench.shelf.lies = text_of(Delegation(AMINA))
    assert "taken back" in str(refused(source, bench.http))
    assert not source.knows(bench.shelf.lies)


def test_a_source_knows_its_own_grants_and_no_others(bench: Bench) -> None:
    bench.ground.google.manners.rotation = "keeps"
    source, old = bench.source(), bench.shelf.lies or ""
    source.token(bench.http)
    assert source.knows(old)
    assert source.knows(bench.shelf.lies or "")
    assert not source.knows(text_of(Grant("1//fresh")))


# --- refusals --------------------------------------------------------------------------


def test_a_grant_that_was_taken_back_is_asked_for_once_a_day(bench: Bench) -> None:
    bench.ground.google.revoke(AMINA)
    source = bench.source()
    assert "taken back" in str(refused(source, bench.http))
    for _ in range(50):
        bench.ground.clock.sleep(timedelta(minutes=20))
        refused(source, bench.http)
    assert bench.ground.token_requests() == 1
    bench.ground.clock.sleep(timedelta(days=1))
    refused(source, bench.http)
    assert bench.ground.token_requests() == 2


def test_a_grant_with_a_previous_one_is_refused_after_two_questions(bench: Bench) -> None:
    bench.shelf.lies = text_of(Grant("1//a", tuple(SCOPES), "1//b"))
    source = bench.source()
    for _ in range(5):
        refused(source, bench.http)
    assert bench.ground.token_requests() == 2


def test_a_client_that_google_does_not_know_is_nobodys_lost_account(bench: Bench) -> None:
    def wrong() -> Client:
        return Client(bench.ground.client.id, "GOCSPX-other")

    uri, now = bench.ground.google.token_uri, bench.ground.clock.now
    source = Source(Personal(bench.shelf.lies or "", bench.shelf, wrong, uri, now), now)
    with pytest.raises(Unavailable, match=r"invalid_client.*IT looks at google.client_id"):
        source.token(bench.http)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (broken(503, retry_after=120), r"no reason either \(503\)"),
        (broken(502), r"\(502\)"),
        (broken(404), r"\(404\)"),
        (LOGGED_OUT, "perhaps it is a log-in page"),
        (elsewhere("https://else.example/"), r"\(302\)"),
        (Fault(saying({"error": "temporarily_unavailable"}, 400)), r"\(400\)"),
        (Fault(saying({"error": "slow_down"}, 429)), r"\(429\)"),
        (Fault(saying({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400)), r"\(400\)"),
        (Fault(saying({"error": "<script>zq</script>"}, 400)), r"\(400\)"),
        (Fault(saying({"access_token": ""}, 200)), "no access token"),
        (Fault(saying({"access_token": "a\r\nX-Evil: 1"}, 200)), "no access token"),
        (Fault(saying({"access_token": 7}, 200)), "no access token"),
        (Fault(saying({"access_token": "a", "refresh_token": "b c"}, 200)), "no refresh token that can be kept"),
        (Fault(saying({"error": "unsupported_grant_type"}, 400)), "unsupported_grant_type"),
        (Fault(Answer(200, b"[" * 60_000)), "no access token"),
        (Fault(saying({"access_token": "a", "more": "x" * 70_000})), "no access token"),
        (Fault(Answer(200, b'{"access_token": "x", "expires_in": ' + b"9" * 5000 + b"}")), "no access token"),
        (LOST, "no complete answer"),
        (CUT, "no complete answer"),
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing_is_no_loss(bench: Bench, answer: Fault, words: str) -> None:
    bench.ground.google.faults.plan(answer, "POST", "/token")
    source = bench.source()
    with pytest.raises(Unavailable, match=words) as caught:
        source.token(bench.http)
    assert "zq" not in str(caught.value)
    assert caught.value.status is None, "it concerns the account as a whole"
    assert caught.value.where == bench.ground.google.token_uri
    assert source.token(bench.http), "the next question is answered"


def test_it_waits_as_long_as_it_is_asked_to(bench: Bench) -> None:
    bench.ground.google.faults.plan(broken(503, retry_after=120), "POST", "/token")
    with pytest.raises(Unavailable) as caught:
        bench.source().token(bench.http)
    assert caught.value.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("given", "lasts"),
    [
        ("3599", timedelta(minutes=54)),
        (3599, timedelta(minutes=54)),
        (None, timedelta(minutes=3, seconds=59)),
        (-5, timedelta(minutes=3, seconds=59)),
        ("soon", timedelta(minutes=3, seconds=59)),
        (10**9, timedelta(hours=23, minutes=54)),
        (60, timedelta(seconds=47)),
    ],
)
def test_a_token_lives_as_long_as_is_said_but_a_day_at_most(
    bench: Bench, given: object, lasts: timedelta
) -> None:
    bench.ground.google.faults.plan(
        Fault(saying({"access_token": "a", "expires_in": given}, 200)), "POST", "/token"
    )
    source = bench.source()
    assert source.token(bench.http) == "a"
    bench.ground.clock.sleep(lasts)
    assert source.token(bench.http) == "a"
    bench.ground.clock.sleep(timedelta(minutes=1, seconds=5))
    assert source.token(bench.http) != "a"


@pytest.mark.parametrize(
    "secret", ["", "password", "{}", '{"kind": "oauth"}', '{"kind": "oauth", "scopes": []}']
)
def test_what_is_no_grant_is_told_when_a_token_is_asked_for(bench: Bench, secret: str) -> None:
    bench.shelf.lies = secret
    uri, now = bench.ground.google.token_uri, bench.ground.clock.now
    way = renewal(secret, bench.shelf, bench.client, key, tuple(SCOPES), uri, now)
    assert "no grant" in str(refused(Source(way, now), bench.http))
    assert bench.ground.token_requests() == 0


# --- delegation ------------------------------------------------------------------------


def key(name: str = ROBOT) -> ServiceKey:
    raise AssertionError(name)


@pytest.fixture
def robot(bench: Bench) -> Callable[..., Source]:
    bench.ground.delegate()

    def source(subject: str = AMINA, changed: Callable[[ServiceKey], ServiceKey] = lambda one: one) -> Source:
        config = read(bench.ground.file)
        google = config.google.model_copy(update={"service_account_file": bench.ground.folder / "robot.json"})
        known = changed(service_key_of(config.model_copy(update={"google": google})))
        uri, now = bench.ground.google.token_uri, bench.ground.clock.now
        secret = text_of(Delegation(subject))
        way = renewal(secret, bench.shelf, bench.client, lambda: known, tuple(SCOPES), uri, now)
        return Source(way, now)

    return source


def test_a_delegation_gives_tokens_in_the_name_of_a_person(
    bench: Bench, robot: Callable[..., Source]
) -> None:
    source = robot()
    token = source.token(bench.http)
    found = requests.get(
        f"{bench.ground.google.api_endpoint}/users/me/calendarList/primary",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert found.json()["id"] == AMINA
    bench.ground.clock.sleep(2 * HOUR)
    assert source.token(bench.http) != token
    assert source.knows(text_of(Delegation(AMINA)))
    assert not source.knows(text_of(Delegation("mo@school.example")))


def test_what_is_not_delegated_is_told_in_words_for_it(bench: Bench, robot: Callable[..., Source]) -> None:
    source = robot()
    bench.ground.delegate(scopes=("calendar.freebusy",))
    said = str(refused(source, bench.http))
    assert "client id 1234567 with https://www.googleapis.com/auth/calendar.freebusy," in said
    bench.ground.delegate()
    assert source.token(bench.http), "what the administrator has mended is seen at once"


def test_somebody_of_another_domain_is_not_found(bench: Bench, robot: Callable[..., Source]) -> None:
    assert "knows nobody" in str(refused(robot("stranger@else.example"), bench.http))


def test_a_key_that_is_not_valid_any_more_is_nobodys_lost_account(
    bench: Bench, robot: Callable[..., Source]
) -> None:
    def other(one: ServiceKey) -> ServiceKey:
        return ServiceKey("gone@project.iam.example", one.id, one.key)

    with pytest.raises(Unavailable, match="does not take the service account's key"):
        robot(changed=other).token(bench.http)
    with pytest.raises(Unavailable, match="holds no key that can be used"):
        robot(changed=lambda one: ServiceKey(one.email, one.id, "-----BEGIN nothing")).token(bench.http)


def test_a_wrong_clock_of_ours_is_nobodys_lost_account(bench: Bench, robot: Callable[..., Source]) -> None:
    source = robot()
    uri = bench.ground.google.token_uri
    late = renewal(
        text_of(Delegation(AMINA)),
        bench.shelf,
        bench.client,
        lambda: ServiceKey(ROBOT, "1", pem(rsa_key())),
        tuple(SCOPES),
        uri,
        lambda: bench.ground.clock.now() + 3 * HOUR,
    )
    with pytest.raises(Unavailable, match="clock wrong"):
        Source(late, bench.ground.clock.now).token(bench.http)
    assert source.token(bench.http)


# --- how a grant is written --------------------------------------------------------------


@pytest.mark.parametrize(
    "grant", [Grant("a"), Grant("a", ("x", "y")), Grant("a", ("x",), "b"), Delegation("a@b.example")]
)
def test_a_grant_is_read_as_it_was_written(grant: Grant | Delegation) -> None:
    assert grant_in(text_of(grant)) == grant
    assert text_of(grant_in(text_of(grant))) == text_of(grant)
