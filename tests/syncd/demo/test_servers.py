from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from syncd.clock import MovableClock, SystemClock
from syncd.demo.child import Child
from syncd.demo.hand import Hand, Refused
from syncd.demo.servers import NoServer, Program, Server, radicale, xandikos

USERS = {"asha": "rain on tin", "ben": "zwölf:Uhr"}
MAKERS = {"radicale": radicale, "xandikos": xandikos}
EVENT = "\r\n".join(
    (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//demo//EN", "BEGIN:VEVENT", "UID:one"),
        *("DTSTAMP:20260901T080000Z", "DTSTART:20260907T080000Z", "DTEND:20260907T090000Z"),
        *("SUMMARY:Linear algebra", "END:VEVENT", "END:VCALENDAR", ""),
    )
)


@pytest.fixture(scope="module", params=MAKERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with MAKERS[request.param](tmp_path_factory.mktemp(request.param), USERS) as running:
        yield running


@pytest.fixture
def asha(server: Server) -> Hand:
    return server.hand("asha")


@pytest.fixture
def calendar(asha: Hand, request: pytest.FixtureRequest) -> str:
    return asha.make_calendar(f"c{abs(hash(request.node.name))}", "Uni & home")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_calendar_made_by_hand_has_its_title_and_keeps_what_is_put(asha: Hand, calendar: str) -> None:
    asha.fill(calendar, {"one.ics": EVENT})
    assert "SUMMARY:Linear algebra" in asha.get(calendar + "one.ics")
    question = '<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'
    answer = asha.ask("PROPFIND", asha.home, question, {"Depth": "1"})
    assert (answer.status, "Uni &amp; home" in answer.text) == (207, True)


def test_the_root_names_the_principal_of_whoever_asks(server: Server) -> None:
    question = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'
    for user in USERS:
        answer = server.hand(user).ask("PROPFIND", server.url, question, {"Depth": "0"})
        assert f"<href>/{user}/</" in answer.text.replace("ns0:", "")


@pytest.mark.parametrize("user", ["asha", "nobody", ""])
def test_a_wrong_password_is_answered_401_with_a_challenge(server: Server, calendar: str, user: str) -> None:
    answer = Hand(server.home("asha"), user, "wrong").ask("PROPFIND", calendar, headers={"Depth": "0"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_nobody_sees_the_calendars_of_somebody_else(server: Server, asha: Hand, calendar: str) -> None:
    asha.put(calendar + "one.ics", EVENT)
    assert server.hand("ben").ask("GET", calendar + "one.ics").status == 403
    assert server.hand("ben").ask("PUT", calendar + "two.ics", EVENT).status == 403
    assert server.hand("ben").ask("DELETE", calendar).status == 403
    assert "UID:one" in asha.get(calendar + "one.ics")


def test_a_server_stopped_for_a_while_returns_on_its_port_with_its_data(
    server: Server, asha: Hand, calendar: str
) -> None:
    asha.put(calendar + "one.ics", EVENT)
    port, pid = server.port, server.pid
    server.stop()
    assert pid is not None
    assert gone(pid)
    with pytest.raises(ConnectionRefusedError):
        asha.get(calendar + "one.ics")
    server.start()
    assert server.port == port
    assert "UID:one" in asha.get(calendar + "one.ics")


def test_moving_deleting_and_writing_with_an_old_etag_do_what_a_calendar_app_expects(
    asha: Hand, calendar: str
) -> None:
    asha.put(calendar + "one.ics", EVENT)
    other = asha.make_calendar("other")
    asha.move(calendar + "one.ics", other + "moved.ics")
    assert asha.ask("GET", calendar + "one.ics").status == 404
    with pytest.raises(Refused, match="412"):
        asha.put(other + "moved.ics", EVENT, if_match='"an old one"')
    asha.delete(other + "moved.ics")
    with pytest.raises(Refused, match="404"):
        asha.get(other + "moved.ics")
    asha.delete(calendar)
    assert asha.ask("GET", calendar).status == 404


def test_requests_are_counted_by_calendar_and_by_method(server: Server, asha: Hand) -> None:
    calendar = asha.make_calendar("counted ü", "Counted")
    before = server.count(calendar)
    asha.put(calendar + "one.ics", EVENT)
    asha.get(calendar + "one.ics")
    asha.get(calendar + "one.ics")
    assert (before, server.count(calendar)) == (1, 4)
    assert server.count(calendar, "GET") == 2
    assert server.requests()["PUT", f"{calendar.removeprefix(server.url[:-1]).replace('%C3%BC', 'ü')}"] == 0


def test_starting_counts_no_request_and_starting_twice_starts_once(tmp_path: Path) -> None:
    with radicale(tmp_path, USERS) as server:
        pid = server.pid
        assert server.start().pid == pid
        assert server.count() == 0
        server.stop()
        server.stop()


@pytest.mark.parametrize("name", MAKERS)
def test_the_date_of_every_answer_follows_the_clock(tmp_path: Path, name: str) -> None:
    clock = MovableClock(datetime(2026, 10, 5, 7, 30, tzinfo=UTC))
    with MAKERS[name](tmp_path, USERS, clock=clock) as server:
        ben = server.hand("ben")
        calendar = ben.make_calendar("work")
        clock.sleep(timedelta(days=3))
        dates = {
            ask.headers["Date"]
            for ask in (
                ben.ask("GET", calendar),
                ben.ask("PUT", calendar + "one.ics", EVENT, {"Content-Type": "text/calendar"}),
                Hand(ben.home, "ben", "wrong").ask("GET", calendar),
            )
        }
        assert [parsedate_to_datetime(date) for date in dates] == [clock.now()]


def test_an_invitation_reaches_whoever_was_introduced_since_the_start(tmp_path: Path) -> None:
    invitation = EVENT.replace(
        "END:VEVENT",
        "ORGANIZER:mailto:asha@school.example\r\nATTENDEE:mailto:ben@school.example\r\nEND:VEVENT",
    )
    with xandikos(tmp_path, USERS, scheduling=True) as server:
        asha, ben = server.hand("asha"), server.hand("ben")
        calendar = asha.calendar("calendar")
        for user in USERS:
            server.introduce(user, f"{user}@school.example")
        asha.put(calendar + "0.ics", invitation)
        server.stop()
        server.start()
        server.introduce("asha", "asha@school.example")
        asha.put(calendar + "1.ics", invitation.replace("UID:one", "UID:two"))
        assert 'SCHEDULE-STATUS="2.0;Success"' in asha.get(calendar + "0.ics")
        assert "2.0;Success" not in asha.get(calendar + "1.ics")
        listing = ben.ask("PROPFIND", ben.calendar("calendar"), headers={"Depth": "1"}).text
        assert listing.count(".ics<") == 1


def test_an_invitation_its_refusal_and_its_end_travel_by_the_server(tmp_path: Path) -> None:
    invitation = EVENT.replace(
        "END:VEVENT",
        "ORGANIZER:mailto:asha@school.example\r\n"
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:asha@school.example\r\n"
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ben@school.example\r\nEND:VEVENT",
    )
    with xandikos(tmp_path, USERS, scheduling=True) as server:
        hands = asha, ben = server.hand("asha"), server.hand("ben")
        mine, his = (hand.make_calendar("work") for hand in hands)
        for user, calendar in (("asha", mine), ("ben", his)):
            server.introduce(user, f"{user}@school.example")
            server.deliver(user, calendar)
        asha.put(mine + "0.ics", invitation)
        (copy,) = ben.find(his, "on")
        assert (copy.cancelled, ben.find(his, "two")) == (False, ())
        ben.decline(copy, "ben@school.example")
        answered = asha.get(mine + "0.ics").replace("\r\n ", "").replace("\n ", "").splitlines()
        assert [("DECLINED" in line) for line in answered if line.startswith("ATTENDEE")] == [False, True]
        asha.delete(mine + "0.ics")
        assert [one.cancelled for one in ben.find(his, "one")] == [True]
        assert ben.find(ben.calendar("calendar"), "one") == ()


def test_nobody_claims_an_address_for_somebody_else(server: Server) -> None:
    with pytest.raises(Refused, match="403"):
        server.hand("ben").claim(f"{server.url}asha/", "ben@school.example")


def test_a_missing_server_is_told_in_one_sentence(tmp_path: Path) -> None:
    absent = Program("no_such_calendar_server", ("-m", "no_such_calendar_server"), 9, "/{user}/")
    with pytest.raises(NoServer, match=r'not installed: pip install "syncd\[demo\]"'):
        Server(absent, tmp_path, USERS).start()


def test_a_server_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    broken = Program("radicale", ("-m", "radicale", "--config", "nowhere"), 9, "/{user}/")
    with pytest.raises(NoServer, match=r"ended as soon as it was started: read .*radicale\.log") as told:
        Server(broken, tmp_path, USERS).start()
    assert Path(str(told.value).rpartition("read ")[2]).read_text()


def test_a_server_that_died_by_itself_can_be_started_again(tmp_path: Path) -> None:
    with radicale(tmp_path, USERS) as server:
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: server.start().pid != first)
        assert server.hand("ben").ask("OPTIONS", server.url).status == 200


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path) -> None:
    server = xandikos(tmp_path, USERS)
    with socket.create_server(("127.0.0.1", server.port)):
        with pytest.raises(NoServer, match=f"port {server.port} is taken by another program"):
            server.start()
        assert server.pid is None


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = radicale(tmp_path, USERS)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    with server:
        assert server.hand("ben").ask("OPTIONS", server.url).status == 200


def test_a_server_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, signal\n"
        "from syncd.demo.servers import radicale\n"
        "server = radicale(pathlib.Path(sys.argv[1]), {}).start()\n"
        "print(server.pid, flush=True)\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout as said:
        pid = int(said.readline())
        assert not gone(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_for(lambda: gone(pid))


def test_a_child_that_is_forgotten_ends_and_one_that_ignores_a_request_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    log = tmp_path / "log"
    child = Child(("-c", stubborn), directory=tmp_path, log=log, patience=timedelta(milliseconds=200))
    wait_for(lambda: log.read_text() == "1\n")
    pid = child.pid
    del child
    assert gone(pid)


def wait_for(done: Callable[[], bool]) -> None:
    for _ in range(400):
        if done():
            return
        SystemClock().sleep(timedelta(milliseconds=25))
    raise AssertionError("it did not happen within ten seconds")
