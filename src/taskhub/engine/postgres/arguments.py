"""What is written, as parameters of statements, by column: messages, canvases, outcomes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.rules import EngineRules
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan, Outcome

#: Links are forgotten when no message has referred to them for this long, ms: their messages were
#: purged.
CHAIN_LIFE: Final = 30 * 24 * 60 * 60 * 1000

Column = Sequence[Any]


def message_columns(envelopes: Sequence[Envelope]) -> list[Column]:
    """Return messages as `publish` takes them: task ids, queues, ..., delays, etas."""
    if any(envelope.delay > 0 or envelope.eta is not None for envelope in envelopes):
        # An ETA comes before a delay.
        delays: Column = [max(0, envelope.delay) for envelope in envelopes]
        etas: Column = [envelope.eta for envelope in envelopes]
    else:
        delays = etas = ()
    return [
        [envelope.task_id for envelope in envelopes],
        [envelope.queue for envelope in envelopes],
        [envelope.priority for envelope in envelopes],
        [envelope.body for envelope in envelopes],
        delays,
        etas,
    ]


def body_columns(chords: Iterable[ChordPlan]) -> list[Column]:
    """Return the messages of the bodies of chords: their chords, and the messages."""
    pairs = [(chord.chord_id, message) for chord in chords for message in chord.body]
    return [
        [chord_id for chord_id, _ in pairs],
        *message_columns([message for _, message in pairs]),
    ]


def page_values(page: ChordPage | None) -> tuple[Any, ...]:
    """Return of which open chord the messages of a call are a page."""
    if page is None:
        return None, 0, None, ""
    return page.chord_id, page.parts, page.wait, page.failure


def canvas_columns(
    chords: Sequence[ChordPlan], chains: Sequence[ChainPlan], envelopes: Sequence[Envelope]
) -> list[Column]:
    """Return the chords that a call begins, and the chains whose links it stores."""
    lives = chain_lives(chains, envelopes, chords)
    links = [
        (plan.chain_id, number, link) for number, plan in enumerate(chains) for link in plan.links
    ]
    return [
        [chord.chord_id for chord in chords],
        [chord.size for chord in chords],
        *body_columns(chords),
        [chain_id for chain_id, _ in lives],
        [life for _, life in lives],
        [chain_id for chain_id, _, _ in links],
        [number for _, number, _ in links],
        [link for _, _, link in links],
    ]


def chain_lives(
    plans: Sequence[ChainPlan],
    envelopes: Iterable[Envelope],
    chords: Iterable[ChordPlan] = (),
    consumed: Iterable[str] = (),
) -> list[tuple[str, int]]:
    """Return for how long the stored links of each chain are kept, ms; 0: no longer.

    A chain is kept for as long as the messages that refer to it wait, and `CHAIN_LIFE` beyond.
    """
    lives = {plan.chain_id: CHAIN_LIFE for plan in plans}
    for envelope in (*envelopes, *(message for chord in chords for message in chord.body)):
        for chain_id in envelope.chains:
            wait = envelope.delay
            if envelope.eta is not None:
                wait = max(0, envelope.eta - int(time.time() * 1000))
            lives[chain_id] = max(lives.get(chain_id, 0), CHAIN_LIFE + wait)
    return [*lives.items(), *((chain_id, 0) for chain_id in consumed)]


def commit_parameters(
    now: int | None, worker: str, completions: Sequence[Completion], rules: EngineRules
) -> list[Any]:
    """Return the parameters of `commit.sql`.

    Args:
        now: The present, ms; None: the server's.
        worker: Whose claims they are.
        completions: What to write; no two of one claim.
        rules: What is kept of them.
    """
    outcomes = [completion.outcome for completion in completions]
    numbered = list(enumerate(outcomes, 1))
    histories = [outcome.history for outcome in outcomes] if rules.keeps_history else []
    if not any(histories):
        histories = []
    tallies = [completion.tally for completion in completions]
    if rules.statistics_ttl <= 0 or not any(tallies):
        tallies = []
    return [
        now,
        worker,
        [completion.claim.key for completion in completions],
        [completion.claim.token for completion in completions],
        [outcome.task_id for outcome in outcomes],
        [outcome.document for outcome in outcomes],
        [outcome.ttl for outcome in outcomes],
        _sparse([outcome.dead for outcome in outcomes]),
        rules.dead_letter_ttl,
        _sparse([outcome.failed for outcome in outcomes]),
        rules.failed_limit,
        rules.failed_max_bytes,
        tallies,
        rules.statistics_ttl,
        [None if part is None else part.task for part in histories],
        [None if part is None else part.state for part in histories],
        [None if part is None else part.record for part in histories],
        rules.history_limit,
        *_pairs(numbered, "events", lambda event: (event,)),
        rules.events_kept,
        *_message_columns(completions, numbered),
        *_pairs(numbered, "documents", lambda each: (each.task_id, each.text)),
        *_canvas_columns(numbered),
    ]


def _sparse(column: list[Any]) -> Column:
    """Return a column, empty if there is nothing in it."""
    return column if any(value is not None for value in column) else ()


def _pairs(numbered: Sequence[tuple[int, Outcome]], name: str, cells: Any) -> list[Column]:
    """Return what a field of outcomes holds, by column, with the outcome's number before it."""
    rows = [
        (number, *cells(value)) for number, outcome in numbered for value in getattr(outcome, name)
    ]
    if not rows:
        return [()] * _WIDTHS[name]
    return [list(column) for column in zip(*rows, strict=True)]


