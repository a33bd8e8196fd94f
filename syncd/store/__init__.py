"""All SQL of the house: tables, migrations, and the repositories that speak in rows."""

from __future__ import annotations
