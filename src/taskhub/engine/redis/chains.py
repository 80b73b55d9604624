"""How long the stored links of chains are kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

#: Links are forgotten when no message has referred to them for this long, ms: their messages were
#: purged.
CHAIN_LIFE = 30 * 24 * 60 * 60 * 1000


def chain_lives(
    plans: Sequence[ChainPlan],
    envelopes: Iterable[Envelope],
    chords: Iterable[ChordPlan] = (),
    consumed: Iterable[str] = (),
) -> list[tuple[str, int]]:
    """Return for how long the stored links of each chain are kept, ms; 0: no longer.

    A chain is kept for as long as the messages that refer to it wait, and `CHAIN_LIFE` beyond.

    Args:
        plans: The chains whose links are stored now.
        envelopes: The messages that are stored.
        chords: The chords that begin, whose bodies are messages, too.
        consumed: The chains whose links are needed no longer.
    """
    lives = {plan.chain_id: CHAIN_LIFE for plan in plans}
    for envelope in (*envelopes, *(message for chord in chords for message in chord.body)):
        for chain_id in envelope.chains:
            lives[chain_id] = max(lives.get(chain_id, 0), CHAIN_LIFE + _wait(envelope))
    return [*lives.items(), *((chain_id, 0) for chain_id in consumed)]


def _wait(envelope: Envelope) -> int:
    """Return the milliseconds until a message is due."""
    if envelope.eta is None:
        return envelope.delay
    return max(0, envelope.eta - int(time.time() * 1000))
