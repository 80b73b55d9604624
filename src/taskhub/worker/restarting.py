"""When a process that ended is started again: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: What a process exits with that has noticed that it does not work any more: it is started again without a pause.
REPLACE_ME = 75
#: Ends in a row before any process was ever ready, after which there is no use in going on.
FAILED_STARTS = 3
#: A process that ran so long, seconds, had nothing wrong with it from the start.
RAN_WELL_AFTER = 10.0
#: The pause after the second end in a row, doubled by each further one; seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class History:
    """How often in a row a process ended soon after its start."""

    early_ends: int = 0

    def after(self, ran: float) -> History:
        """Return the history after a further end; `ran`: seconds since the process was ready."""
        return History() if ran >= RAN_WELL_AFTER else replace(self, early_ends=self.early_ends + 1)

    @property
    def pause(self) -> float:
        """Seconds until the next start: none after a single end, so that its tasks do not wait."""
        if self.early_ends <= 1:
            return 0.0
        # A bounded exponent: the power of a long misery would overflow.
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.early_ends - 2, 16))
