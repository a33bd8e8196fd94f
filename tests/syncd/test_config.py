from __future__ import annotations

import os
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.interval import Interval
from policy.rules import Rules
from syncd.config import Config, Days, HostPort, find, load
from syncd.config.lines import lines
from syncd.errors import Misconfigured

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SYNCD_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def wrong(folder: Path, text: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        load(written(folder, text))
    assert caught.value.exit_code == 3
    return caught.value.sentence.splitlines()


def test_an_empty_file_is_a_whole_configuration(tmp_path: Path) -> None:
    config = load(written(tmp_path, ""))
    assert config.rules == Rules()
    assert config.poll.every == timedelta(minutes=5)
    assert config.school.zone == ZoneInfo("UTC")
    assert config.web.listen == HostPort("127.0.0.1", 8080)


def test_the_example_says_exactly_the_defaults(tmp_path: Path) -> None:
    defaults = load(written(tmp_path, ""))
    example = load(written(tmp_path, EXAMPLE.read_text(encoding="utf-8")))
    assert example == defaults
    assert example.model_dump(mode="json") == defaults.model_dump(mode="json")


def test_the_example_names_every_key_once_with_a_sentence_above_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    tree = tomllib.loads(text)
    defaults = Config().model_dump()
    assert {name: set(keys) for name, keys in tree.items()} == {
        name: set(keys) for name, keys in defaults.items()
    }
    there = text.splitlines()
    for section, keys in tree.items():
        for key in keys:
            above = there[lines(text)[section, key] - 2]
            assert above.startswith("# "), f"{section}.{key} has no comment"
            assert above.endswith((".", '"')), f"{section}.{key}: not a sentence: {above}"


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    assert wrong(tmp_path, '# one\n\n[rules]\nlag = "1m"\nnotise = "24h"\n') == [
        "config.toml:5: rules.notise: no such key; did you mean rules.notice?"
    ]


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(tmp_path: Path) -> None:
    assert wrong(tmp_path, '[rules]\nevery = "5m"\n') == [
        "config.toml:2: rules.every: no such key; did you mean poll.every?"
    ]
    assert wrong(tmp_path, 'notice = "24h"\n') == [
        "config.toml:1: notice: no such section or key; did you mean rules.notice?"
    ]
    assert wrong(tmp_path, '\n[scool]\nname = "x"\n') == [
        "config.toml:2: scool: no such section or key; did you mean school?"
    ]


def test_a_wrong_length_of_time_is_told_how_to_be_written(tmp_path: Path) -> None:
    (said,) = wrong(tmp_path, "[rules]\n\n\n\n\n\nnotice = 'soon'\n")
    assert said.startswith("config.toml:7: rules.notice: 'soon' is not a length of time; write it like")


def test_every_wrong_line_is_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = wrong(
        tmp_path,
        '[web]\nlisten = "x"\n[poll]\nworkers = 0\nevery = "0s"\n'
        '[caldav]\nallow = [\n  "a.example:443",\n  "b",\n]\n[grid]\ntentative = "maybe"\n',
    )
    assert [line.split(": ")[:2] for line in said] == [
        ["config.toml:2", "web.listen"],
        ["config.toml:4", "poll.workers"],
        ["config.toml:5", "poll.every"],
        ["config.toml:9", "caldav.allow[2]"],
        ["config.toml:12", "grid.tentative"],
    ]


def test_a_zone_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    for typed in ("Berlin", "Europe/Berln", "europe/berlin"):
        (said,) = wrong(tmp_path, f'[school]\nzone = "{typed}"\n')
        assert (
            said == f"config.toml:2: school.zone: '{typed}' is not a time zone; did you mean Europe/Berlin?"
        )


def test_a_file_that_is_not_toml_has_its_line(tmp_path: Path) -> None:
    (said,) = wrong(tmp_path, '[rules]\nnotice = "24h"\nlag = oops\n')
    assert said.startswith("config.toml:3: not TOML: ")
    (said,) = wrong(tmp_path, '[rules]\nnotice = "24h"\nlag =')
    assert said.startswith("config.toml:3: not TOML: ")
    (said,) = wrong(tmp_path, "[caldav]\nallow = [\n")
    assert said.startswith("config.toml:2: not TOML: ")


def test_a_section_written_as_a_value_is_told_how(tmp_path: Path) -> None:
    (said,) = wrong(tmp_path, "rules = 5\n")
    assert said.startswith("config.toml:1: rules: is a table; write its keys under [rules]")


def test_a_password_in_a_wrong_address_is_not_repeated(tmp_path: Path) -> None:
    said = wrong(tmp_path, '[database]\nurl = "mysql://u:hunter2@h/db"\n[mail]\nurl = "mail://u:hunter2@h"\n')
    assert len(said) == 2
    assert "hunter2" not in "".join(said)


def test_the_environment_overrules_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_RULES__NOTICE", "30s")
    monkeypatch.setenv("SYNCD_CALDAV__ALLOW", "127.0.0.1:5232, [::1]:5233")
    monkeypatch.setenv("SYNCD_SCHOOL__CLOSURES", '["2026-12-24"]')
    monkeypatch.setenv("SYNCD_GOOGLE__PUSH", "true")
    config = load(written(tmp_path, '[rules]\nnotice = "2h"\nlag = "1s"\n[caldav]\nallow = ["a:1"]\n'))
    assert config.rules.notice == timedelta(seconds=30)
    assert config.rules.lag == timedelta(seconds=1)
    assert config.caldav.allow == (HostPort("127.0.0.1", 5232), HostPort("::1", 5233))
    assert config.school.closures == (Days(date(2026, 12, 24), date(2026, 12, 24)),)
    assert config.google.push is True


def test_a_wrong_variable_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_RULES__NOTICE", "soon")
    monkeypatch.setenv("SYNCD_RULES__NOTISE", "1h")
    monkeypatch.setenv("SYNCD_RULZ__LAG", "1h")
    monkeypatch.setenv("SYNCD_POLL", "often")
    said = wrong(tmp_path, '[rules]\nnotice = "2h"\n')
    assert sorted(line.split(": ")[0] for line in said) == [
        "SYNCD_POLL", "SYNCD_RULES__NOTICE", "SYNCD_RULES__NOTISE", "SYNCD_RULZ__LAG",
    ]  # fmt: skip
    assert "SYNCD_RULES__NOTISE: rules.notise: no such key; did you mean rules.notice?" in said
    assert "SYNCD_RULZ__LAG: rulz.lag: no such key; did you mean rules.lag?" in said


def test_variables_of_others_with_our_prefix_are_none_of_our_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCD_PORT", "tcp://10.0.0.1:8080")  # what Kubernetes sets for a service called syncd
    monkeypatch.setenv("SYNCD_CONFIG", "elsewhere")
    assert load(written(tmp_path, "")).rules == Rules()


def test_relative_paths_count_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    written(tmp_path / "etc", '[caldav]\nca_file = "ca.pem"\n[webhooks]\nsecret_file = "/abs/secret"\n')
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/config.toml"))
    home = tmp_path / "etc"
    assert config.file == home / "config.toml"
    assert config.database.url == f"sqlite:///{home}/syncd.db"
    assert config.key_file == home / "key"
    assert config.caldav.ca_file == home / "ca.pem"
    assert config.webhooks.secret_file == Path("/abs/secret")


def test_an_absolute_database_and_another_server_stay_as_they_are(tmp_path: Path) -> None:
    for url in ("sqlite:////var/lib/syncd/syncd.db", "postgresql://syncd@db.example/syncd"):
        assert load(written(tmp_path, f'[database]\nurl = "{url}"\n')).database.url == url


def test_the_key_that_systemd_hands_over_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert load(file).key_file == tmp_path / "key"
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "token-key").touch()
    assert load(file).key_file == tmp_path / "credentials" / "token-key"


