"""A Google Calendar on loopback, for the demo and for the tests: a server with a memory, spoken to over HTTP.

It is started with a clock and its people, and the real client talks to it::

    with GoogleFake(clock, ["ada@example.org", Person("max@example.org", "Max", "America/New_York")]) as google:
        service = build("calendar", "v3", static_discovery=True, http=...,
                        client_options={"api_endpoint": google.api_endpoint})
        token = google.token("ada@example.org")             # or with scopes=["calendar.events.owned", ...]

What people do on their own devices goes past the API, and invitations go from one to the other::

        ada, max = google.hand("ada@example.org"), google.hand("max@example.org")
        id = ada.add("Chess", start, end, guests=["max@example.org"])
        max.decline(id)                 # also: accept, delete, restore, move, retitle, change, carry, uninvite,
        ada.show(id)                    # make_calendar, delete_calendar, share, purge, events

What goes wrong is planned, by method, path and number::

        google.faults.plan(LOST, "POST", "/events$", nth=2)             # done, and no answer
        google.faults.plan(refusing(403, "quotaExceeded"), "POST", times=3)
        google.manners.page_size = 1                                    # and other freedoms of Google's
        google.forget_sync_tokens()

People are asked what a program may do at ``google.auth_uri``, on a page or, for tests, without one::

        client = google.register("https://syncd.example.org/connect/google")    # its id and its secret
        google.consent.at_once("ada@example.org", without=["calendar.freebusy"])    # or refuse(), or ask()
        google.delegate("robot@school.example.org", public_key_pem, scopes)         # a service account
        google.revoke("ada@example.org")                                            # she takes it all back

``google.asked`` is the log of requests, ``google.letters`` the mails that Google would have sent.
"""

from __future__ import annotations

from syncd.demo.google.consent import Client
from syncd.demo.google.fake import EVERYTHING, GoogleFake
from syncd.demo.google.faults import (
    CUT,
    LOGGED_OUT,
    LOST,
    REFUSED_UNHEARD,
    SWAPPED,
    Fault,
    Faults,
    broken,
    elsewhere,
    refusing,
    slow,
)
from syncd.demo.google.hand import Hand, NotPossible
from syncd.demo.google.server import Asked
from syncd.demo.google.state import Letter, Manners, Person

__all__ = [
    "CUT",
    "EVERYTHING",
    "LOGGED_OUT",
    "LOST",
    "REFUSED_UNHEARD",
    "SWAPPED",
    "Asked",
    "Client",
    "Fault",
    "Faults",
    "GoogleFake",
    "Hand",
    "Letter",
    "Manners",
    "NotPossible",
    "Person",
    "broken",
    "elsewhere",
    "refusing",
    "slow",
]
