from __future__ import annotations

import re
from base64 import b32hexencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Owner
from providers.ical import read
from providers.uids import google_id, named_by, own_uid

OURS = "syncd-mzxw6ytboi2dsmrtgy3tqojq-1"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)).map("syncd-".__add__))
def test_a_uid_of_ours_is_known_again_in_what_google_makes_of_it(uid: str) -> None:
    assert re.fullmatch(r"[0-9a-v]{5,}", google_id(uid))
    assert own_uid(f"{google_id(uid)}@google.com") == uid
    assert named_by(google_id(uid)) == uid


@given(st.text())
def test_any_other_uid_stays_as_it_is(uid: str) -> None:
    assert own_uid(uid) == uid
    assert own_uid(f"{uid}@google.com") == f"{uid}@google.com"


@pytest.mark.parametrize(
    "foreign",
    [
        OURS,
        google_id(OURS),
        f"{google_id(OURS)}@google.com.evil.example",
        f"{google_id(OURS)}@example.com",
        f"{google_id(OURS).upper()}@google.com",
        f"{google_id(OURS)}======@google.com",
        f"{google_id(OURS)}@google.com@google.com",
        f"{google_id('own-appointment')}@google.com",
        f"{google_id('syncd')}@google.com",
        f"{google_id('syncd-' + chr(10) + 'x')}@google.com",
        f"{google_id('syncd-ü')}@google.com",
        f"{google_id('syncd-1')[:-1]}5@google.com",  # the same bytes, with other bits after their end
        f"_{google_id(OURS)}@google.com",
        "7f3k2@google.com",
        "@google.com",
    ],
)
def test_what_is_not_exactly_our_id_is_not_ours(foreign: str) -> None:
    assert own_uid(foreign) == foreign


def test_the_last_letter_of_an_id_has_one_spelling() -> None:
    spelled = b32hexencode(b"syncd-1").decode().rstrip("=").lower()
    assert named_by(spelled) == "syncd-1"
    assert named_by(spelled[:-1] + chr(ord(spelled[-1]) + 1)) is None


def test_an_invitation_of_googles_that_came_by_mail_is_known_as_ours_on_any_server() -> None:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{google_id(OURS)}@google.com"]
    lines += ["DTSTART:20261201T150000Z", "DTEND:20261201T160000Z", "END:VEVENT", "END:VCALENDAR", ""]
    owner = Owner(ZoneInfo("Europe/Berlin"))
    (series,) = read("\r\n".join(lines).encode(), owner, None).series
    assert series.uid == OURS
