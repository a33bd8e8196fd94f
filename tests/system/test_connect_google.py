"""``syncd connect google`` as a person types it, with a browser that clicks through Google's page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.cli.google import _heard
from syncd.clock import MovableClock, SystemClock
from syncd.demo.front import free_port
from syncd.demo.google import broken
from syncd.errors import Problem
from syncd.oauth.consent import SCOPES
from tests.syncd.google.ground import AMINA, MO, SOON, Ground, click, ground
from tests.system.browser import main as browse

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Desk:
    """Where somebody of IT types commands."""

    ground: Ground

    def start(self, *words: str, wish: str = "allow") -> subprocess.Popen[str]:
        browser = f"{sys.executable} -m tests.system.browser {wish} %s"
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self.ground.folder), "BROWSER": browser,
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "syncd", *words, "--config", str(self.ground.file)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str, typed: str = "", wish: str = "allow") -> Ended:
        process = self.start(*words, wish=wish)
        out, err = process.communicate(typed, timeout=2 * SOON)
        assert "Traceback" not in err
        for secret in self.secrets():
            assert secret not in out + err
        return Ended(process.returncode, out, err)

    def secrets(self) -> list[str]:
        """Return every token that Google has given out and still knows, and the secret of the client."""
        tokens = self.ground.google.tokens
        given = [token for grant in tokens._grants for token in grant.refresh]
        return [self.ground.client.secret, *tokens._access, *given]

    def connected(self) -> list[str]:
        """Return the Google accounts that are connected."""
        with self.ground.house() as house, house.db.read() as tx:
            return [account.username for account in tx.accounts.all()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = MovableClock(SystemClock().now())
    with ground(tmp_path, clock) as one:
        made = Desk(one)
        assert made("person", "add", AMINA, "--name", "Amina", "--role", "student").code == 0
        yield made


def test_the_browser_opens_and_the_account_is_connected(desk: Desk) -> None:
    work = desk.ground.google.hand(AMINA).make_calendar("Work")
    ended = desk("connect", "google", AMINA, "--busy", AMINA, "--sessions", AMINA)
    assert (ended.code, ended.out) == (
        0,
        f"connected  {AMINA}  {AMINA}\nbusy       {AMINA}\nsessions   {AMINA}\nleft alone Work\n",
    )
    assert desk.ground.google.auth_uri in ended.err, "for whoever has no browser here"
    assert "note" not in ended.err
    again = desk("connect", "google", AMINA, "--sessions", work, "--json")
    assert again.code == 0
    told = json.loads(again.out)
    assert (told["person"], told["account"], told["sessions"]["id"]) == (AMINA, AMINA, work)
    assert {one["id"] for one in told["busy"]} == {AMINA, work}
    assert told["others"] == []
    assert desk.connected() == [AMINA]


def test_without_a_browser_the_address_is_pasted(desk: Desk) -> None:
    process = desk.start("connect", "google", AMINA, "--no-browser", "--json")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("http"):
            break
    out, err = process.communicate(f"{click(line.strip())}\n", timeout=SOON)
    assert process.returncode == 0, err
    assert json.loads(out)["account"] == AMINA
    assert desk.connected() == [AMINA]


def test_a_program_reads_the_address_and_types_the_code(desk: Desk) -> None:
    process = desk.start("connect", "google", AMINA, "--no-browser")
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    code = re.search(r"code=([^&]+)", click(address))
    assert code
    out, err = process.communicate(f"{code[1]}\n", timeout=SOON)
    assert (process.returncode, out.splitlines()[0]) == (0, f"connected  {AMINA}  {AMINA}"), err
    assert code[1] not in out + err


def test_a_browser_on_this_computer_comes_back_by_itself(desk: Desk) -> None:
    process = desk.start("connect", "google", AMINA, "--no-browser")
    assert process.stdout is not None
    browse("allow", process.stdout.readline().strip())
    assert process.wait(SOON) == 0
    process.communicate()
    assert desk.connected() == [AMINA]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("", 2, "there is no answer of Google's on standard input; nothing was connected\n"),
        ("4/0guessed\n", 1, "Google does not take the code: it works once"),
        (
            "http://127.0.0.1:1/?code=4/0x&state=y\n",
            1,
            "this is not the address that Google sent you back to",
        ),
        ("?code=4/0x&state=y\n", 1, "this is Google's answer to another question than ours"),
    ],
)
def test_what_is_pasted_wrongly_is_told(desk: Desk, typed: str, code: int, said: str) -> None:
    ended = desk("connect", "google", AMINA, "--no-browser", "--json", typed=typed)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert desk.connected() == []


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("deny", "whoever sat at Google's page did not permit it"),
        ("without=calendar.freebusy", "not permitted: calendar.freebusy, to see when you are busy"),
        ("other-state", "this is Google's answer to another question than ours"),
    ],
)
def test_what_a_person_does_not_permit_keeps_nothing(desk: Desk, wish: str, said: str) -> None:
    ended = desk("connect", "google", AMINA, wish=wish)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert desk.connected() == []


def test_an_account_of_another_name_is_told(desk: Desk) -> None:
    desk.ground.google.consent.at_once(MO)
    ended = desk("connect", "google", AMINA)
    assert ended.code == 0
    assert f"this is the Google account {MO}, not {AMINA}: invitations will come from {MO}" in ended.err
    assert desk.connected() == [MO]


def test_a_calendar_that_is_not_there_is_told_with_those_that_are(desk: Desk) -> None:
    ended = desk("connect", "google", AMINA, "--sessions", "chess")
    assert (ended.code, ended.out) == (2, "")
    assert f"there is no calendar 'chess'; there are: {AMINA!r}" in ended.err
    assert desk.connected() == []


def test_google_that_does_not_answer_is_one_sentence(desk: Desk) -> None:
    desk.ground.google.faults.plan(broken(503), "POST", "/token")
    ended = desk("connect", "google", AMINA)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith("(503); try again later")


def test_a_school_without_a_client_is_told_how_to_make_one(desk: Desk) -> None:
    desk.ground.file.write_text("", encoding="utf-8")
    for words, key in (((), "client_secret_file"), (("--delegated",), "service_account_file")):
        ended = desk("connect", "google", AMINA, *words)
        assert (ended.code, ended.out) == (3, "")
        assert f"google.{key} is not set" in ended.err
        assert "docs/google.md" in ended.err
    assert desk("connect", "google", AMINA, "--delegated", "--no-browser").code == 2


def test_a_client_for_pages_is_sent_back_to_its_own_address(desk: Desk) -> None:
    desk.ground.client = desk.ground.google.register("https://school.example/connect/google")
    desk.ground.download("web")
    ended = desk("connect", "google", AMINA)
    assert ended.code == 1
    assert "none of its redirect addresses is on this computer" in ended.err


def test_a_client_for_pages_may_have_an_address_on_this_computer_as_well(desk: Desk) -> None:
    here = f"http://127.0.0.1:{free_port()}/"
    desk.ground.client = desk.ground.google.register("https://school.example/connect/google", here)
    desk.ground.download("web")
    ended = desk("connect", "google", AMINA)
    assert ended.code == 0, ended.err
    assert desk.connected() == [AMINA]


def test_nobody_is_waited_for_longer_than_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true")
    waited: list[float] = []
    with pytest.raises(Problem, match="nobody answered Google within 10 minutes"):
        _heard("http://127.0.0.1:9/", waited.append)
    assert waited == [600]


def test_the_domain_lets_everybody_in(desk: Desk) -> None:
    desk.ground.delegate()
    desk.ground.configure('service_account_file = "robot.json"')
    ended = desk("connect", "google", AMINA, "--delegated")
    assert (ended.code, ended.out.splitlines()[0]) == (0, f"connected  {AMINA}  {AMINA}")
    assert ended.err == "", "nobody is asked"
    desk.ground.delegate(("calendar.freebusy",))
    lost = desk("connect", "google", AMINA, "--delegated")
    assert lost.code == 1
    assert all(scope in lost.err for scope in SCOPES)


def test_disconnected_it_is_taken_back_at_google_too(desk: Desk) -> None:
    desk("connect", "google", AMINA)
    ended = desk("disconnect", AMINA)
    assert ended == Ended(0, f"disconnected  {AMINA}  1 account\n", "")
    assert desk.ground.google.count("POST", "/revoke") == 1
    assert desk.connected() == []


def test_what_cannot_be_taken_back_is_erased_all_the_same(desk: Desk) -> None:
    desk("connect", "google", AMINA)
    desk.ground.google.stop()
    ended = desk("disconnect", AMINA)
    assert (ended.code, ended.out) == (0, f"disconnected  {AMINA}  1 account\n")
    assert "Google did not take the permission back" in ended.err
    assert "https://myaccount.google.com/permissions" in ended.err
    assert desk.connected() == []
