from __future__ import annotations

import ast
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import providers.caldav
from providers.base import BusyTime, ETag, Event, EventRef, Owner, Tombstone, Unread
from providers.caldav.reading import item as read_item
from providers.ical import Note, read
from syncd.notes import UNREADABLE, WORDS, codes
from syncd.traces import told
from tests.providers.house import WINDOW


@pytest.mark.parametrize("note", [note for note in Note if not note.harmless])
def test_every_note_of_the_reader_has_its_words(note: Note) -> None:
    assert re.fullmatch(r"[a-zA-Z ]{5,60}", WORDS[note])


def test_every_note_of_the_adapter_has_its_words() -> None:
    sources = [file.read_text() for file in Path(providers.caldav.__path__[0]).glob("*.py")]
    calls = [one for text in sources for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)]
    given = {
        argument.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "unknown"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert {"address-odd", "forbidden", "too-long", "version-missing"} <= given <= WORDS.keys()


def item(*notes: str) -> Unread:
    return Unread(EventRef("/a"), ETag("1"), BusyTime(), notes)


def test_only_codes_are_kept_and_only_of_what_is_wrong() -> None:
    assert codes(item("zone-unknown", "no-event", "master-missing", "uid-missing")) == {"zone-unknown"}
    assert codes(item("The title: Secret", "x" * 50, "")) == {UNREADABLE}
    assert codes(item()) == frozenset()
    assert codes(Tombstone(EventRef("/a"))) == frozenset()


def test_a_document_that_is_none_is_noted_by_its_code() -> None:
    owner = Owner(ZoneInfo("Europe/Berlin"))
    found = read_item(
        b"BEGIN:VCARD", EventRef("/a"), ETag("1"), read=lambda body: read(body, owner, WINDOW), window=WINDOW
    )
    assert found is not None
    assert not isinstance(found, Event)
    assert codes(found) == {UNREADABLE}


def test_an_error_is_told_with_its_causes_its_parts_and_without_its_words() -> None:
    inner = KeyError("MARK")
    try:
        try:
            raise ExceptionGroup("MARK", [inner])  # noqa: TRY301 - the error is the test
        except ExceptionGroup as group:
            raise OSError(2, "MARK", "/MARK") from group
    except OSError as error:
        said = told(error)
    assert "MARK" not in re.sub(r"    .*\n", "", said)  # but for the lines of this file
    assert said.index("ExceptionGroup") < said.index("KeyError") < said.index("FileNotFoundError")
