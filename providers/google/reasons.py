"""What a refusal of Google's means: the reason decides, and the status only where there is none.

A status is not a taxonomy: 410 alone has three meanings here, and 403 a dozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum, auto

from providers import answers
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.google.answer import Answer, objects


class Meaning(Enum):
    """What a refusal comes to."""

    WAIT = auto()
    """Too much was asked in too short a time."""
    QUOTA = auto()
    """Too many invitations: Google lets the account read, and write again after some hours."""
    FAILS = auto()
    """Google's own trouble, or an answer that is not Google's."""
    LOGIN = auto()
    """The access token is not taken."""
    SCOPE = auto()
    """The owner did not permit this when the account was connected."""
    REFUSED = auto()
    """The calendar is not the account's to see, or to change."""
    POLICY = auto()
    """Their administrator does not permit it."""
    GUEST = auto()
    """Only the organizer of the event may do this."""
    UNABLE = auto()
    """The school's project at Google is not set up for it."""
    ABSENT = auto()
    """There is no such event, or no such calendar."""
    EXISTS = auto()
    """The id is used, be it by an event that was deleted."""
    DELETED = auto()
    """The event was deleted before."""
    EXPIRED = auto()
    """The sync token is worth nothing any more."""
    CHANGED = auto()
    """The event is not as it was."""
    WRONG = auto()
    """The request cannot be understood."""


MEANINGS: Mapping[tuple[int, str], Meaning] = {
    (400, "pushNotSupportedForRequestedResource"): Meaning.UNABLE,
    (403, "rateLimitExceeded"): Meaning.WAIT,
    (403, "userRateLimitExceeded"): Meaning.WAIT,
    (403, "dailyLimitExceeded"): Meaning.WAIT,
    (403, "RATE_LIMIT_EXCEEDED"): Meaning.WAIT,
    (403, "quotaExceeded"): Meaning.QUOTA,
    (403, "insufficientPermissions"): Meaning.SCOPE,
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"): Meaning.SCOPE,
    (403, "forbidden"): Meaning.REFUSED,
    (403, "requiredAccessLevel"): Meaning.REFUSED,
    (403, "notACalendarUser"): Meaning.REFUSED,
    (403, "domainPolicy"): Meaning.POLICY,
    (403, "forbiddenForNonOrganizer"): Meaning.GUEST,
    (403, "forbiddenForServiceAccounts"): Meaning.UNABLE,
    (403, "accessNotConfigured"): Meaning.UNABLE,
    (403, "SERVICE_DISABLED"): Meaning.UNABLE,
    (410, "deleted"): Meaning.DELETED,
    (410, "fullSyncRequired"): Meaning.EXPIRED,
    (410, "updatedMinTooLongAgo"): Meaning.EXPIRED,
}
"""A pair that is not here is read by its status alone."""

BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning.WRONG,
    401: Meaning.LOGIN,
    403: Meaning.REFUSED,
    404: Meaning.ABSENT,
    409: Meaning.EXISTS,
    410: Meaning.ABSENT,
    412: Meaning.CHANGED,
    429: Meaning.WAIT,
}
"""Everything else is somebody's failure."""

_WEIGHTY = frozenset({403, 404, 410})
"""Of these a page of a proxy's, or of Google's own against robots, says nothing of a calendar."""

NO_WRITES = timedelta(hours=6)
"""How long an account is not written into after it has invited too many people (Google says: hours)."""

_LOST: Mapping[Meaning, tuple[str, Loss]] = {
    Meaning.LOGIN: ("Google does not let us in any more: connect the account again", Loss.CREDENTIALS),
    Meaning.SCOPE: (
        "the permission that was given does not cover this: connect again, and leave every box ticked",
        Loss.FORBIDDEN,
    ),
    Meaning.REFUSED: ("Google refuses this calendar", Loss.FORBIDDEN),
    Meaning.POLICY: ("the administrator of this account does not permit it", Loss.FORBIDDEN),
}
_CANNOT: Mapping[Meaning, str] = {
    Meaning.GUEST: "only the organizer of the event may do this",
    Meaning.UNABLE: "the school's project at Google is not set up for this",
    Meaning.WRONG: "Google does not take this event",
}


def meaning(answer: Answer) -> Meaning:
    """Return what a refusal means."""
    for reason in _reasons(answer):
        if (found := MEANINGS.get((answer.status, reason))) is not None:
            return found
    if answer.status in _WEIGHTY and not _is_googles(answer):
        return Meaning.FAILS
    return BY_STATUS.get(answer.status, Meaning.FAILS)


def refusal(answer: Answer, *, write: bool) -> ProviderError:
    """Return the error that a refusal stands for where it is not about an event, or a sync token."""
    found = meaning(answer)
    if found in _LOST:
        words, loss = _LOST[found]
        return AccessLost(words, loss=loss, where=answer.where, status=answer.status)
    if found in _CANNOT and (write or found is not Meaning.WRONG):
        return Unsupported(_CANNOT[found], where=answer.where, status=answer.status)
    slow = NO_WRITES if found is Meaning.QUOTA and write else None
    return Unavailable(
        _words(answer, found),
        where=answer.where,
        status=answer.status,
        retry_after=slow or answers.wait(answer.headers),
    )


def passing(answer: Answer) -> bool:
    """Tell whether the same request may be answered in a moment."""
    return answer.status in range(500, 600) or meaning(answer) is Meaning.WAIT


def _words(answer: Answer, found: Meaning) -> str:
    if found is Meaning.QUOTA:
        return "Google takes no more invitations from this account for some hours"
    if found is Meaning.WAIT:
        return "Google asks us to wait"
    if answer.status in range(500, 600):
        return f"Google fails ({answer.status})"
    if answer.status in range(300, 400):
        return f"the answer sends us on to another address ({answer.status})"
    if answer.fine:
        return f"the answer is not Google's ({answer.status}): perhaps a log-in page"
    return f"Google does not take the request ({answer.status})"


def _is_googles(answer: Answer) -> bool:
    return answer.told is not None and isinstance(answer.told.get("error"), dict)


def _reasons(answer: Answer) -> Iterator[str]:
    """Yield every reason that the answer gives, the older shape's first, then the newer's."""
    error = (answer.told or {}).get("error")
    if not isinstance(error, dict):
        return
    for name in ("errors", "details"):
        for one in objects(error.get(name)) or ():
            if isinstance(reason := one.get("reason"), str):
                yield reason
