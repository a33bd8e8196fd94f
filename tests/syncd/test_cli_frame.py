from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest
import typer

from providers.errors import AccessLost, Loss, Unavailable
from syncd.cli import frame, given, setup
from syncd.cli.checks import Check, Level
from syncd.clock import SystemClock
from syncd.config import load
from syncd.errors import Misconfigured, Problem, Usage
from syncd.store.database import Database
from syncd.store.errors import StoreBusy
from syncd.vault import CANARY_NAME, Vault

ROOT = Path(__file__).parents[2]
ERRORS: Mapping[str, BaseException] = {
    "problem": Problem("the soup is cold"),
    "usage": Usage("that is no spoon"),
    "configuration": Misconfigured("config.toml:1: x\nconfig.toml:2: y"),
    "unavailable": Unavailable("no answer within 10s", where="https://calendar.example"),
    "lost": AccessLost("the password is refused", loss=Loss.CREDENTIALS),
    "busy": StoreBusy("syncd.db is locked by another process; try again"),
    "interrupted": KeyboardInterrupt(),
    "left": typer.Exit(1),
}


def fails(kind: str) -> None:
    """Fail."""
    raise ERRORS[kind]


def shows(as_json: frame.JsonOption = False) -> None:
    """Show where the configuration is."""
    frame.emit({"config": frame.explicit(), "json": as_json})


def breaks(secret: Annotated[str, typer.Argument()]) -> None:
    """Fail in a way that nobody foresaw."""
    raise LookupError(len(secret))


def register(app: typer.Typer) -> None:
    app.command()(fails)
    app.command()(breaks)
    group = typer.Typer()
    group.command()(shows)
    group.command(name="other")(shows)
    app.add_typer(group, name="deep")


THESE = SimpleNamespace(register=register)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Line:
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *args: str | Path) -> Ended:
        self.capsys.readouterr()
        code = frame.run((setup, THESE), [str(one) for one in args])
        out, err = self.capsys.readouterr()
        return Ended(code, out, err)


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    for name in list(os.environ):
        if name.upper().startswith("SYNCD_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Line(capsys)


def process(
    code: str, folder: Path, *, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("problem", 1, "the soup is cold\n"),
        ("usage", 2, "that is no spoon\n"),
        ("configuration", 3, "config.toml:1: x\nconfig.toml:2: y\n"),
        ("unavailable", 1, "https://calendar.example: no answer within 10s; try again later\n"),
        ("lost", 1, "the password is refused; connect the account again\n"),
        ("busy", 1, "syncd.db is locked by another process; try again\n"),
        ("interrupted", 130, ""),
        ("left", 1, ""),
    ],
)
def test_every_error_is_one_sentence_and_a_code(line: Line, kind: str, code: int, said: str) -> None:
    assert line("fails", kind) == Ended(code, "", said)


def test_a_misspelt_command_or_option_is_named_with_the_nearest(line: Line) -> None:
    assert line("inti") == Ended(
        2, "", "syncd: no such command 'inti'; did you mean 'init'? (see: syncd --help)\n"
    )
    assert line("deep", "shows", "--jsn") == Ended(
        2,
        "",
        "syncd deep shows: no such option: --jsn; did you mean --json? (see: syncd deep shows --help)\n",
    )
    assert line().code == line("deep").code == line("fails").code == 2


def test_the_configuration_can_be_named_before_and_behind_every_command(line: Line) -> None:
    for args in (
        ("--config", "a.toml", "deep", "shows"),
        ("deep", "shows", "--config", "a.toml"),
        ("--config", "b.toml", "deep", "other", "--config=a.toml"),
    ):
        assert json.loads(line(*args).out)["config"] == "a.toml"
    assert json.loads(line("deep", "shows").out)["config"] is None
    assert "--config" in line("deep", "shows", "--help").out


def test_without_a_configuration_it_says_where_it_looked(line: Line) -> None:
    ended = line("paths")
    assert (ended.code, ended.out) == (3, "")
    assert "/etc/syncd/config.toml" in ended.err
    assert len(ended.err.splitlines()) == 1


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Seen:
    at: datetime
    length: timedelta


