from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.demo.hand import Hand

ROOT = Path(__file__).parents[2]
PATIENCE = 240
SYNCD = [sys.executable, "-m", "syncd"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A directory for temporary files of our own, the plainest language, and no colours."""
    inherited = {name: word for name, word in os.environ.items() if not name.startswith(("SYNCD_", "LC_"))}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),
        "LANG": "C",
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }


def run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [*SYNCD, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@contextmanager
def started(arguments: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*SYNCD, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], PATIENCE)[0], "it says nothing"
    return process.stdout.readline()


def alive_in(directory: Path) -> list[str]:
    """Return the programs that were started with a file in *directory*."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(directory) in line:
            found.append(line)
    return found


def nothing_left(directory: Path) -> bool:
    return not list(directory.iterdir()) and not alive_in(directory)


@pytest.mark.parametrize("google", [[], ["--google"]])
def test_the_story_ends_well_with_json_and_nothing_else(
    tmp_path: Path, environment: dict[str, str], google: list[str]
) -> None:
    done = run(["demo", "--story", "--json", *google], environment)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == ["step", "what", "session", "verdict"] for line in lines)
    assert sum(", with Google" in line["what"] for line in lines) == 2 * len(google)
    verdicts = sorted(line["verdict"] for line in lines if line["verdict"])
    assert verdicts == ["forfeit", "not_student", "timely", "timely"]
    assert lines[-1]["step"] == "the end"
    assert nothing_left(tmp_path)


