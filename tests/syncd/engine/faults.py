"""A provider that fails once, before or after its call took effect; and a database that dies once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from policy.interval import Interval
from providers.base import (
    BusyTime,
    CalendarEntry,
    CalendarId,
    CalendarProvider,
    Capability,
    Changes,
    ETag,
    Event,
    EventDraft,
    EventRef,
    RefKey,
    SyncToken,
    Written,
)
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    PreconditionFailed,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unreadable,
    Unsupported,
)
from syncd.store.database import Database
from syncd.store.tx import Tx

T = TypeVar("T")

ANYWHERE: tuple[ProviderError, ...] = (
    Unavailable("no answer"),
    Unavailable("too many requests", status=503),
    *(AccessLost(f"lost: {loss}", loss=loss) for loss in Loss),
)
MAY_RAISE: Mapping[str, tuple[ProviderError, ...]] = {
    "find": (*ANYWHERE, Unsupported("no calendar server")),
    "capabilities": (*ANYWHERE, Unsupported("no calendar server")),
    "calendars": (*ANYWHERE, Unsupported("no calendar server")),
    "busy": (*ANYWHERE, Unsupported("no calendar")),
    "changes": (*ANYWHERE, SyncTokenExpired("forgotten"), Unsupported("no calendar")),
    "fetch": (*ANYWHERE, EventNotFound("not there"), Unreadable("not understood")),
    "create": (*ANYWHERE, EventExists("it is there"), Unsupported("read-only")),
    "update": (*ANYWHERE, EventNotFound("gone"), PreconditionFailed("changed"), Unsupported("read-only")),
    "delete": (*ANYWHERE, EventNotFound("gone"), PreconditionFailed("changed")),
}
"""What each method's docstring lets it raise."""


@dataclass
class Faults:
    """Which calls fail; and every call there was."""

    when: Callable[[int, str], ProviderError | None] = lambda _number, _name: None
    """Tells the error of the n-th call, counted from 0, of the method with this name."""
    after: bool = False
    """It fails after it took effect: only its answer is lost."""
    calls: list[str] = field(default_factory=list)
    hook: Callable[[str], None] = lambda _name: None
    """Called with the name of each method before it is done."""

    def nth(self, number: int, error: ProviderError, *, after: bool = False) -> None:
        """Let the call *number* from now on fail, and no other."""
        start = len(self.calls)
        self.after = after
        self.when = lambda n, _name: error if n - start == number else None

    def every(self, name: str, error: ProviderError, *, after: bool = False) -> None:
        """Let every call of one method fail."""
        self.after = after
        self.when = lambda _n, called: error if called == name else None

    def once(self, name: str, error: ProviderError, *, after: bool = False) -> None:
        """Let the next call of one method fail."""
        left = [error]
        self.after = after
        self.when = lambda _n, called: left.pop() if called == name and left else None

    def mend(self) -> None:
        """Let no call fail any more."""
        self.when = lambda _number, _name: None

    def call(self, name: str, act: Callable[[], T]) -> T:
        """Do *act*, unless it is to fail."""
        self.calls.append(name)
        self.hook(name)
        error = self.when(len(self.calls) - 1, name)
        if error is None:
            return act()
        if self.after:
            act()
        raise error


class Caller(Protocol):
    """Whoever does the calls of a provider, or lets them fail."""

    def call(self, name: str, act: Callable[[], T]) -> T:
        """Do *act*, which is a call of the method *name*."""
        ...


class Faulty:
    """Wraps any provider."""

    def __init__(self, inner: CalendarProvider, faults: Caller) -> None:
        self._inner = inner
        self._faults = faults

    def capabilities(self) -> Capability:
        return self._faults.call("capabilities", self._inner.capabilities)

    def calendars(self) -> tuple[CalendarEntry, ...]:
        return self._faults.call("calendars", self._inner.calendars)

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        return self._faults.call("busy", lambda: self._inner.busy(calendars, window))

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        return self._faults.call(
            "changes", lambda: self._inner.changes(calendar, since, known=known, window=window)
        )

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        return self._faults.call("fetch", lambda: self._inner.fetch(calendar, ref))

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        return self._faults.call("create", lambda: self._inner.create(calendar, draft))

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        return self._faults.call("update", lambda: self._inner.update(calendar, ref, draft, etag))

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        self._faults.call("delete", lambda: self._inner.delete(calendar, ref, etag))

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        return self._inner.ref_for(calendar, uid)

    def close(self) -> None:
        self._inner.close()


class Crash(BaseException):
    """The process is killed here."""


class MortalDatabase(Database):
    """Dies at one writing transaction: before it, just before its commit, or just after."""

    countdown: int | None = None
    where: str = "after"
    writes: int = 0

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction as ever, or die."""
        self.writes += 1
        now = self._is_now()
        if now and self.where == "before":
            raise Crash
        with super().write() as tx:
            yield tx
            if now and self.where == "inside":
                raise Crash
        if now and self.where == "after":
            raise Crash

    def _is_now(self) -> bool:
        if self.countdown is None:
            return False
        self.countdown -= 1
        return self.countdown == -1
