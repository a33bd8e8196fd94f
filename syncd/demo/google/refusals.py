"""What Google answers when it refuses: a status, a reason, and the JSON round both.

The status alone says little: 410 alone has three meanings, and 403 a dozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Body = dict[str, Any]
"""A JSON object."""


@dataclass(eq=False)
class Refusal(Exception):
    """An answer that is not what was asked for."""

    status: int
    reason: str
    message: str
    domain: str = "global"
    where: tuple[str, str] | None = None
    """The kind and the name of what was wrong, such as ``("parameter", "syncToken")``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    """What newer layers of Google add to the old shape: ``status`` and ``details``."""

    def body(self) -> Body:
        """Return the JSON that says so."""
        one = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.where:
            one |= {"locationType": self.where[0], "location": self.where[1]}
        return {"error": {"errors": [one], "code": self.status, "message": self.message, **self.more}}


def not_found() -> Refusal:
    """Return that it is not there, or not for this person to know of."""
    return Refusal(HTTPStatus.NOT_FOUND, "notFound", "Not Found")


def invalid(message: str, name: str = "") -> Refusal:
    """Return that a value is wrong; *name* is the query parameter it stands in."""
    where = ("parameter", name) if name else None
    return Refusal(HTTPStatus.BAD_REQUEST, "invalid", message, where=where)


def required(message: str) -> Refusal:
    """Return that a value is missing."""
    return Refusal(HTTPStatus.BAD_REQUEST, "required", message)


def time_range(reason: str, message: str) -> Refusal:
    """Return that a range of time is empty or too long."""
    return Refusal(HTTPStatus.BAD_REQUEST, reason, message, domain="calendar")


def duplicate() -> Refusal:
    """Return that the id has been used, be it by an event that was deleted."""
    return Refusal(HTTPStatus.CONFLICT, "duplicate", "The requested identifier already exists.")


def deleted() -> Refusal:
    """Return that what shall be deleted was deleted before."""
    return Refusal(HTTPStatus.GONE, "deleted", "Resource has been deleted")


def full_sync() -> Refusal:
    """Return that a sync token is worth nothing any more."""
    message = "Sync token is no longer valid, a full sync is required."
    where = ("parameter", "syncToken")
    return Refusal(HTTPStatus.GONE, "fullSyncRequired", message, domain="calendar", where=where)


def too_long_ago() -> Refusal:
    """Return that nobody remembers what changed since then."""
    message = "The requested minimum modification time lies too far in the past."
    where = ("parameter", "updatedMin")
    return Refusal(HTTPStatus.GONE, "updatedMinTooLongAgo", message, domain="calendar", where=where)


def restricted(name: str) -> Refusal:
    """Return that a sync token takes no other restriction beside it."""
    message = f"Sync token cannot be used with other request restrictions: {name}."
    return Refusal(
        HTTPStatus.BAD_REQUEST, "syncTokenWithRequestRestrictions", message, where=("parameter", "syncToken")
    )


def changed() -> Refusal:
    """Return that the event is not as it was when its etag was read."""
    where = ("header", "If-Match")
    return Refusal(HTTPStatus.PRECONDITION_FAILED, "conditionNotMet", "Precondition Failed", where=where)


def not_the_organizer() -> Refusal:
    """Return that only the organizer can change this."""
    message = "Shared properties can only be changed by the organizer of the event."
    return Refusal(HTTPStatus.FORBIDDEN, "forbiddenForNonOrganizer", message, domain="calendar")


def forbidden() -> Refusal:
    """Return that this is not allowed, without a word why."""
    return Refusal(HTTPStatus.FORBIDDEN, "forbidden", "Forbidden")


def access_level(role: str) -> Refusal:
    """Return that a calendar was not shared as *role*."""
    message = f"You need to have {role} access to this calendar."
    return Refusal(HTTPStatus.FORBIDDEN, "requiredAccessLevel", message, domain="calendar")


def no_credentials() -> Refusal:
    """Return that the access token is missing, wrong, expired or revoked."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "authError",
        "Invalid Credentials",
        where=("header", "Authorization"),
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
        more={"status": "UNAUTHENTICATED"},
    )


def no_scope(method: str) -> Refusal:
    """Return that the person has not allowed *method*, such as ``calendar.events.list``."""
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "method": method},
    }
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        more={"status": "PERMISSION_DENIED", "details": [detail]},
    )
