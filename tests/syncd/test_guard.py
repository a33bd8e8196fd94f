from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from syncd.guard import check, foreign

ROOT = Path(__file__).parents[2]


def started(foreign_home: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(foreign_home), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-m", "syncd", "--version"],
        cwd=foreign_home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )


def test_our_own_packages_pass() -> None:
    check()
    assert foreign() is None


def test_somebody_elses_package_of_that_name_is_refused_before_it_runs(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "__init__.py").write_text("print('I ran')\n")
    (tmp_path / "opa_policy-1.0.dist-info").mkdir()
    (tmp_path / "opa_policy-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opa-policy\nVersion: 1.0\n"
    )
    (tmp_path / "opa_policy-1.0.dist-info" / "top_level.txt").write_text("policy\n")
    ended = started(tmp_path)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (3, "", 1)
    assert f"the package 'policy' comes from {tmp_path}/policy (of opa-policy)" in ended.stderr


def test_a_package_that_was_installed_over_ours_is_refused(tmp_path: Path) -> None:
    for package in ("policy", "providers"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    assert "'policy' comes from" in str(foreign(tmp_path))
    assert started(tmp_path).returncode == 3