def test_the_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured) as caught:
        find()
    for place in ("--config", "SYNCD_CONFIG", str(tmp_path / "config.toml"), "/etc/syncd/config.toml"):
        assert place in caught.value.sentence
    here = written(tmp_path, "")
    assert find().absolute() == here
    other = tmp_path / "other.toml"
    monkeypatch.setenv("SYNCD_CONFIG", str(other))
    with pytest.raises(Misconfigured, match="SYNCD_CONFIG names it"):
        find()
    other.touch()
    assert find() == other
    with pytest.raises(Misconfigured, match="--config names it"):
        find(tmp_path / "third.toml")


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'[school]\nname = "Caf\xe9"\n')
    with pytest.raises(Misconfigured, match=r"^latin.toml:2: not UTF-8"):
        load(tmp_path / "latin.toml")


def test_closures_are_whole_local_days() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert Days(date(2026, 10, 25), date(2026, 10, 25)).interval(berlin) == Interval(
        datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    )


def test_closures_that_end_before_they_start_are_refused(tmp_path: Path) -> None:
    (said,) = wrong(tmp_path, '[school]\nclosures = ["2027-01-03..2026-12-21"]\n')
    assert "ends before it starts" in said


def test_empty_text_means_not_set(tmp_path: Path) -> None:
    config = load(written(tmp_path, '[mail]\nurl = ""\nsender = ""\n[caldav]\nca_file = ""\n'))
    assert (config.mail.url, config.mail.sender, config.caldav.ca_file) == (None, None, None)


