from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config import load
from syncd.errors import Misconfigured, Problem
from syncd.vault import Vault

ONE = Vault({"one": b"1" * 32}, "ring")
TWO = Vault({"two": b"2" * 32}, "ring")
BOTH = Vault({"two": b"2" * 32, "one": b"1" * 32}, "ring")


def line(name: str, byte: bytes) -> str:
    return f"{name}:{b64encode(byte * 32).decode()}\n"


def ring(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "key"
    file.write_text(text, encoding="ascii")
    file.chmod(mode)
    return file


@given(st.binary(max_size=200), st.text(max_size=30))
def test_what_is_sealed_opens_for_the_same_identity(secret: bytes, identity: str) -> None:
    sealed = ONE.seal(secret, identity)
    assert ONE.open(sealed, identity) == secret
    assert len(secret) < 4 or secret not in sealed


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_opens_for_no_other_identity(mine: str, yours: str) -> None:
    if mine != yours:
        with pytest.raises(Problem, match="does not open"):
            ONE.open(ONE.seal(b"secret", mine), yours)


@given(st.data())
def test_no_byte_of_it_can_be_changed_or_cut(data: st.DataObject) -> None:
    sealed = bytearray(ONE.seal(b"secret", "account:1"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    cut = bytes(sealed[:at])
    sealed[at] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(sealed), cut):
        with pytest.raises(Problem):
            ONE.open(broken, "account:1")


def test_the_same_secret_is_never_sealed_to_the_same_bytes() -> None:
    assert len({ONE.seal(b"secret", "account:1") for _ in range(100)}) == 100


def test_the_first_key_seals_and_the_others_still_open() -> None:
    old = ONE.seal(b"secret", "account:1")
    assert BOTH.open(old, "account:1") == b"secret"
    new = BOTH.seal(b"secret", "account:1")
    assert (BOTH.sealed_with(old), BOTH.sealed_with(new)) == ("one", "two")
    assert TWO.open(new, "account:1") == b"secret"


def test_a_key_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(Problem, match="sealed with the key one, which is not in ring; put that line back"):
        TWO.open(ONE.seal(b"secret", "account:1"), "account:1")


def test_a_key_of_the_same_name_and_another_value_does_not_open() -> None:
    with pytest.raises(Problem, match="another key of that name"):
        Vault({"one": b"3" * 32}, "ring").open(ONE.seal(b"secret", "account:1"), "account:1")


def test_bytes_that_no_vault_made_are_refused() -> None:
    for stranger in (b"", b"hunter2", b"\x01\xff" + b"x" * 60, b"\x02" * 80):
        with pytest.raises(Problem):
            ONE.open(stranger, "account:1")


def test_a_wrong_key_is_recognised_by_the_canary() -> None:
    canary = ONE.fingerprint()
    assert ONE.verifies(canary)
    assert ONE.verifies(canary.encode())
    assert BOTH.verifies(canary)
    assert not TWO.verifies(canary)
    assert not Vault({"one": b"3" * 32}, "ring").verifies(canary)
    assert not ONE.verifies("no canary")
    assert not ONE.verifies("")


def test_the_canary_holds_no_key_and_no_hash_that_repeats() -> None:
    assert ONE.fingerprint() != ONE.fingerprint()
    assert b"1" * 32 not in b64decode(ONE.fingerprint())


def test_a_grant_of_a_row_is_no_canary() -> None:
    assert not ONE.verifies(b64encode(ONE.seal(b"syncd canary", "account:1")))


def test_no_key_shows_in_its_repr() -> None:
    assert repr(BOTH) == "Vault(2 keys from ring)"


def test_a_new_key_is_for_its_owner_only_and_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "key"
    sealed = Vault.create(file).seal(b"secret", "account:1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert Vault.read(file).open(sealed, "account:1") == b"secret"
    before = file.read_bytes()
    with pytest.raises(Problem, match="never overwritten"):
        Vault.create(file)
    assert file.read_bytes() == before


def test_a_key_through_a_dangling_link_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem):
        Vault.create(tmp_path / "key")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_a_key_that_others_can_reach_is_refused_with_the_command_to_type(tmp_path: Path, mode: int) -> None:
    file = ring(tmp_path, line("one", b"1"), mode)
    with pytest.raises(Misconfigured, match=f"type: chmod 600 {file}"):
        Vault.read(file)


def test_a_credential_of_systemd_may_look_readable_to_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").touch()
    ring(tmp_path, line("one", b"1"), 0o440).rename(tmp_path / "token-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Vault.load(load(tmp_path / "config.toml")).active == "one"


def test_the_first_line_is_the_active_key(tmp_path: Path) -> None:
    file = ring(tmp_path, "# rotated\n\n" + line("two", b"2") + line("one", b"1"))
    vault = Vault.read(file)
    assert vault.active == "two"
    assert vault.open(ONE.seal(b"secret", "account:1"), "account:1") == b"secret"


def test_a_wrong_line_is_named_and_not_repeated(tmp_path: Path) -> None:
    short = b64encode(b"4" * 16).decode()
    for text in (f"three:{short}\n", "three\n", line("th ree", b"3"), line("one", b"3"), "three:%%%\n"):
        file = ring(tmp_path, line("one", b"1") + text)
        with pytest.raises(Misconfigured, match=rf"{file}:2: not a key") as caught:
            Vault.read(file)
        assert text.strip() not in caught.value.sentence
        assert short not in caught.value.sentence


def test_a_missing_or_empty_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no key file; put it back, or for a new start: syncd init"):
        Vault.read(tmp_path / "key")
    with pytest.raises(Misconfigured, match="no key in it"):
        Vault.read(ring(tmp_path, "\n"))
