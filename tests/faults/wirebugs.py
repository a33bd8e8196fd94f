"""Mistakes that the adapter or the loop could make with what Google answers; each is found by a request that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import providers.google.listing
import providers.google.reasons
import syncd.act
import syncd.poll
from providers.errors import AccessLost, Loss, ProviderError, Unavailable
from providers.google.carrier import Carrier
from providers.google.place import Place
from tests.faults.campaign import gone_through
from tests.faults.wirecampaign import Case, cases, tale_of
from tests.simulation.bugs import (
    Bug,
    Swap,
    _a_new_id_each_time,
    _believes,
    _every_answer_is_yes,
    thrown,
)
from tests.syncd.store.grounds import Ground


@dataclass(frozen=True, slots=True)
class Planted:
    """A mistake, the request that has to fail for it to be seen, and a word of what is found."""

    bug: Bug
    tale: str
    kind: str
    way: str
    shows: str
    times: int = 1
    nth: int = 1


def _is_there(real: Callable[..., None]) -> Callable[..., None]:
    """Take the 404 of a calendar for that of the event."""
    del real
    return lambda _place: None


def _no_reasons(real: Callable[..., Iterator[str]]) -> Callable[..., Iterator[str]]:
    """Ignore the body of a refusal."""
    del real
    return lambda _answer: iter(())


def _token_is_dead(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take a token that ended before its time for the end of the permission."""
    del real

    def send(carrier: Any, method: str, url: str, body: Any, headers: Any) -> Any:
        return carrier._once(method, url, body, headers, carrier._bearer(fresh=False))

    return send


def _gone_for_good(real: Callable[..., ProviderError]) -> Callable[..., ProviderError]:
    """Take a token that is not good any more for the end of what it was for."""

    def refused(place: Any, answer: Any, *, delta: bool) -> ProviderError:
        found = real(place, answer, delta=delta)
        return AccessLost("gone", loss=Loss.GONE) if answer.status == HTTPStatus.GONE else found

    return refused


def _half_is_all(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take the pages that came for all there are, and name the time by the last one."""

    def follow(ask: Callable[[str | None], Any]) -> Iterator[Any]:
        came: list[Any] = []
        try:
            for answer in real(ask):
                came.append(answer)
                yield answer
        except Unavailable:
            if not came:
                raise
            came[-1].told["nextSyncToken"] = "made-up"
            yield came[-1]

    return follow


BUGS = (
    Planted(
        Bug("a new id for each try", (Swap(syncd.act, "_is_blocked", _a_new_id_each_time),)),
        *("agreed and kept", "events.insert", "no answer of its calendar", "stood twice", 12),
    ),
    Planted(
        Bug(
            "the 404 of a calendar is that of what stands in it",
            (
                Swap(Place, "alive", _is_there),
                Swap(syncd.poll, "_changes", _believes(Unavailable, AccessLost)),
            ),
        ),
        *("agreed and kept", "events.get", "404 of its calendar", "session.restored", 12, 2),
    ),
    Planted(
        Bug("410 is the end of the calendar", (Swap(providers.google.listing, "_refused", _gone_for_good),)),
        *("cancelled in time", "events.list", "410 fullSyncRequired", "calendar.lost"),
    ),
    Planted(
        Bug("the body of a refusal is ignored", (Swap(providers.google.reasons, "_reasons", _no_reasons),)),
        *("cancelled in time", "events.list", "403 rateLimitExceeded", "calendar.lost", 3),
    ),
    Planted(
        Bug("every answer to a write is yes", (Swap(syncd.act, "_do", _every_answer_is_yes),)),
        *("agreed and kept", "events.insert", "500", "kept:"),
    ),
    Planted(
        Bug("a 401 is the end", (Swap(Carrier, "send", _token_is_dead),)),
        *("cancelled in time", "events.list", "401 authError", "account.lost"),
    ),
    Planted(
        Bug("the pages that came are all", (Swap(providers.google.listing, "follow", _half_is_all),)),
        *("agreed and kept", "events.list", "503", "session.phantom", 3, 11),
    ),
)


def case_of(ground: Ground, planted: Planted) -> Case:
    """Return the case that shows the mistake."""
    some = (
        one
        for one in cases(ground, [tale_of(planted.tale)])
        if (one.kind, one.way.name, one.way.times) == (planted.kind, planted.way, planted.times)
    )
    return list(some)[planted.nth - 1]


def found(ground: Ground, planted: Planted) -> bool:
    """Tell whether the mistake is found."""
    run = case_of(ground, planted).run
    with thrown(planted.bug):
        _, wrongs = gone_through(run, ground)
    return planted.shows in " ".join(wrongs)