#: How many columns each field takes, the number of the outcome included.
_WIDTHS: Final = {
    "chords": 3,
    "documents": 3,
    "events": 2,
    "extends": 3,
    "parts": 4,
}


def _message_columns(
    completions: Sequence[Completion], numbered: Sequence[tuple[int, Outcome]]
) -> list[Any]:
    """Return whether the order of outcomes decides about keys, and the messages that follow."""
    in_order = any(outcome.dead is not None for _, outcome in numbered)
    pairs = [(number, message) for number, outcome in numbered for message in outcome.publish]
    if not pairs:
        return [in_order, (), *[()] * 6]
    ends = {completion.claim.key: number for number, completion in enumerate(completions, 1)}
    in_order = in_order or any(ends.get(message.task_id, 0) > number for number, message in pairs)
    columns = message_columns([message for _, message in pairs])
    return [in_order, [number for number, _ in pairs], *columns]


def _canvas_columns(numbered: Sequence[tuple[int, Outcome]]) -> list[Column]:
    """Return what outcomes change of chords and chains."""
    if not any(
        outcome.chords
        or outcome.extends
        or outcome.parts
        or outcome.consumed_chord is not None
        or outcome.chains
        or outcome.consumed_chains
        or any(message.chains for message in outcome.publish)
        for _, outcome in numbered
    ):
        return [()] * 25
    lives = [
        (number, *life)
        for number, outcome in numbered
        for life in chain_lives(
            outcome.chains, outcome.publish, outcome.chords, outcome.consumed_chains
        )
    ]
    links = [
        (number, plan.chain_id, link)
        for number, outcome in numbered
        for plan in outcome.chains
        for link in plan.links
    ]
    left = [
        (number, outcome.consumed_chord)
        for number, outcome in numbered
        if outcome.consumed_chord is not None
    ]
    return [
        *_pairs(numbered, "chords", lambda chord: (chord.chord_id, chord.size)),
        *body_columns([chord for _, outcome in numbered for chord in outcome.chords]),
        *_pairs(numbered, "extends", tuple),
        *_pairs(numbered, "parts", lambda part: (part.chord_id, str(part.place), part.value)),
        *_columns(left, 2),
        *_columns(lives, 3),
        *_columns(links, 3),
    ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Column]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [()] * width
