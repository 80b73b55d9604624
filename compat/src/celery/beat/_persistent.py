"""A scheduler that keeps in a file when its entries were called."""

from __future__ import annotations

import logging
import shelve
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from celery.beat._scheduler import Scheduler

logger = logging.getLogger("taskhub.scheduler")

#: What databases of the standard library add to the name of their file.
_SUFFIXES = ("", ".db", ".dat", ".bak", ".dir")


class PersistentScheduler(Scheduler):
    """Reads and writes its entries in a file of the module `shelve`.

    Parameters are those of `Scheduler`, and `schedule_filename`; by default the setting
    `beat_schedule_filename`.
    """

    persistence: Any = shelve
    _store: Any = None

    def __init__(self, app: Any, *args: Any, **kwargs: Any) -> None:
        named = kwargs.pop("schedule_filename", None)
        self.schedule_filename: str = named or app.conf.beat_schedule_filename
        super().__init__(app, *args, **kwargs)

    def setup_schedule(self) -> None:
        """Open the file, and make its entries those of the setting `beat_schedule`."""
        conf = self.app.conf
        configured = {"tz": str(conf.timezone), "utc_enabled": bool(conf.enable_utc)}
        try:
            self._open()
            kept = {name: self._store.get(name) for name in configured}
        except Exception as error:
            logger.warning("%s cannot be read (%s): begun anew", self.schedule_filename, error)
            self._remove()
            self._open()
            kept = {}
        if kept != configured:
            # Times in another zone say nothing.
            self._store["entries"] = {}
        self._store.update(configured)
        self.merge_inplace(conf.beat_schedule or {})
        self.install_default_entries(self.schedule)
        self.sync()

    def _open(self) -> None:
        self._store = self.persistence.open(self.schedule_filename, writeback=True)
        self._store.setdefault("entries", {})

    def _remove(self) -> None:
        for suffix in _SUFFIXES:
            Path(f"{self.schedule_filename}{suffix}").unlink(missing_ok=True)

    def get_schedule(self) -> MutableMapping[str, Any]:
        entries: MutableMapping[str, Any] = self._store["entries"]
        return entries

    def set_schedule(self, schedule: Any) -> None:
        self._store["entries"] = schedule

    def sync(self) -> None:
        if self._store is not None:
            self._store.sync()

    def close(self) -> None:
        super().close()
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def info(self) -> str:
        return f"    . db -> {self.schedule_filename}"
