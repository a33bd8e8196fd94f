"""Who watches how long reading takes: nobody, or a timer of the process that reads."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Overrun(BaseException):
    """The time for what is being read is used up; no library on the way may take it for an error of its own."""


class Watch(Protocol):
    """What keeps the time of one document."""

    def document(self) -> AbstractContextManager[None]:
        """Give what concerns the whole document all of its time."""
        ...

    def series(self, share: float = 1.0) -> AbstractContextManager[None]:
        """Give one series a share of its time: :class:`Overrun` is raised in the midst of it when that is used up."""
        ...

    @property
    def over(self) -> bool:
        """Whether the whole document's time is used up."""
        ...


class Unwatched:
    """Lets everything take the time it takes: for texts of our own making."""

    over = False

    def document(self) -> AbstractContextManager[None]:
        """Set no bound."""
        return nullcontext()

    def series(self, share: float = 1.0) -> AbstractContextManager[None]:
        """Set no bound."""
        del share
        return nullcontext()
