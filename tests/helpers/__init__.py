"""What several tests share: apps, servers, pages; no test imports another."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
