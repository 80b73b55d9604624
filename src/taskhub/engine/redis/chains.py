"""What becomes of the stored links of chains, as the scripts read it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

#: Links are forgotten when no message has told of them for this long, ms: their messages were purged.
CHAIN_LIFE = 30 * 24 * 60 * 60 * 1000


def chain_arguments(
    plans: Sequence[ChainPlan],
    envelopes: Iterable[Envelope],
    chords: Iterable[ChordPlan] = (),
    spent: Iterable[str] = (),
) -> list[list[Any]]:
    """Return one entry per chain: its id, how long its links are kept (ms, 0: no longer), their number, the links.

    A chain is kept for as long as the messages that tell of it wait, and `CHAIN_LIFE` beyond.
    """
    kept = {plan.chain_id: CHAIN_LIFE for plan in plans}
    for envelope in (*envelopes, *(message for chord in chords for message in chord.body)):
        for chain_id in envelope.chains:
            kept[chain_id] = max(kept.get(chain_id, 0), CHAIN_LIFE + _wait(envelope))
    stored = {plan.chain_id: plan.links for plan in plans}
    entries: list[list[Any]] = []
    for chain_id, life in kept.items():
        links = stored.get(chain_id, ())
        entries.append([chain_id, life, len(links), *links])
    return [*entries, *([chain_id, 0, 0] for chain_id in spent)]


def _wait(envelope: Envelope) -> int:
    """Return the milliseconds until a message is due."""
    if envelope.eta is None:
        return envelope.delay
    return max(0, envelope.eta - int(time.time() * 1000))
