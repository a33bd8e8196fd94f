"""Google calls when something changes: channels that are opened, renewed and stopped, and what a call brings about."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from structlog.testing import capture_logs

from syncd import accounts, push, rollcall, work
from syncd.config import read
from syncd.demo.google.watch import Channel, post
from syncd.engine.runner import ThreadRunner
from syncd.engine.shares import Shares
from syncd.fitting import DUTIES
from syncd.house import House
from syncd.life import Resting
from syncd.oauth.connecting import take_back
from syncd.push import GAP, HOOK, LIFE, OVERLAP, Bell, Call, Heard
from syncd.store.errors import StoreFull
from syncd.store.rows import AccountId, ChannelRow, DueRow, Health, Person, Ticket
from syncd.store.tx import Tx
from syncd.web import Pages
from tests.syncd.engine.faults import Crash, MortalDatabase
from tests.syncd.google.ground import AMINA, NOW, SOON, Ground, account_of, ground, joined, person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PUBLIC = "https://school.example"
ON = f'push = true\n[school]\npublic_url = "{PUBLIC}/"'


@dataclass
class Scene:
    """A school that Google calls, and whatever it does by itself."""

    place: Ground
    house: House
    person: Person

    @property
    def account(self) -> AccountId:
        return account_of(self.house, self.person).id

    def work(self) -> None:
        """Do all that is due, as the daemon does."""
        push.keep(self.house)
        runner = ThreadRunner(self.house, DUTIES, workers=2, per_host=2)
        for _ in range(20):
            if runner.turn() > timedelta(0):
                return
        raise AssertionError("it never rests")

    def channels(self) -> tuple[ChannelRow, ...]:
        with self.house.db.read() as tx:
            return tx.channels.of(self.account)

    def row(self, kind: str) -> DueRow | None:
        with self.house.db.read() as tx:
            return tx.due.get(kind, work.account_key(self.account))

    def round_at(self) -> datetime:
        row = self.row(work.SYNC)
        assert row is not None
        return row.due_at

    def at_google(self) -> list[Channel]:
        """Return the channels that Google has open."""
        now = self.place.clock.now()
        return [one for one in self.place.google.channels._open.values() if one.until > now]

    def refit(self, more: str) -> None:
        """Read another configuration, as a reload does."""
        self.house = replace(self.house, config=self.place.configure(more))

    def change(self) -> None:
        """Have the person put something into their calendar."""
        self.place.google.hand(AMINA).add("Dentist", NOW + DAY, NOW + DAY + HOUR)

    def call(self, **other: str) -> Call:
        """Return a call of Google's that is right, but for what is said of it."""
        (one,) = self.at_google()
        said = {"channel": one.id, "resource": one.resource, "secret": f"{one.token}", "state": "exists"}
        return Call(**{**said, **other})

    def messages(self) -> list[tuple[str, int | None]]:
        return [
            (one.headers["X-Goog-Resource-State"], one.status) for one in self.place.google.channels.messages
        ]


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ground(tmp_path) as place:
        place.configure(ON)
        with place.house() as house:
            one = Scene(place, house, person(house))
            place.google.channels.deliver = lambda _address, _headers: 204
            joined(house, place, one.person)
            yield one


@pytest.fixture
def site(scene: Scene) -> Iterator[Pages]:
    """The pages, to which Google's calls come through the school's own proxy."""
    pages = Pages("127.0.0.1:0", lambda: scene.house, Resting)
    pages.start()

    def through(address: str, headers: Mapping[str, str]) -> int:
        assert address.startswith(PUBLIC)
        return post(f"http://{pages.address}{urlsplit(address).path}", headers)

    scene.place.google.channels.deliver = through
    try:
        yield pages
    finally:
        pages.stop(timedelta(seconds=5))


# --- channels ------------------------------------------------------------------------------