def test_the_story_with_google_is_told_to_people_as_well(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run(["demo", "--story", "--google"], environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "say yes to syncd on Google's page" in done.stdout
    assert done.stdout.rstrip().endswith("syncd demo --google")
    assert nothing_left(tmp_path)


def test_a_story_that_is_ended_leaves_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    with started(["demo", "--story", "--json"], environment) as process:
        assert json.loads(first_line(process))["step"] == "connected"
        assert alive_in(tmp_path)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    assert nothing_left(tmp_path)


def test_the_open_demo_answers_until_it_is_ended(tmp_path: Path, environment: dict[str, str]) -> None:
    with started(["demo", "--json"], environment) as process:
        school: dict[str, Any] = json.loads(first_line(process))
        everything_answers(school, environment)
        deleted = run(
            ["--config", school["config"], "demo", "delete", school["sessions"][0]["id"]], environment
        )
        assert deleted.stdout.startswith("Arjun Mehta has deleted session"), deleted.stderr
        process.terminate()
        _, talk = process.communicate(timeout=PATIENCE)
    assert (process.returncode, talk) == (0, "")
    assert nothing_left(tmp_path)
    with pytest.raises(ConnectionRefusedError):
        Hand(school["url"], "lena", "").ask("GET", school["url"])


def everything_answers(school: dict[str, Any], environment: dict[str, str]) -> None:
    secrets = {one["email"]: (one["user"], one["password"]) for one in school["people"]}
    assert len(secrets) == 5
    assert all(one["command"].split()[0] in {"syncd", "curl"} for one in school["commands"])
    for session in school["sessions"]:
        for side in ("student", "mentor"):
            hand = Hand("", *secrets[session[side]])
            assert session["id"] in hand.get(session[f"{side}_event"])
    listed = run(["--config", school["config"], "session", "list", "--json"], environment)
    assert {one["id"]: one["state"] for one in json.loads(listed.stdout)} == {
        one["id"]: "booked" for one in school["sessions"]
    }


@pytest.mark.parametrize("google", [[], ["--google"]])
def test_what_the_open_demo_says_to_try_can_be_pasted(
    tmp_path: Path, environment: dict[str, str], google: list[str]
) -> None:
    with started(["demo", *google], environment) as process:
        lines = guide(process)
        pasted = paste([line for line in lines if line.startswith("    ")], environment)
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert len(lines) <= 25
    assert max(len(line.replace(str(tmp_path), "/tmp")) for line in lines) <= 80  # noqa: S108 - where it is elsewhere
    seen = pasted.stdout
    in_time, proven, late, explained, declined = (
        seen.index(words)
        for words in (
            "Arjun with Miriam: TIMELY",
            "Lena with Jonas: stood at its deadline: that is proven",
            "Lena with Jonas: FORFEIT",
            "Verdict: FORFEIT",
            "Chloé with Jonas: NOT THE STUDENT'S DOING",
        )
    )
    assert in_time < proven < late < explained < declined


def guide(process: subprocess.Popen[str]) -> list[str]:
    """Return what is printed, up to the last thing to try."""
    lines = [first_line(process)]
    assert process.stdout is not None
    while not lines[-1].startswith("    syncd demo decline"):
        lines.append(process.stdout.readline())
        assert lines[-1], "it ends in the middle"
    return [line.rstrip("\n") for line in lines]


def paste(lines: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    script = "\n".join(("set -e", f'syncd() {{ "{sys.executable}" -m syncd "$@"; }}', *lines))
    return subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_its_clock_moves_forward_only_and_every_command_sees_it(environment: dict[str, str]) -> None:
    with started(["demo", "--json"], environment) as process:
        school = json.loads(first_line(process))
        config = ["--config", school["config"]]
        before = datetime.fromisoformat(school["at"])
        moved = run([*config, "demo", "move", "23h", "--json"], environment)
        after = datetime.fromisoformat(
            json.loads(run([*config, "status", "--json"], environment).stdout)["at"]
        )
        back = run([*config, "demo", "move", "--to", "2026-01-01T00:00Z"], environment)
        answer = Hand(school["url"], "arjun", "wrong").ask("GET", school["url"])
    assert {each["kind"] for each in json.loads(moved.stdout)["events"]} <= {"session.proven"}
    assert timedelta(hours=23) <= after - before <= timedelta(hours=23, seconds=PATIENCE)
    assert parsedate_to_datetime(answer.headers["Date"]) - before >= timedelta(hours=23)
    assert (back.returncode, back.stdout) == (1, "")
    assert "only moves forward; choose a later time" in back.stderr


def test_no_other_clock_is_moved(tmp_path: Path, environment: dict[str, str]) -> None:
    assert run(["init", "--dir", str(tmp_path / "school")], environment).returncode == 0
    config = ["--config", str(tmp_path / "school" / "config.toml")]
    done = run([*config, "demo", "move", "23h"], environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not the configuration of a demo" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["move"],
        ["move", "1h", "--to", "2030-01-01T00:00Z"],
        ["--story", "move", "1h"],
        ["--google", "move", "1h"],
        ["mvoe"],
    ],
)
def test_what_cannot_be_meant_is_one_sentence(environment: dict[str, str], words: list[str]) -> None:
    done = run(["demo", *words], environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(["demo", "--port", str(port), "--json"], environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"port {port} is taken by another program")
    assert done.stderr.endswith("; choose another --port\n")
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("server", ["radicale", "xandikos"])
@pytest.mark.parametrize("options", [[], ["--story"]])
def test_without_a_calendar_server_it_says_what_to_install(
    tmp_path: Path, environment: dict[str, str], options: list[str], server: str
) -> None:
    code = f"import sys; sys.modules['{server}'] = None; from syncd.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--json", *options],
        env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f'{server} is not installed: pip install "syncd[demo]"\n'
    assert nothing_left(tmp_path)


def test_the_environment_cannot_lead_the_demo_to_somebody_elses_database(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    done = run(["demo", "--json"], {**environment, "SYNCD_DATABASE__URL": f"sqlite:///{tmp_path}/real.db"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "SYNCD_DATABASE__URL is set and would overrule the demo's own configuration"
    )
    assert nothing_left(tmp_path)


def test_a_story_has_no_port(environment: dict[str, str]) -> None:
    done = run(["demo", "--story", "--port", "5232"], environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
