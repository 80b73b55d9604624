"""Scores of the sorted sets that hold queues: by priority, then by sequence.

The scripts reckon with the same numbers (`lua/sequence.lua`).
"""

from __future__ import annotations

#: The width of a priority band; sequences stay below it until 2094.
BAND = 2**49


def sequence_of(score: str) -> int:
    """Return the sequence of a message; 0 if something else wrote its score."""
    return int(score) % BAND if score.isdigit() else 0