def test_a_channel_is_opened_for_a_calendar_that_is_connected(scene: Scene) -> None:
    scene.work()
    (ours,), (theirs,) = scene.channels(), scene.at_google()
    assert (ours.id, ours.resource, ours.until) == (theirs.id, theirs.resource, theirs.until)
    assert theirs.address == ours.address == f"{PUBLIC}{HOOK}"
    assert (ours.until, ours.renew_at) == (NOW + LIFE, NOW + LIFE - OVERLAP)
    secret = f"{theirs.token}"
    assert len(secret) >= 43, "256 bits"
    kept = b"".join(file.read_bytes() for file in scene.place.folder.glob("syncd.db*"))
    assert ours.digest.encode() in kept
    assert secret.encode() not in kept
    scene.work()
    assert scene.channels() == (ours,), "once"


def test_every_calendar_that_shows_events_has_one_and_no_other(scene: Scene) -> None:
    scene.place.google.hand(AMINA).make_calendar("Sport")
    boss = scene.place.google.add("boss@school.example")
    boss.share(AMINA, "freeBusyReader")
    joined(scene.house, scene.place, scene.person, sessions=AMINA)
    scene.work()
    with scene.house.db.read() as tx:
        calendars = {each.id: each.times_only for each in tx.calendars.of_account(scene.account)}
    assert sorted(calendars.values()) == [False, False, True]
    assert {each.calendar_id for each in scene.channels()} == {
        id_ for id_, only in calendars.items() if not only
    }


def test_it_is_renewed_with_overlap(scene: Scene) -> None:
    scene.work()
    (old,) = scene.channels()
    scene.place.clock.move(old.renew_at - HOUR)
    scene.work()
    assert scene.channels() == (old,)
    opened: list[int] = []

    def count(_address: str, _headers: Mapping[str, str]) -> int:
        opened.append(len(scene.at_google()))
        return 204

    scene.place.google.channels.deliver = count
    scene.place.clock.move(old.renew_at)
    scene.work()
    (new,) = scene.channels()
    assert new.id != old.id
    assert new.digest != old.digest
    assert opened == [2], "the old one was still open when the new one began"
    assert [one.id for one in scene.at_google()] == [new.id]


def test_the_old_one_stays_while_there_is_no_other(scene: Scene) -> None:
    scene.work()
    (old,) = scene.channels()
    with scene.house.db.write() as tx:
        tx.calendars.set_health(old.calendar_id, Health.FAILING, "no answer", "Unavailable")
        tx.due.want(work.PUSH, work.account_key(scene.account), at=tx.now)
    scene.place.clock.move(old.renew_at)
    with scene.house.db.write() as tx:
        (ticket,) = tx.due.claim(1, work.LEASE, [work.PUSH])
    push.push(scene.house, ticket)
    assert scene.channels() == (old,)
    assert [one.id for one in scene.at_google()] == [old.id]
    row = scene.row(work.PUSH)
    assert row is not None
    assert row.due_at == scene.place.clock.now() + HOUR


def test_its_next_look_comes_once_a_day_and_for_an_hour_nothing_is_written(scene: Scene) -> None:
    scene.work()
    row = scene.row(work.PUSH)
    assert row is not None
    assert (row.due_at, row.excl) == (NOW + DAY, None)
    push.keep(scene.house)
    rollcall.accounts(scene.house)
    assert scene.row(work.PUSH) == row


def test_it_is_stopped_when_push_is_switched_off_and_opened_when_it_is_on_again(scene: Scene) -> None:
    scene.work()
    scene.refit("")
    scene.work()
    assert (scene.channels(), scene.at_google(), scene.row(work.PUSH)) == ((), [], None)
    scene.refit(ON)
    scene.work()
    assert len(scene.channels()) == len(scene.at_google()) == 1


@pytest.mark.parametrize(
    "more", ["", "push = true", f'push = true\n[school]\npublic_url = "http{PUBLIC[5:]}"']
)
def test_without_an_https_address_nothing_of_it_runs(tmp_path: Path, more: str) -> None:
    with ground(tmp_path) as place:
        place.configure(more)
        with place.house() as house:
            scene = Scene(place, house, person(house))
            joined(house, place, scene.person)
            scene.work()
            assert scene.row(work.PUSH) is None
            assert place.google.count("POST", "watch") == 0
            assert Bell().ring(house, Call("x", "r", "s", "exists")) is Heard.UNKNOWN


