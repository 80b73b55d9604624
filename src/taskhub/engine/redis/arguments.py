"""What is written, as arguments of the scripts: outcomes, messages, chords and chains (`wire`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.chains import chain_lives
from taskhub.engine.redis.wire import Row, table_arguments
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan, Outcome

_NO_HISTORY: Final = ("", "")


def wire_key(key: str) -> str | bytes:
    """Return a key as it is stored: one that is not UTF-8 was read with its bytes escaped."""
    return key if key.isascii() else key.encode("utf-8", "surrogateescape")


def claimed_from(queues: Sequence[str]) -> str:
    """Return queues as the script of completions reads them: each between line breaks."""
    return "\n".join(("", *queues, "")) if queues else ""


def all_documents(outcome: Outcome) -> list[tuple[str, str]]:
    """Return every result document of an outcome, with its task id."""
    own = [] if outcome.document is None else [(outcome.task_id, outcome.document)]
    return [*own, *outcome.documents] if outcome.documents else own


def message_arguments(envelopes: Iterable[Envelope]) -> list[Any]:
    """Return the stored form of messages, each followed by when it is due."""
    return [value for envelope in envelopes for value in (envelope.record(), envelope.due())]


def page_arguments(page: ChordPage | None) -> Sequence[Any]:
    """Return of which open chord the messages of a call are a page."""
    if page is None:
        return "", 0, "", ""
    return page.chord_id, page.parts, "" if page.wait is None else page.wait, page.failure


def call_arguments(
    chords: Sequence[ChordPlan],
    chains: Sequence[ChainPlan],
    envelopes: Sequence[Envelope],
    unstaged: Sequence[Envelope],
) -> list[Any]:
    """Return the tables of a call: its chords, its chains, and its messages.

    Args:
        chords: The chords that begin.
        chains: The chains whose links are stored.
        envelopes: All messages of the call.
        unstaged: Those that are sent with it; the others were staged before.
    """
    lives = chain_lives(chains, envelopes, chords)
    return table_arguments(_plans(chords, chains, lives) | {"messages": _messages(unstaged)})


def commit_arguments(
    completions: Sequence[Completion], rules: EngineRules, *, with_documents: bool
) -> list[Any]:
    """Return completions as `commit.lua` reads them.

    Args:
        completions: What to write.
        rules: What is kept of them.
        with_documents: Whether result documents are stored on the same server.
    """
    arguments: list[Any] = [len(completions)]
    for claim, outcome, tally in completions:
        arguments += (
            wire_key(claim.key),
            claim.token,
            tally if rules.statistics_ttl > 0 else "",
            outcome.task_id,
            (outcome.document or "") if with_documents else "",
            "" if outcome.ttl is None else outcome.ttl,
            outcome.dead or "",
            outcome.consumed_chord or "",
            *_history(outcome, rules),
        )
        if _has_tables(outcome):
            arguments += table_arguments(_tables(outcome, with_documents=with_documents))
        else:
            arguments.append(0)
    return arguments


def lone_arguments(
    completion: Completion, rules: EngineRules, *, with_documents: bool
) -> tuple[Any, ...] | None:
    """Return a completion as `commit_one.lua` reads it; None: more than a result follows."""
    claim, outcome, tally = completion
    if outcome.dead or outcome.consumed_chord or _has_tables(outcome):
        return None
    return (
        wire_key(claim.key),
        claim.token,
        outcome.task_id,
        (outcome.document or "") if with_documents else "",
        "" if outcome.ttl is None else outcome.ttl,
        tally if rules.statistics_ttl > 0 else "",
        *_history(outcome, rules),
    )


def _history(outcome: Outcome, rules: EngineRules) -> tuple[str, str]:
    """Return subject and entry of the history, "" without one."""
    history = outcome.history if rules.keeps_history else None
    if history is None:
        return _NO_HISTORY
    subject = f"{history.task}\n{history.state}"
    return subject, f"{subject}\n{history.record}"


def _has_tables(outcome: Outcome) -> bool:
    """Whether an outcome changes more than its own message and result: most do not."""
    return bool(
        outcome.publish
        or outcome.parts
        or outcome.events
        or outcome.documents
        or outcome.chords
        or outcome.extends
        or outcome.chains
        or outcome.consumed_chains
        or outcome.failed
    )


def _tables(outcome: Outcome, *, with_documents: bool) -> dict[str, Sequence[Row]]:
    """Return the tables of an outcome."""
    lives = chain_lives(outcome.chains, outcome.publish, outcome.chords, outcome.consumed_chains)
    return _plans(outcome.chords, outcome.chains, lives) | {
        "extensions": outcome.extends,
        "messages": _messages(outcome.publish),
        "parts": outcome.parts,
        "documents": outcome.documents if with_documents else (),
        "events": [(event,) for event in outcome.events],
        "failed": [(outcome.failed,)] if outcome.failed else (),
    }


def _plans(
    chords: Sequence[ChordPlan], chains: Sequence[ChainPlan], lives: Sequence[Row]
) -> dict[str, Sequence[Row]]:
    """Return the tables of chords and of chains."""
    return {
        "chords": [(chord.chord_id, chord.size) for chord in chords],
        "bodies": [
            (chord.chord_id, message.record(), message.due())
            for chord in chords
            for message in chord.body
        ],
        "chains": lives,
        "links": [(chain.chain_id, link) for chain in chains for link in chain.links],
    }


def _messages(envelopes: Iterable[Envelope]) -> list[Row]:
    """Return the table of messages."""
    return [(envelope.record(), envelope.due()) for envelope in envelopes]