def test_what_is_emitted_is_one_line_of_json_with_times_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    berlin = datetime(2026, 12, 1, 16, tzinfo=ZoneInfo("Europe/Berlin"))
    frame.emit(
        {
            "seen": [Seen(berlin, timedelta(hours=36))],
            "day": date(2026, 12, 1),
            "colour": Colour.RED,
            "zone": ZoneInfo("Europe/Berlin"),
            "path": Path("/x"),
            "set": frozenset({2, 1}),
            "none": None,
            "name": "Zoë",
        }
    )
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "Zoë" in out
    assert json.loads(out) == {
        "seen": [{"at": "2026-12-01T15:00:00Z", "length": "36h"}],
        "day": "2026-12-01", "colour": "red", "zone": "Europe/Berlin", "path": "/x", "set": [1, 2],
        "none": None, "name": "Zoë",
    }  # fmt: skip


def test_a_time_without_a_zone_is_never_emitted() -> None:
    with pytest.raises(ValueError, match="no zone"):
        frame.emit(datetime(2026, 12, 1))  # noqa: DTZ001 - that is the point


def test_columns_are_aligned_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    frame.table(("a", "bb"), [("x" * 200, None), (1, datetime(2026, 1, 1, tzinfo=UTC))])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.index("bb") == first.index(" -") + 1 == second.index("2026-01-01T00:00:00Z") == 202


def test_the_version_is_answered_without_loading_the_rest(tmp_path: Path) -> None:
    code = (
        "import sys; from syncd.cli import main; code = main(['--version']);"
        "heavy = {'pydantic', 'sqlalchemy', 'cryptography', 'structlog', 'requests', 'caldav', 'rich'};"
        "print(sorted(heavy & set(sys.modules))); sys.exit(code)"
    )
    with process(code, tmp_path) as run:
        out, err = run.communicate()
    assert (run.returncode, err) == (0, "")
    assert re.fullmatch(r"syncd \S.*\n\[\]\n", out)


UNEXPECTED = (
    "import sys; sys.argv = ['syncd', 'breaks', 'hunter2'];"
    "from syncd.cli import frame, main, unexpected; unexpected.install();"
    "from tests.syncd.test_cli_frame import THESE; sys.exit(frame.run((THESE,)))"
)


def test_an_error_that_nobody_foresaw_is_one_sentence_and_a_private_file(tmp_path: Path) -> None:
    with process(UNEXPECTED, tmp_path) as run:
        out, err = run.communicate()
    assert (run.returncode, out, len(err.splitlines())) == (1, "", 1)
    assert "LookupError" in err
    assert "Traceback" not in err
    (details,) = tmp_path.glob("syncd-error-*.txt")
    assert str(details) in err
    assert details.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in details.read_text()
    assert "hunter2" not in details.read_text()


def test_the_details_go_to_the_state_directory_if_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with process(UNEXPECTED, tmp_path, STATE_DIRECTORY=str(tmp_path / "state")) as run:
        run.communicate()
    assert len(list((tmp_path / "state").iterdir())) == 1


def test_an_error_in_a_thread_is_one_sentence_too(tmp_path: Path) -> None:
    code = (
        "import threading; from syncd.cli import unexpected; unexpected.install();"
        "one = threading.Thread(target=lambda: {}['x']); one.start(); one.join()"
    )
    with process(code, tmp_path) as run:
        _, err = run.communicate()
    assert len(err.splitlines()) == 1
    assert "KeyError" in err


def test_a_reader_who_leaves_is_not_an_error(tmp_path: Path) -> None:
    code = (
        "import sys; from types import SimpleNamespace; from syncd.cli import frame\n"
        "def many():\n    for n in range(100_000): frame.emit({'n': n})\n"
        "def one():\n    pass\n"
        "these = SimpleNamespace(register=lambda app: (app.command()(many), app.command()(one)))\n"
        "sys.exit(frame.run((these,), ['many']))"
    )
    read, write = os.pipe()
    with process(code, tmp_path, stdout=write) as run:
        os.close(write)
        os.read(read, 10)
        os.close(read)
        _, err = run.communicate()
    assert (run.returncode, err) == (141, "")