DOCUMENT = '''# a comment = [
top = 1
[x]  # [y]
a.b = "]#"
"q w" = [ # first
  "a", # ,
  """b
] = 5 """,
  ["c", "d"], { d = 1, e = [2] },
]
c = \'\'\'
[no.header]
n = 1
\'\'\'
d = "\\"[" # "
[ z . "v.w" ]
e = []
f = { g = 1 }
[[t]]
h = 2026-12-24T00:00:00Z
'''


def test_the_line_of_every_key_is_found() -> None:
    assert dict(lines(DOCUMENT)) == {
        ("top",): 2, ("x",): 3, ("x", "a"): 4, ("x", "a", "b"): 4, ("x", "q w"): 5, ("x", "q w", 0): 6,
        ("x", "q w", 1): 7, ("x", "q w", 2): 9, ("x", "q w", 3): 9, ("x", "c"): 11, ("x", "d"): 15,
        ("z", "v.w"): 16, ("z", "v.w", "e"): 17, ("z", "v.w", "f"): 18, ("t",): 19, ("t", "h"): 20,
    }  # fmt: skip
    assert tomllib.loads(DOCUMENT)["x"]["c"].startswith("[no.header]")


TEXTS = st.text(st.sampled_from("ab[]{}#=,'\" \\\n."), max_size=8)


def shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",\n  # ] = [\n  ".join(map(shown, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"""{escaped}"""' if "\n" in value else f'"{escaped}"'
    return str(value)


@given(
    st.dictionaries(
        st.sampled_from("pqrs"),
        st.dictionaries(
            st.sampled_from("klmn"), st.one_of(st.integers(), TEXTS, st.lists(TEXTS, max_size=3)), max_size=4
        ),
        max_size=4,
    )
)
def test_whatever_the_values_are_the_lines_of_the_keys_are_right(tree: dict[str, dict[str, Any]]) -> None:
    text = ""
    expected: dict[tuple[str | int, ...], int] = {}
    for table, keys in tree.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}]\n"
        for key, value in keys.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{key} = {shown(value)} # x = [\n"
    assert tomllib.loads(text).keys() == tree.keys()
    found = lines(text)
    assert {place: line for place, line in found.items() if len(place) < 3} == expected