def test_it_moves_with_the_address_of_the_school(scene: Scene) -> None:
    scene.work()
    scene.refit(ON.replace("school.example", "new.example"))
    scene.place.clock.sleep(DAY)
    scene.work()
    assert [one.address for one in scene.at_google()] == [f"https://new.example{HOOK}"]
    assert len(scene.channels()) == 1


def test_it_is_stopped_before_the_account_is_erased(scene: Scene) -> None:
    scene.work()
    account = scene.account
    assert take_back(scene.house, scene.person) == ()
    assert scene.at_google() == []
    accounts.disconnect(scene.house, scene.person)
    with scene.house.db.read() as tx:
        assert tx.channels.accounts() == ()
        assert tx.due.get(work.PUSH, work.account_key(account)) is None


def test_a_google_that_is_down_keeps_nobody_from_disconnecting(scene: Scene) -> None:
    scene.work()
    scene.place.google.stop()
    assert len(take_back(scene.house, scene.person)) == 1, "the permission, of which the person is told"
    accounts.disconnect(scene.house, scene.person)
    with scene.house.db.read() as tx:
        assert tx.channels.accounts() == ()


def test_a_calendar_that_is_left_out_loses_its_channel(scene: Scene) -> None:
    sport = scene.place.google.hand(AMINA).make_calendar("Sport")
    joined(scene.house, scene.place, scene.person, sessions=AMINA)
    scene.work()
    assert {one.calendar for one in scene.at_google()} == {AMINA, sport}
    scene.place.google.hand(AMINA).delete_calendar(sport)
    joined(scene.house, scene.place, scene.person)
    scene.work()
    assert len(scene.channels()) == 1
    assert {one.calendar for one in scene.at_google()} == {AMINA}


def test_a_google_that_is_down_is_tried_again_and_told_once(scene: Scene) -> None:
    scene.place.google.stop()
    with capture_logs() as told:
        scene.work()
        row = scene.row(work.PUSH)
        assert row is not None
        assert (row.attempts, row.last_error) == (1, "Unavailable")
        assert row.due_at > scene.place.clock.now()
        scene.place.clock.move(row.due_at)
        scene.work()
    assert [one["event"] for one in told].count("push.failing") == 1
    assert scene.channels() == ()
    scene.place.google.start()
    scene.place.clock.sleep(DAY)
    scene.work()
    assert len(scene.channels()) == 1


def test_an_account_that_is_lost_is_asked_for_nothing(scene: Scene) -> None:
    with scene.house.db.write() as tx:
        tx.accounts.set_health(scene.account, Health.LOST, "gone", "credentials")
        ticket = tx.due.claim(1, work.LEASE, [work.PUSH])[0]
    scene.place.google.forget_requests()
    push.push(scene.house, ticket)
    row = scene.row(work.PUSH)
    assert row is not None
    assert (scene.place.google.asked, row.due_at) == ((), NOW + HOUR)


def test_an_account_that_is_disconnected_meanwhile_leaves_no_channel(scene: Scene) -> None:
    account = account_of(scene.house, scene.person)

    def leave(_address: str, _headers: Mapping[str, str]) -> int:
        accounts.disconnect(
            scene.house, scene.person
        )  # once the channel is open, and before its answer is here
        return 204

    scene.place.google.channels.deliver = leave
    with scene.house.db.write() as tx:
        ticket = tx.due.claim(1, work.LEASE, [work.PUSH])[0]
    push.push(scene.house, ticket)
    assert scene.at_google() == []
    with scene.house.db.read() as tx:
        assert tx.channels.of(account.id) == ()
        assert tx.due.get(work.PUSH, ticket.key) is None


