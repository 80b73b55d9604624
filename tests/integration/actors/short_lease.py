"""Settings for workers that are killed: they are missed after two seconds."""

from __future__ import annotations

lease_seconds = 2
