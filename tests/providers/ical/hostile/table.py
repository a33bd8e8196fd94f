"""What each bomb costs ``syncd read``: ``python -m tests.providers.ical.hostile.table`` prints the table."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.providers.ical.hostile.bombs import BOMBS, Bomb

LONGEST, LARGEST = 5.0, 600
ROOT = Path(__file__).parents[4]
_SIBLING = {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z"}


@dataclass(frozen=True)
class Row:
    """One bomb, read."""

    bomb: Bomb
    size: int
    seconds: float
    """By the clock on the wall, from the start of the program to its end."""
    computed: float
    """Of those, how many any processor worked for it."""
    megabytes: float
    """The most that the program and its reading processes had in memory, added up."""
    verdict: str
    taken: bool
    """Whether it takes any time, known or unknown: what does not would be free."""
    sibling: bool
    """Whether the innocent event beside it was read, or lies in what is unknown."""
    notes: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Whether it is read in bounded time and memory, and not as free."""
        # On a computer that does much else the wall says little.
        held = min(self.seconds, self.computed) <= LONGEST and self.megabytes <= LARGEST
        return held and self.verdict == self.bomb.verdict and self.taken and self.sibling


def rows(folder: Path) -> Iterator[Row]:
    """Read each bomb in a program of its own."""
    for bomb in BOMBS:
        yield measured(bomb, folder / "bomb.ics")


def measured(bomb: Bomb, file: Path) -> Row:
    """Return what reading one bomb costs, from the start of the program to its end."""
    with file.open("wb") as bytes_:
        for piece in bomb.pieces():
            bytes_.write(piece)
    command = [sys.executable, "-m", "syncd", "read", "--json", "--from", "2026-11-01", "--to", "2027-01-01"]
    began, worked = time.perf_counter(), _worked()
    with (
        tempfile.TemporaryFile() as out,
        subprocess.Popen([*command, str(file)], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT) as program,
    ):
        peak = _watched(program)
        seconds = time.perf_counter() - began
        out.seek(0)
        said = out.read()
    if program.returncode:
        raise AssertionError(f"{bomb.name}: {said.decode()}")
    return _row(bomb, file.stat().st_size, (seconds, _worked() - worked), peak, json.loads(said))


def _worked() -> float:
    """Return the processor time of every child that has ended, and of its children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watched(program: subprocess.Popen[bytes]) -> float:
    """Wait for a program and return the most kilobytes that it and its children had; it has a minute."""
    peak, end = 0.0, time.monotonic() + 60
    while program.poll() is None:
        peak = max(peak, sum(map(_most, _family(program.pid))))
        if time.monotonic() > end:
            program.kill()
        time.sleep(0.01)
    return peak


def _row(
    bomb: Bomb, size: int, times: tuple[float, float], peak: float, said: dict[str, list[dict[str, str]]]
) -> Row:
    others = [one for one in said["busy"] if one != _SIBLING]
    covering = [*said["busy"], *said["unknown"]]
    return Row(
        bomb=bomb,
        size=size,
        seconds=times[0],
        computed=times[1],
        megabytes=peak / 1024,
        verdict=str(said["verdict"]),
        taken=bool(others or said["unknown"]),
        sibling=any(one["start"] <= _SIBLING["start"] < one["end"] for one in covering),
        notes=tuple(map(str, said["notes"])),
    )


def _family(pid: int) -> list[int]:
    """Return a process and those it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return [pid]
    return [pid, *map(int, children.split())]


def _most(pid: int) -> int:
    """Return the most kilobytes that a process has had in memory so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _print(row: Row) -> None:
    size = f"{row.size / 2**20:.1f} MB" if row.size > 2**20 else f"{row.size / 1024:.1f} KB"
    cells = (
        row.bomb.name,
        size,
        f"{row.seconds:.2f}",
        f"{row.computed:.2f}",
        f"{row.megabytes:.0f}",
        row.verdict,
        " ".join(row.notes),
    )
    print("| " + " | ".join((*cells, "" if row.fine else "NOT FINE")) + " |", flush=True)  # noqa: T201 - the table


def main() -> int:
    """Print the table, and tell whether every row is fine."""
    print("| bomb | size | s | of computing | MB, parent and children | verdict | notes | |")  # noqa: T201
    print("|---|---|---|---|---|---|---|---|")  # noqa: T201
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            _print(row)
            fine = fine and row.fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