def test_an_account_that_is_disconnected_just_before_is_asked_for_no_channel(scene: Scene) -> None:
    account, left = account_of(scene.house, scene.person), ["once"]
    with scene.house.calling(account, scene.person) as provider:
        provider.calendars()  # there is a token that Google still takes
    with scene.house.db.write() as tx:
        ticket = tx.due.claim(1, work.LEASE, [work.PUSH])[0]

    class Hasty(MortalDatabase):
        @contextmanager
        def write(self) -> Iterator[Tx]:
            if left:  # another process, between our look and our first commit
                left.clear()
                accounts.disconnect(scene.house, scene.person)
            with super().write() as tx:
                yield tx

    hasty = Hasty.open(scene.house.config.database.url, scene.place.clock)
    push.push(replace(scene.house, db=hasty), ticket)
    hasty.close()
    assert scene.place.google.count("POST", "watch") == 0
    with scene.house.db.read() as tx:
        assert tx.channels.of(account.id) == ()
        assert tx.due.get(work.PUSH, ticket.key) is None


# --- killed at every commit ----------------------------------------------------------------


@contextmanager
def mortal(scene: Scene, number: int, where: str) -> Iterator[MortalDatabase]:
    """Give the scene a process that dies at its commit *number*."""
    before, db = scene.house, MortalDatabase.open(scene.house.config.database.url, scene.place.clock)
    assert isinstance(db, MortalDatabase)
    db.countdown, db.where = number, where
    scene.house = replace(before, db=db)
    try:
        yield db
    finally:
        scene.house = before
        db.close()


def killed(scene: Scene, number: int, where: str) -> bool:
    """Have the channels seen to by a process that is killed, and tell whether it was."""
    with mortal(scene, number, where) as db:
        try:
            push.keep(scene.house)
            with scene.place.house() as other, other.db.write() as tx:
                tickets = tx.due.claim(1, work.LEASE, [work.PUSH])
            for ticket in tickets:
                push.push(scene.house, ticket)
        except Crash:
            return True
        return db.countdown is not None and db.countdown < 0


def at_opening(scene: Scene) -> None:
    scene.refit("")
    scene.work()
    scene.refit(ON)


def at_renewing(scene: Scene) -> None:
    scene.place.clock.move(scene.channels()[0].renew_at)


def at_stopping(scene: Scene) -> None:
    scene.refit("")


@pytest.mark.parametrize("where", ["before", "inside", "after"])
@pytest.mark.parametrize("to", [at_opening, at_renewing, at_stopping])
def test_killed_at_any_commit_it_leaves_at_most_a_channel_that_ends_by_itself(
    scene: Scene, to: Callable[[Scene], None], where: str
) -> None:
    scene.work()
    number, struck = 0, True
    while struck:
        to(scene)
        struck = killed(scene, number, where)
        scene.place.clock.sleep(2 * work.LEASE)
        scene.work()
        known, there = {each.id for each in scene.channels()}, {one.id for one in scene.at_google()}
        assert len(known) == (to is not at_stopping)
        assert known <= there
        assert len(there - known) <= 1
        scene.refit(ON)
        scene.place.clock.sleep(LIFE)
        scene.work()
        assert {one.id for one in scene.at_google()} == {each.id for each in scene.channels()}
        number += 1
    assert number > 2


# --- calls ---------------------------------------------------------------------------------


def test_a_change_wakes_the_account_within_the_same_second(scene: Scene, site: Pages) -> None:
    scene.work()
    assert scene.messages() == [("sync", 204)], "it comes before the channel's own answer"
    scene.place.clock.sleep(timedelta(seconds=30))
    assert scene.round_at() > scene.place.clock.now() + timedelta(minutes=1)
    scene.change()
    assert scene.messages() == [("sync", 204), ("exists", 204)]
    eventually(lambda: scene.round_at() == scene.place.clock.now())
    scene.place.google.forget_requests()
    scene.work()
    assert scene.place.google.count("GET", "/events") == 1
    assert scene.round_at() > scene.place.clock.now() + timedelta(minutes=1), "at the usual pace again"


def test_the_first_message_wakes_nobody(scene: Scene) -> None:
    scene.work()
    at = scene.round_at()
    bell = Bell()
    assert bell.ring(scene.house, scene.call(state="sync")) is Heard.TAKEN
    bell.settle(scene.house)
    assert scene.round_at() == at


