"""The numbers as Prometheus reads them, asked for at each scrape; no label ever names a person.

Labels are states, kinds and outcomes of our own: words of a closed vocabulary.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from math import inf

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from syncd.health import Pulse, Vitals, vitals
from syncd.house import House
from syncd.store.errors import StoreError
from syncd.store.survey import Verification

_WORD = re.compile(r"[a-z][a-z_]{0,31}")
_OTHER = "other"


class Numbers(Collector):
    """Everything that is counted, as it is when somebody asks."""

    def __init__(self, house: Callable[[], House], pulse: Callable[[], Pulse]) -> None:
        self._house = house
        self._pulse = pulse

    def collect(self) -> Iterable[Metric]:
        """Yield every number; when the database does not answer, those of this process alone."""
        try:
            with self._house().db.read() as tx:
                seen = vitals(tx)
        except StoreError:
            yield _gauge("syncd_database_up", "Whether the database answers.", 0)
        else:
            yield from _of_school(seen)
            yield _gauge("syncd_database_up", "Whether the database answers.", 1)
        yield from _of_runner(self._pulse(), self._house().clock.now())
        yield _build()


def registry(house: Callable[[], House], pulse: Callable[[], Pulse]) -> CollectorRegistry:
    """Return a registry of our own: the library's global one is never asked."""
    made = CollectorRegistry(auto_describe=False)
    made.register(Numbers(house, pulse))
    ProcessCollector(registry=made)
    return made


def scraped(numbers: CollectorRegistry) -> bytes:
    """Return what a scrape reads, in Prometheus' text format 0.0.4."""
    return generate_latest(numbers)


def _of_school(seen: Vitals) -> Iterator[Metric]:
    yield from _verification(seen.verification, seen.at)
    accounts = {health.value: count for health, count in seen.accounts.items()}
    yield _counted("syncd_accounts", "Connected accounts by health.", "health", accounts)
    yield _counted("syncd_incidents_open", "Open incidents by kind.", "kind", seen.incidents)
    yield _counted("syncd_sessions", "Sessions by state.", "state", seen.sessions)
    late = {kind: one.count for kind, one in seen.overdue.items()}
    yield _counted("syncd_overdue", "Work that is due and that nobody does, by kind.", "kind", late)
    worst = max((seen.at - one.since for one in seen.overdue.values()), default=timedelta(0))
    yield _gauge("syncd_lateness_seconds", "How late the latest piece of overdue work is.", worst)
    verdicts = GaugeMetricFamily(
        "syncd_verdicts", "Verdicts that stand, by outcome and doubt.", labels=("outcome", "doubt")
    )
    for (outcome, doubt), count in sorted(seen.verdicts.items()):
        verdicts.add_metric((_label(outcome), "yes" if doubt else "no"), count)
    yield verdicts


def _verification(seen: Verification, now: datetime) -> Iterator[Metric]:
    known = now - seen.oldest if seen.oldest else timedelta(0)
    yield _gauge(
        "syncd_oldest_verified_session_seconds",
        "Age of the last look at the least recently verified upcoming session; "
        "+Inf if one was never verified, 0 if there is none.",
        inf if seen.never else known,
    )
    yield _gauge(
        "syncd_oldest_seen_session_seconds",
        "The same over those upcoming sessions that a calendar has shown at least once.",
        known,
    )
    yield _gauge("syncd_never_verified_sessions", "Upcoming sessions that no calendar has shown.", seen.never)
    yield _gauge("syncd_upcoming_sessions", "Live sessions that have not begun.", seen.upcoming)


def _of_runner(pulse: Pulse, now: datetime) -> Iterator[Metric]:
    ran = CounterMetricFamily("syncd_runs", "Pieces of work that ran, by kind.", labels=("kind",))
    for kind, count in sorted(pulse.ran.items()):
        ran.add_metric((_label(kind),), count)
    yield ran
    yield CounterMetricFamily("syncd_failures", "Pieces of work that ended with an error.", pulse.failed)
    yield CounterMetricFamily("syncd_fenced", "Runs that were thrown away for another's.", pulse.fenced)
    yield _gauge("syncd_running", "Pieces of work that run.", pulse.running)
    oldest = pulse.oldest or timedelta(0)
    yield _gauge("syncd_oldest_running_seconds", "How long the longest-running one has run.", oldest)
    since = pulse.trouble_since or now
    trouble = now - since if pulse.trouble is not None else timedelta(0)
    yield _gauge("syncd_database_trouble", "Whether the runner cannot use the database.", _flag(pulse))
    yield _gauge("syncd_database_trouble_seconds", "For how long it cannot.", trouble)


def _flag(pulse: Pulse) -> int:
    return int(pulse.trouble is not None)


def _build() -> Metric:
    try:
        number = version("syncd")
    except PackageNotFoundError:
        number = "0"
    build = GaugeMetricFamily("syncd_build_info", "What runs here.", labels=("version", "python"))
    build.add_metric((number, platform.python_version()), 1)
    return build


def _gauge(name: str, says: str, value: float | timedelta) -> Metric:
    number = max(0.0, value.total_seconds()) if isinstance(value, timedelta) else value
    return GaugeMetricFamily(name, says, number)


def _counted(name: str, says: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=(label,))
    merged: dict[str, int] = {}
    for word, count in counts.items():
        merged[_label(word)] = merged.get(_label(word), 0) + count
    for word, count in sorted(merged.items()):
        family.add_metric((word,), count)
    return family


def _label(word: str) -> str:
    """Return *word* if it is a code of ours; nothing else gets into a label."""
    code = str(word).replace(" ", "_").replace(".", "_")
    return code if _WORD.fullmatch(code) else _OTHER