def test_control_c_ends_quietly(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time; from types import SimpleNamespace; from syncd.cli import frame\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background begins deaf to it
        "def wait():\n    print('ready', flush=True); time.sleep(60)\n"
        "def one():\n    pass\n"
        "these = SimpleNamespace(register=lambda app: (app.command()(wait), app.command()(one)))\n"
        "sys.exit(frame.run((these,), ['wait']))"
    )
    with process(code, tmp_path) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        _, err = run.communicate()
    assert (run.returncode, err) == (130, "")


def test_init_writes_three_files_that_work_and_overwrites_none(line: Line, tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert line("init", "--dir", home).out.splitlines() == [
        f"wrote {home}/config.toml", f"wrote {home}/key", f"wrote {home}/syncd.service",
    ]  # fmt: skip
    config = load(home / "config.toml")
    assert (home / "key").stat().st_mode & 0o777 == 0o600
    sealed = Vault.load(config).seal(b"secret", "x")
    before = {file.name: file.read_bytes() for file in home.iterdir()}
    (home / "syncd.service").unlink()
    assert line("init", "--dir", home).out.splitlines() == [
        f"kept  {home}/config.toml", f"kept  {home}/key", f"wrote {home}/syncd.service",
    ]  # fmt: skip
    assert {file.name: file.read_bytes() for file in home.iterdir()} == before
    assert Vault.load(config).open(sealed, "x") == b"secret"


def test_init_where_nothing_can_be_written_is_one_sentence(line: Line, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = line("init", "--dir", tmp_path / "file")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)


def test_the_unit_hands_over_configuration_and_key(line: Line, tmp_path: Path) -> None:
    line("init", "--dir", tmp_path)
    unit = (tmp_path / "syncd.service").read_text().splitlines()
    assert f"LoadCredential=config.toml:{tmp_path}/config.toml" in unit
    assert f"LoadCredential=token-key:{tmp_path}/key" in unit
    assert "Environment=SYNCD_DATABASE__URL=sqlite:///%S/syncd/syncd.db" in unit
    assert all(re.fullmatch(r"([A-Z][A-Za-z]+=.*|\[\w+\]|#.*|)", one) for one in unit)


def test_paths_says_what_is_there(line: Line, tmp_path: Path) -> None:
    line("init", "--dir", tmp_path)
    found = json.loads(line("paths", "--json", "--config", tmp_path / "config.toml").out)
    assert found["config"] == {"path": f"{tmp_path}/config.toml", "exists": True}
    assert found["database"] == {"path": f"{tmp_path}/syncd.db", "exists": False}
    assert found["key"] == {"path": f"{tmp_path}/key", "exists": True}


def test_the_configuration_in_force_is_shown_without_passwords(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line("init", "--dir", tmp_path)
    monkeypatch.setenv("SYNCD_DATABASE__URL", "postgresql://syncd:hunter2@db.example/syncd")
    monkeypatch.setenv("SYNCD_MAIL__URL", "smtps://me:hunter2@mail.example:465")
    for args in (("--json",), ()):
        out = line("config", "show", "--config", tmp_path / "config.toml", *args).out
        assert "hunter2" not in out
        assert "postgresql://syncd@db.example/syncd" in out
        assert "smtps://me@mail.example:465" in out


def test_check_is_one_line_each_and_finds_nothing_wrong_with_what_init_wrote(
    line: Line, tmp_path: Path
) -> None:
    line("init", "--dir", tmp_path)
    ended = line("check", "--offline", "--config", tmp_path / "config.toml")
    assert (ended.code, ended.err) == (0, "")
    assert [row.split()[1] for row in ended.out.splitlines()] == [
        "packages:", "http:", "config:", "key:", "database:", "clock:",
    ]  # fmt: skip
    assert re.search(r"OK +http: requests \S+ on urllib3(-future in the place of urllib3)? \d", ended.out)


def test_check_fails_with_the_remedy(line: Line, tmp_path: Path) -> None:
    line("init", "--dir", tmp_path)
    (tmp_path / "key").chmod(0o644)
    ended = line("check", "--json", "--config", tmp_path / "config.toml")
    assert ended.code == 1
    (key,) = (one for one in json.loads(ended.out) if one["name"] == "key")
    assert (key["level"], key["remedy"]) == ("FAIL", f"type: chmod 600 {tmp_path}/key")
    (tmp_path / "config.toml").write_text('[rules]\nnotise = "1h"\nlag = "x"\n')
    ended = line("check", "--config", tmp_path / "config.toml")
    assert ended.code == 3
    assert ended.out.count("FAIL config: config.toml:") == 2


def test_a_check_reads_as_one_thing() -> None:
    assert frame.plain(Check("key", Level.OK, "fine")) == {
        "name": "key", "level": "OK", "says": "fine", "remedy": "",
    }  # fmt: skip


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-12-01T15:00:00Z", datetime(2026, 12, 1, 15, tzinfo=UTC)),
        ("2026-12-01T15:00:00+05:30", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("2026-12-01 15:00", datetime(2026, 12, 1, 14, tzinfo=UTC)),
        ("2026-07-01T15:00", datetime(2026, 7, 1, 13, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("2026-12-01 15:00 America/New_York", datetime(2026, 12, 1, 20, tzinfo=UTC)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_it_was_meant(typed: str, meant: datetime) -> None:
    assert given.instant(typed, BERLIN) == meant
    assert given.instant(typed, BERLIN).tzinfo is UTC


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tomorrow", "'tomorrow' is not a time; write it like"),
        ("2026-10-25 02:30", "comes twice in Europe/Berlin"),
        ("2027-03-28 02:30", "is skipped in Europe/Berlin"),
        ("2026-12-01 15:00 Europe/Berln", "did you mean Europe/Berlin?"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(typed: str, said: str) -> None:
    with pytest.raises(Usage, match=re.escape(said)) as caught:
        given.instant(typed, BERLIN)
    assert caught.value.exit_code == 2


def test_a_time_that_comes_twice_is_shown_both_ways_and_both_can_be_typed() -> None:
    with pytest.raises(Usage) as caught:
        given.instant("2026-10-25 02:30", BERLIN)
    first, second = re.findall(r'"([^"]+)"', caught.value.sentence)
    assert given.instant(second, BERLIN) - given.instant(first, BERLIN) == timedelta(hours=1)
    assert datetime.fromisoformat(first).tzinfo == timezone(timedelta(hours=2))


def test_an_address_is_read_in_lower_case_or_refused() -> None:
    assert given.address(" Mia.Kern@School.Example ") == "mia.kern@school.example"
    for wrong in (
        "",
        "mia",
        "mia@",
        "@x",
        "mia kern@x.y",
        "a@b@c",
        "Mia <mia@x.y>",
        "mia@x..y",
        "x" * 250 + "@b.c",
    ):
        with pytest.raises(Usage, match="is not an e-mail address"):
            given.address(wrong)


def test_lengths_days_zones_and_weekly_hours_are_read_or_refused() -> None:
    assert given.length("1h30m") == timedelta(minutes=90)
    assert given.day("2026-12-01") == date(2026, 12, 1)
    assert given.zone("Europe/Berlin") == BERLIN
    assert str(given.weekly("Mon 9:00-10:00")) == "Mon 09:00-10:00"
    for reader in (given.length, given.day, given.zone, given.weekly):
        with pytest.raises(Usage):
            reader("nonsense")


def test_check_recognises_a_database_that_another_key_sealed(line: Line, tmp_path: Path) -> None:
    line("init", "--dir", tmp_path)
    config = load(tmp_path / "config.toml")
    store = Database.open(config.database.url, SystemClock())
    store.upgrade()
    with store.write() as tx:
        tx.meta.put(CANARY_NAME, Vault.load(config).fingerprint())
    store.close()
    checked = ("check", "--offline", "--config", tmp_path / "config.toml")
    assert line(*checked).code == 0
    (tmp_path / "key").unlink()
    Vault.create(tmp_path / "key")
    ended = line(*checked)
    assert ended.code == 1
    assert "FAIL key of the database: " in ended.out
    assert "put the right key back" in ended.out


def test_check_says_when_the_database_is_none(line: Line, tmp_path: Path) -> None:
    line("init", "--dir", tmp_path)
    (tmp_path / "syncd.db").write_text("this is no database, however long it may be read " * 100)
    ended = line("check", "--offline", "--config", tmp_path / "config.toml")
    assert ended.code == 1
    assert "FAIL database: " in ended.out