@pytest.mark.parametrize(
    ("other", "heard"),
    [
        ({"secret": "guess"}, Heard.REFUSED),
        ({"secret": ""}, Heard.REFUSED),
        ({"secret": "\ud800ü"}, Heard.REFUSED),
        ({"channel": "another"}, Heard.UNKNOWN),
        ({"channel": ""}, Heard.UNKNOWN),
        ({"channel": "x" * 10_000}, Heard.UNKNOWN),
        ({"resource": "another"}, Heard.UNKNOWN),
    ],
)
def test_who_is_not_google_wakes_nobody(scene: Scene, other: dict[str, str], heard: Heard) -> None:
    scene.work()
    at, bell = scene.round_at(), Bell()
    assert bell.ring(scene.house, scene.call(**other)) is heard
    bell.settle(scene.house)
    assert scene.round_at() == at


def test_a_channel_that_is_over_is_not_known_any_more(scene: Scene) -> None:
    scene.work()
    old = scene.call()
    scene.place.clock.sleep(LIFE)
    assert Bell().ring(scene.house, old) is Heard.UNKNOWN, "though nobody has forgotten it yet"
    scene.work()
    assert scene.call().channel != old.channel
    assert Bell().ring(scene.house, old) is Heard.UNKNOWN


def test_the_same_message_again_and_a_flood_cost_a_round_in_a_few_seconds(scene: Scene) -> None:
    scene.work()
    scene.place.google.forget_requests()
    bell, call, end = Bell(), scene.call(), scene.place.clock.now() + 4 * GAP
    while scene.place.clock.now() < end:
        for _ in range(20):
            assert bell.ring(scene.house, call) is Heard.TAKEN
        bell.settle(scene.house)
        scene.work()
        scene.place.clock.sleep(timedelta(seconds=0.5))
    assert scene.place.google.count("GET", "/events") == 4


def test_a_change_during_a_round_is_seen_after_it_and_a_flood_during_it_is_one_more(scene: Scene) -> None:
    scene.work()
    bell, call, clock = Bell(), scene.call(), scene.place.clock

    def ring() -> None:
        for _ in range(5):
            bell.ring(scene.house, call)
            bell.settle(scene.house)

    ring()
    with scene.house.db.write() as tx:
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC])
    clock.sleep(timedelta(seconds=1))
    ring()
    with scene.house.db.write() as tx:
        work.finish(tx, ticket, clock.now() + HOUR)
    assert scene.round_at() == NOW + GAP
    clock.sleep(2 * GAP)
    with scene.house.db.write() as tx:
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC])
    ring()
    with scene.house.db.write() as tx:
        work.finish(tx, ticket, clock.now() + HOUR)
    assert scene.round_at() == clock.now(), "what ran may have asked before the change"


def test_a_server_that_wants_peace_has_it(scene: Scene) -> None:
    scene.work()
    with scene.house.db.write() as tx:
        tx.due.want(work.SYNC, work.account_key(scene.account), at=tx.now)
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC])
        work.set_back(tx, ticket, "quota", HOUR)
    bell = Bell()
    for _ in range(3):
        bell.ring(scene.house, scene.call())
        bell.settle(scene.house)
        scene.place.clock.sleep(timedelta(seconds=1))
    assert scene.round_at() == NOW + HOUR


def test_a_call_that_could_not_be_written_down_keeps_none_from_being_heard(scene: Scene) -> None:
    class Full(MortalDatabase):
        def write(self) -> Any:
            raise StoreFull("the disk is full")

    scene.work()
    bell = Bell()
    full = Full.open(scene.house.config.database.url, scene.place.clock)
    assert bell.ring(scene.house, scene.call()) is Heard.TAKEN
    bell.settle(replace(scene.house, db=full))
    full.close()
    assert bell.ring(scene.house, scene.call()) is Heard.TAKEN
    bell.settle(scene.house)
    assert scene.round_at() == NOW


def test_the_clock_going_back_keeps_no_call_from_being_heard(scene: Scene) -> None:
    scene.work()
    bell = Bell()
    bell.ring(scene.house, scene.call())
    bell.settle(scene.house)
    scene.work()
    scene.place.clock._now -= HOUR  # a step, which a clock that is only moved forward does not take
    bell.ring(scene.house, scene.call())
    bell.settle(scene.house)
    assert scene.round_at() == NOW - HOUR


