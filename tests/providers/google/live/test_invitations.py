"""Who is invited, who is told, and whose an event is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.base import (
    Attendee,
    CalendarId,
    PartStat,
)
from providers.errors import (
    Unsupported,
)
from providers.google import GoogleProvider
from syncd.demo.google import (
    GoogleFake,
)
from tests.providers.google.live.conftest import HOME, draft
from tests.providers.google_house import ACCOUNT, SCOPES, provider_on
from tests.providers.house import MENTOR, STUDENT
from tests.providers.house import draft as silent_draft


def test_the_mentors_copy_is_known_by_our_uid_and_is_not_ours_to_write(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    ours = draft()
    written = provider.create(HOME, ours)
    mentor = provider_on(google, lambda _: google.token(MENTOR, SCOPES))
    there = mentor.fetch(CalendarId(MENTOR), written.ref)
    assert (there.uid, there.session, there.silent) == (ours.uid, None, False)
    with pytest.raises(Unsupported):
        mentor.update(CalendarId(MENTOR), there.ref, replace(ours, summary="Mine"), there.etag)
    mentor.close()


def test_a_silent_event_reaches_nobody(google: GoogleFake, provider: GoogleProvider) -> None:
    written = provider.create(HOME, silent_draft())
    assert google.letters == ()
    assert google.hand(MENTOR).events() == {}
    there = provider.fetch(HOME, written.ref)
    assert (there.silent, there.partstats) == (True, {STUDENT: PartStat.ACCEPTED})
    provider.delete(HOME, written.ref, there.etag)
    assert google.letters == ()


def test_on_a_secondary_calendar_the_mentor_is_invited_and_the_owner_is_not(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    other = CalendarId(google.hand(ACCOUNT).make_calendar("Sport"))
    written = provider.create(other, draft())
    assert provider.fetch(other, written.ref).partstats == {MENTOR: PartStat.NEEDS_ACTION}
    assert google.hand(ACCOUNT).events() == {}
    assert [letter.to for letter in google.letters] == [MENTOR]


def test_a_mentors_removal_is_a_refusal_in_the_students_event(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    written = provider.create(HOME, draft())
    google.hand(MENTOR).delete(written.ref)
    assert provider.fetch(HOME, written.ref).partstats[MENTOR] is PartStat.DECLINED


def test_a_guest_that_is_put_back_is_invited_again(google: GoogleFake, provider: GoogleProvider) -> None:
    ours = draft()
    written = provider.create(HOME, ours)
    google.hand(ACCOUNT).uninvite(written.ref, MENTOR)
    there = provider.fetch(HOME, written.ref)
    assert MENTOR not in there.partstats
    provider.update(HOME, written.ref, replace(ours, sequence=there.sequence + 1), there.etag)
    assert provider.fetch(HOME, written.ref).partstats[MENTOR] is PartStat.NEEDS_ACTION
    assert written.ref in google.hand(MENTOR).events()


def test_a_school_that_knows_the_student_by_another_address_does_not_invite_a_stranger(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    provider.create(HOME, draft(attendees=(Attendee(ACCOUNT, "A Student"), Attendee(MENTOR, "A Mentor"))))
    provider.create(HOME, draft())
    assert {letter.to for letter in google.letters} == {MENTOR}
