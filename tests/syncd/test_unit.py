from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from syncd.cli.unit import unit

EXPOSED_AT_MOST = 1.2


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "ExecStart=/opt/syncd/bin/syncd run",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "WatchdogSec=120",
        "KillMode=mixed",
        "TimeoutStopSec=20",
        "StateDirectory=syncd",
        "CacheDirectory=syncd",
        "UMask=0077",
    ],
)
def test_the_unit_fits_the_daemon(line: str) -> None:
    assert line in unit(Path("/etc/syncd"), "/opt/syncd/bin/syncd").splitlines()


def test_systemd_understands_the_unit_and_finds_it_shut_in(tmp_path: Path) -> None:
    file = tmp_path / "syncd.service"
    file.write_text(unit(Path("/etc/syncd"), "/bin/true"), encoding="utf-8")
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        return  # the lines above are all that can be checked here
    found = subprocess.run(
        [systemd, "security", "--offline=true", str(file)], check=True, capture_output=True, text=True
    )
    score = re.search(r"Overall exposure level for syncd.service: ([0-9.]+)", found.stdout)
    assert score is not None
    assert float(score[1]) <= EXPOSED_AT_MOST
    verified = subprocess.run([systemd, "verify", str(file)], check=False, capture_output=True, text=True)
    assert "syncd.service" not in verified.stderr
