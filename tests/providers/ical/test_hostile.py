"""Every hostile document is read, limited or refused as it must be, in bounded time, beside its innocent sibling."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from policy.interval import merge
from providers.errors import Unreadable
from providers.ical import Document, Note, TooMuch
from providers.ical.sandbox import Sandbox
from tests.providers.ical.hostile import CORPUS, Case
from tests.providers.ical.hostile.case import (
    ACCEPT,
    ALL,
    INNOCENT,
    LIMIT,
    OWNER,
    REJECT,
    SIBLING_TAKES,
    WINDOW,
)

SLOWEST = 15.0
"""Seconds by the clock on the wall, on a computer that does much else; the table tells the real ones."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    one = Sandbox()
    yield one
    one.close()


def test_the_corpus_is_large_and_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CORPUS]
    assert len(names) >= 110
    assert sorted(set(names)) == sorted(names)
    assert {case.verdict for case in CORPUS} == {ACCEPT, LIMIT, REJECT}


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_hostile_document_gets_its_verdict_and_leaves_its_sibling_alone(
    sandbox: Sandbox, case: Case
) -> None:
    body = case.make()
    began = time.perf_counter()
    found = outcome(sandbox, body)
    assert time.perf_counter() - began < SLOWEST
    if isinstance(found, Document):
        check(case, found)
    elif isinstance(found, TooMuch):
        assert (case.verdict, case.note, case.unknown) == (LIMIT, found.note.value, ALL)
    else:
        assert case.verdict == REJECT


def outcome(sandbox: Sandbox, body: bytes) -> Document | Unreadable:
    try:
        return sandbox(body, OWNER, WINDOW)
    except Unreadable as why:
        return why


def check(case: Case, document: Document) -> None:
    understood = all(Note(note).harmless for note in document.notes)
    assert case.verdict == (ACCEPT if understood else LIMIT), document.notes
    if case.note is not None:
        assert set(document.notes) == {case.note}
    innocent = [one for one in document.series if one.uid == INNOCENT]
    others = [one for one in document.series if one.uid != INNOCENT]
    if case.sibling:
        (sibling,) = innocent
        assert (sibling.time.busy, sibling.time.unknown, sibling.notes) == ((SIBLING_TAKES,), (), ())
    unknown = merge(one for each in others for one in each.time.unknown)
    if case.unknown is None:
        assert unknown
    else:
        assert unknown == case.unknown
        assert merge(one for each in others for one in each.time.busy) == case.busy
