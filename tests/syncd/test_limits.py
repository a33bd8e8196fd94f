"""The limits of reading: every one is in the configuration, and is the one that is kept."""

from __future__ import annotations

import os
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from providers.ical import Limits
from syncd.config import load
from syncd.config.measures import seconds, shown_seconds, shown_size, size
from syncd.config.model import Limits as Section
from syncd.errors import Misconfigured
from syncd.reader import limits_of, sandbox


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SYNCD_"):
            monkeypatch.delenv(name)


def written(folder: Path, *lines: str) -> Path:
    file = folder / "config.toml"
    file.write_text("\n".join(["[limits]", *lines]), encoding="utf-8")
    return file


def test_without_a_word_the_limits_are_those_of_the_reader() -> None:
    assert limits_of(Section()) == Limits()


def test_every_limit_of_the_reader_can_be_set(tmp_path: Path) -> None:
    doubled = {name: value * 2 for name, value in asdict(Limits()).items()}
    doubled |= {"first_year": 1900, "last_year": 2300}
    config = load(written(tmp_path, *(f"{name} = {value}" for name, value in doubled.items())))
    assert asdict(limits_of(config.limits)) == doubled
    assert {field.name for field in fields(Limits)} <= set(Section.model_fields)


def test_sizes_and_times_are_written_with_their_units(tmp_path: Path) -> None:
    config = load(written(tmp_path, 'document = "2MB"', 'line = "64 kb"', 'series_time = "250ms"'))
    assert limits_of(config.limits) == replace(
        Limits(), document=2 * 2**20, line=64 * 2**10, series_time=0.25
    )
    for given in ("1B", "3KB", "512MB", "4GB"):
        assert shown_size(int(str(size(given)))) == given
    for given in ("1ms", "500ms", "2s", "60s"):
        assert shown_seconds(float(str(seconds(given)))) == given


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('document = "much"', 'write it like "4MB" or "512KB"'),
        ('document_time = "long"', 'write it like "500ms" or "2s"'),
        ('document = "0MB"', "at least 1"),
        ('memory = "16MB"', "134217728"),
        ('series_time = "0s"', "more than 0"),
    ],
)
def test_a_wrong_limit_is_told_how_to_be_written(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(written(tmp_path, line))
    assert "config.toml:2: limits." in caught.value.sentence
    assert said in caught.value.sentence


def test_one_sandbox_serves_the_whole_program() -> None:
    assert sandbox(Limits()) is sandbox(Limits())
    assert sandbox(Limits()) is not sandbox(Limits(depth=5))
