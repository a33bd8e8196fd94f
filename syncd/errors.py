"""What a person is told when something is wrong: one sentence and an exit code."""

from __future__ import annotations

from typing import ClassVar


class Problem(Exception):
    """One sentence, or one a line, that says what is wrong, where, why, and what to do next."""

    exit_code: ClassVar[int] = 1
    """What the command line ends with: a problem was found."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Usage(Problem):
    """The command was given something that it cannot take."""

    exit_code: ClassVar[int] = 2


class Misconfigured(Problem):
    """The configuration, a key or the installation is not fit to start with."""

    exit_code: ClassVar[int] = 3
