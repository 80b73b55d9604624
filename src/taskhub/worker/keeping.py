"""The keeper as a thread of the supervisor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from taskhub.worker.keeper import Keeper

logger = logging.getLogger(__name__)

#: How often to look around even if nothing happens, seconds.
LOOK_EVERY = 0.5
#: The keeper has so long to give back what killed processes held, seconds.
GRACE = 5.0


@contextmanager
def keeping(address: Path) -> Generator[Keeper | None]:
    """Watch over leases in a thread; it ends when no worker process is left. None: there can be no keeper."""
    try:
        keeper = Keeper(address)
    except OSError as error:
        logger.warning(
            "the keeper cannot listen at %s (%s): a lost process is noticed only when its lease runs "
            "out; set TMPDIR to a directory of your own with a short path",
            address,
            error.strerror or error,
        )
        yield None
        return
    over = threading.Event()

    def keep() -> None:
        while keeper.keeps or not over.is_set():
            keeper.watch(LOOK_EVERY)

    thread = threading.Thread(target=keep, name="taskhub-keeper", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        over.set()
        thread.join(GRACE)
        if not thread.is_alive():
            keeper.close()
