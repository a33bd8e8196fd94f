"""``python -m benchmarks``: everything, or what is named, side by side."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import change, derivation, google, idle, lateness, machine, memory, rounds, small
from benchmarks.report import Result, as_json, markdown
from benchmarks.scale import FULL, QUICK, Scale

Benchmark = Callable[[Scale, Path], Iterator[Result]]

BENCHMARKS: Mapping[str, Benchmark] = {
    "derivation": derivation.derivation,
    "resources": derivation.resources,
    "small": small.small,
    "change": change.change,
    "idle": idle.idle,
    "google": google.google,
    "memory": memory.memory,
    "rounds": rounds.rounds,
    "lateness": lateness.lateness,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks and print their tables; 3 means that the computer was too busy to begin."""
    given = _parser().parse_args(arguments)
    if given.list:
        for name, run in BENCHMARKS.items():
            _say(f"{name:12} {(run.__doc__ or '').splitlines()[0]}")
        return 0
    found = machine.machine()
    warning = machine.disturbed(os.getloadavg()[0], os.cpu_count() or 1)
    if warning and given.calm:
        _talk(f"refused: {warning}")
        return 3
    if warning:
        _talk(f"warning: {warning}")
    _say(f"{machine.in_words(found)}\n" + (f"\n**Disturbed**: {warning}.\n" if warning else ""))
    results = list(_run(given.only or BENCHMARKS, QUICK if given.quick else FULL))
    if given.json is not None:
        given.json.write_text(json.dumps(as_json(found, results), indent=1) + "\n", encoding="utf-8")
    return 0


def _run(names: Mapping[str, Benchmark] | list[str], scale: Scale) -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        for name in names:
            _talk(f"{name} ...")
            place = Path(folder) / name
            place.mkdir()
            for result in BENCHMARKS[name](scale, place):
                _say(markdown(result))
                yield result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--list", action="store_true", help="say what there is, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: about a minute")
    parser.add_argument("--calm", action="store_true", help="refuse to begin on a busy computer")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help="measure only these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to FILE as well")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _talk(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
