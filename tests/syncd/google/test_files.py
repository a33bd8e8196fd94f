"""What IT loads down from Google's console, and what is said when it is not that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from providers.oauth import Client
from syncd.config import Config, place_of, read
from syncd.errors import Misconfigured
from syncd.oauth.files import client_of, is_used, open_to_others, rules_of, service_key_of
from tests.syncd.google.ground import pem, rsa_key

SECRET = "GOCSPX-zq00secret"
INSTALLED = {
    "installed": {"client_id": "7.apps", "client_secret": SECRET, "redirect_uris": ["http://localhost"]}
}
WEB = {"web": {"client_id": "8.apps", "client_secret": SECRET, "redirect_uris": ["https://s.example/x", "y"]}}
KEY = {
    "type": "service_account", "client_email": "s@p.iam.example", "client_id": "123",
    "private_key": pem(rsa_key()), "private_key_id": "k1",
}  # fmt: skip


def config(folder: Path, google: str = "", **files: str) -> Config:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    file = folder / "config.toml"
    file.write_text(f'[school]\nname = "A"\n\n[google]\n{google}\n', encoding="utf-8")
    return read(file)


def wrong(folder: Path, google: str, **files: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        client_of(config(folder, google, **files))
    assert SECRET not in caught.value.sentence
    return caught.value.sentence


def test_what_the_console_gives_is_the_whole_client(tmp_path: Path) -> None:
    named = 'client_secret_file = "client"'
    desktop = client_of(config(tmp_path, named, client=json.dumps(INSTALLED)))
    assert (desktop.client, desktop.web) == (Client("7.apps", SECRET), False)
    web = client_of(config(tmp_path, named, client=json.dumps(WEB, indent=2)))
    assert (web.client, web.web) == (Client("8.apps", SECRET), True)
    assert web.redirects == ("https://s.example/x", "y")
    assert SECRET not in repr(desktop)


def test_a_bare_secret_needs_the_id_beside_it(tmp_path: Path) -> None:
    both = 'client_id = "9.apps"\nclient_secret_file = "client"'
    assert client_of(config(tmp_path, both, client=f"{SECRET}\n")).client == Client("9.apps", SECRET)
    said = wrong(tmp_path, 'client_secret_file = "client"', client=SECRET)
    assert said.startswith("config.toml:5: ")
    assert "google.client_id is not set" in said
    assert "neither" in wrong(tmp_path, both, client="two words\n")
    assert "neither" in wrong(tmp_path, both, client="")


def test_two_clients_are_not_mixed(tmp_path: Path) -> None:
    named = 'client_id = "9.apps"\nclient_secret_file = "client"'
    assert "another client than google.client_id" in wrong(tmp_path, named, client=json.dumps(INSTALLED))
    same = 'client_id = "7.apps"\nclient_secret_file = "client"'
    assert client_of(config(tmp_path, same, client=json.dumps(INSTALLED))).client.id == "7.apps"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps(KEY), "key of a service account; name it as google.service_account_file"),
        ('{\n"web": {', "client:2: not JSON"),
        ("{}", "no client of Google's"),
        ('{"web": {"client_id": "x"}}', "no client of Google's"),
        ('{"web": {"client_id": "x", "client_secret": 5}}', "no client of Google's"),
        ('{"web": "GOCSPX-zq00secret"}', "no client of Google's"),
        (f'{{"a": {"[" * 50_000}', "not JSON"),
    ],
)
def test_a_file_that_is_something_else_is_named(tmp_path: Path, text: str, said: str) -> None:
    assert said in wrong(tmp_path, 'client_secret_file = "client"', client=text)


def test_a_file_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    said = wrong(tmp_path, '\nclient_secret_file = "nowhere"')
    assert said.startswith(f"config.toml:6: google.client_secret_file: {tmp_path}/nowhere: no such file")
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in wrong(tmp_path, 'client_secret_file = "folder"')
    (tmp_path / "latin").write_bytes(b"\xe9")
    assert "not text" in wrong(tmp_path, 'client_secret_file = "latin"')


def test_without_a_client_it_says_where_one_is_made(tmp_path: Path) -> None:
    said = wrong(tmp_path, "")
    assert "client_secret_file is not set" in said
    assert "docs/google.md" in said
    assert (Path(__file__).parents[3] / "docs/google.md").is_file()


def test_the_key_of_a_service_account_is_read(tmp_path: Path) -> None:
    key = service_key_of(
        config(tmp_path, 'service_account_file = "key.json"', **{"key.json": json.dumps(KEY)})
    )
    assert (key.email, key.id, key.key_id) == ("s@p.iam.example", "123", "k1")
    assert "BEGIN" not in repr(key)
    curve = json.dumps({**KEY, "private_key": pem(generate_private_key(SECP256R1()))})
    for text, said in (
        *((json.dumps(INSTALLED), "not the key"), ("{", ":1: not JSON"), ("[]", "not the key")),
        *((json.dumps({**KEY, "private_key": "-----BEGIN"}), "not the key"), (curve, "not the key")),
    ):
        with pytest.raises(Misconfigured, match=said):
            service_key_of(config(tmp_path, 'service_account_file = "key.json"', **{"key.json": text}))
    with pytest.raises(Misconfigured, match="service_account_file is not set"):
        service_key_of(config(tmp_path))


def test_a_school_without_google_has_set_nothing(tmp_path: Path) -> None:
    assert not is_used(config(tmp_path))
    assert not is_used(config(tmp_path, 'client_id = ""'))
    assert is_used(config(tmp_path, 'service_account_file = "x"'))


def test_only_addresses_that_it_has_changed_may_be_inside(tmp_path: Path) -> None:
    assert rules_of(config(tmp_path)).allow == frozenset()
    changed = config(
        tmp_path,
        'token_uri = "http://127.0.0.1:8001/token"\napi_endpoint = "https://[::1]/x"\nauth_uri = "http://h:1"',
    )
    assert rules_of(changed).allow == {"127.0.0.1:8001", "[::1]:443"}, "auth_uri is the browser's"


def test_a_calendar_server_is_not_reached_by_googles_door_nor_google_by_theirs(tmp_path: Path) -> None:
    both = config(tmp_path, 'token_uri = "http://127.0.0.1:8001/token"\n[caldav]\nallow = ["127.0.0.1:5232"]')
    assert rules_of(both).allow == {"127.0.0.1:8001"}


def test_a_file_that_others_can_read_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "client"
    assert not open_to_others(file)
    file.touch(mode=0o600)
    assert not open_to_others(file)
    file.chmod(0o640)
    assert open_to_others(file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert not open_to_others(file), "systemd's own"


def test_a_key_is_found_where_it_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = config(tmp_path, '\npush = false\nclient_id = "x"')
    assert place_of(made, "google", "client_id") == "config.toml:7"
    assert place_of(made, "google", "token_uri") == "config.toml:4"
    assert place_of(made, "mail", "url") == "config.toml"
    monkeypatch.setenv("SYNCD_GOOGLE__TOKEN_URI", "http://x.example")
    assert place_of(made, "google", "token_uri") == "SYNCD_GOOGLE__TOKEN_URI"
    made.file.write_text("[[[", encoding="utf-8")
    assert place_of(made, "google", "client_id") == "config.toml"


def test_a_secret_in_the_place_of_the_id_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        config(tmp_path, f'client_id = "{SECRET}"')
    assert caught.value.sentence.startswith("config.toml:5: google.client_id: this is a client's secret")
    assert SECRET not in caught.value.sentence
    with pytest.raises(
        Misconfigured, match=r"client_secret: no such key; did you mean google.client_secret_file"
    ):
        config(tmp_path, f'client_secret = "{SECRET}"')
