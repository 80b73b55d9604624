"""Warnings of refused optional writes (notifications, counts, events), once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

from taskhub.command_hint import command_hint

logger = logging.getLogger(__name__)

#: The same words are logged again after this long, seconds.
_AGAIN_AFTER: Final = 60.0
#: So many different ones are distinguished.
_MOST: Final = 100


class OptionalWriteWarnings:
    """Logs each kind of refusal, and not each refusal.

    Args:
        where: The store, without secrets.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._logged: dict[str, float] = {}

    def warn(
        self,
        refusals: Iterable[bytes | str | Exception],
        what: str = "refuses a part of what follows a commit (the outcome itself is stored)",
    ) -> None:
        """Log what the store said, unless it was said lately.

        Args:
            refusals: The store's words.
            what: What it does, as the rest of a sentence about it.
        """
        for refusal in refusals:
            text = refusal.decode(errors="replace") if isinstance(refusal, bytes) else str(refusal)
            now = time.monotonic()
            if now - self._logged.get(text, -_AGAIN_AFTER) < _AGAIN_AFTER:
                continue
            if len(self._logged) >= _MOST:
                self._logged.clear()
            self._logged[text] = now
            logger.error(
                "%s %s: %s; %s says what is in the way",
                self._where,
                what,
                text,
                command_hint("doctor"),
            )
