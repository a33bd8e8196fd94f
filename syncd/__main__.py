"""``python -m syncd`` is the same as ``syncd``."""

from __future__ import annotations

import sys

from syncd.cli import main

if __name__ == "__main__":
    sys.exit(main())
