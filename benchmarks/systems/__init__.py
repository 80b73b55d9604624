"""The systems under measurement, in the order in which every round runs them."""

from __future__ import annotations

from benchmarks.systems.celery import CELERY
from benchmarks.systems.dramatiq import DRAMATIQ
from benchmarks.systems.system import System
from benchmarks.systems.taskhub import TASKHUB

SYSTEMS: dict[str, System] = {system.name: system for system in (TASKHUB, CELERY, DRAMATIQ)}

__all__ = ["SYSTEMS", "System"]