def test_nothing_of_a_secret_is_told(scene: Scene, site: Pages) -> None:
    with capture_logs() as told:
        scene.work()
        secret = scene.call().secret
        scene.change()
        scene.place.clock.sleep(LIFE - OVERLAP)
        scene.work()
    assert [one["event"] for one in told].count("push.opened") == 2
    assert secret not in str(told)
    assert AMINA not in str([one for one in told if str(one["event"]).startswith("push.")])


def test_the_configuration_of_the_daemon_is_the_one_that_counts(scene: Scene) -> None:
    scene.work()
    call = scene.call()
    assert Bell().ring(scene.house, call) is Heard.TAKEN
    scene.refit("push = false")
    assert Bell().ring(scene.house, call) is Heard.UNKNOWN
    assert push.address_of(read(scene.place.file)) is None


def test_one_calendar_that_cannot_be_watched_stands_in_no_others_way(scene: Scene) -> None:
    sport = scene.place.google.hand(AMINA).make_calendar("Sport")
    joined(scene.house, scene.place, scene.person, sessions=AMINA)
    scene.place.google.hand(AMINA).delete_calendar(sport)
    with scene.house.db.write() as tx:
        ticket = tx.due.claim(1, work.LEASE, [work.PUSH])[0]
    push.push(scene.house, ticket)
    row = scene.row(work.PUSH)
    assert row is not None
    assert row.last_error == "AccessLost"
    assert [one.calendar for one in scene.at_google()] == [AMINA]


def test_what_a_call_is_answered(scene: Scene, site: Pages) -> None:
    scene.work()
    good, address = scene.call(), f"http://{site.address}{HOOK}"

    def said(call: Call, method: str = "POST", **more: Any) -> requests.Response:
        heads = {
            "X-Goog-Channel-ID": call.channel,
            "X-Goog-Resource-ID": call.resource,
            "X-Goog-Channel-Token": call.secret,
            "X-Goog-Resource-State": call.state,
        }
        return requests.request(method, address, headers=heads, timeout=SOON, **more)

    for answer in (said(good), said(good, data=b"{not json")):
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["cache-control"] == "no-store"
    for answer, status in (
        (said(replace(good, secret="guess")), 403),
        (said(replace(good, channel="another")), 404),
        (requests.post(address, timeout=SOON), 404),
        (said(good, data=b"x" * 20_000), 413),
        (said(good, data=iter([b"x"])), 413),
        (said(good, "GET"), 405),
        (said(good, "PUT"), 405),
    ):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert good.secret not in answer.text
    assert said(good, "HEAD").headers["allow"] == "POST"
    assert requests.post(f"http://{site.address}/healthz", timeout=SOON).status_code == 405
    scene.refit("")
    assert said(good).status_code == 404


# --- the thread beside all others ----------------------------------------------------------


def running(kind: str, number: int) -> list[Ticket]:
    return [Ticket(kind, str(each), NOW, 0, each, 0, None, "") for each in range(number)]


def test_channels_have_a_thread_beside_all_others_and_no_more() -> None:
    shares = Shares(4, 4, (work.LOOK, work.SYNC, work.PUSH))
    assert shares.threads == Shares(4, 4, (work.LOOK, work.SYNC)).threads + 1
    assert set(shares.wanted([])) == {work.LOOK, work.SYNC, work.PUSH}
    assert set(shares.wanted(running(work.PUSH, 1))) == {work.LOOK, work.SYNC}
    assert shares.wanted(running(work.LOOK, 4)) == (work.PUSH,)
    assert shares.wanted([*running(work.LOOK, 4), *running(work.PUSH, 1)]) == ()
    assert set(shares.wanted([*running(work.SYNC, 3), *running(work.PUSH, 1)])) == {work.LOOK}


def test_one_account_after_the_other_has_its_channels_seen_to(scene: Scene) -> None:
    shares = Shares(4, 4, tuple(DUTIES))
    with scene.house.db.write() as tx:
        tx.due.want(work.PUSH, "77", at=tx.now)
        first = shares.claim(tx, [], "one")
        second = shares.claim(tx, first, "one")
    assert [each.kind for each in first] == [work.PUSH]
    assert second == []
