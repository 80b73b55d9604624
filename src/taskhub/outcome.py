"""Outcome of a task as a value: all that is to be written when it ends, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

from taskhub.message import Envelope


class ChordPlan(NamedTuple):
    """A chord that is to begin: when all parts are in, the messages of its body are published."""

    chord_id: str
    #: How many parts its header has.
    size: int
    body: tuple[Envelope, ...]


class ChordPage(NamedTuple):
    """Some members of an open chord: its caller still reads others from a generator.

    Until the last page an open chord waits for the next one, and is not complete. The first page
    comes with the `ChordPlan` of size 0 that opens it. A page of no parts renews the wait.
    """

    chord_id: str
    #: How many parts the messages of this page give.
    parts: int
    #: How long the chord waits for the next page, milliseconds; None: this is the last one, its
    #: size is known now.
    wait: int | None
    #: With the first page: the part that ends the chord when the next page does not come.
    failure: str = ""


class ChordPart(NamedTuple):
    """What one task of a header gives to its chord."""

    chord_id: str
    #: Its place among the parts, or the label of its `ChordExtension`.
    place: int | str
    #: The value or the failure, as text; the engine does not open it.
    value: str


class ChordExtension(NamedTuple):
    """Room for one more part in a chord, behind those that it has."""

    chord_id: str
    #: Under which the part is given, once; begins with "+".
    label: str


class ChainPlan(NamedTuple):
    """The links of a long chain that its messages do not carry; stored once, and never changed."""

    chain_id: str
    #: Signatures as text, in the order in which they run; the engine does not open them.
    links: tuple[str, ...]


class Document(NamedTuple):
    """Result document of another task that ends with this one, e.g. a later link of a chain."""

    task_id: str
    text: str


class HistoryPart(NamedTuple):
    """What the history keeps of a task that has ended."""

    #: Its name, one line.
    task: str
    #: One of `taskhub.history.STATES`.
    state: str
    #: `taskhub.history.HistoryRecord` as text; the engine does not open it.
    record: str


class Consequences(NamedTuple):
    """What follows from an outcome besides the state of the task itself."""

    publish: tuple[Envelope, ...] = ()
    chords: tuple[ChordPlan, ...] = ()
    parts: tuple[ChordPart, ...] = ()
    documents: tuple[Document, ...] = ()
    chains: tuple[ChainPlan, ...] = ()


#: Nothing follows.
NO_CONSEQUENCES = Consequences()


class Outcome(NamedTuple):
    """What one execution of a task leaves behind; the engine writes it in one fenced step."""

    task_id: str
    #: The state it ends in, one of `taskhub.states` (RETRY when the message is published again).
    state: str
    #: The result document to store under the task's id (`serialization.encode_meta`); None: nothing
    #: is stored.
    document: str | None = None
    #: How long the document is kept, milliseconds; None: forever.
    ttl: int | None = None
    #: The messages that follow: the retry, the next link, callbacks.
    publish: tuple[Envelope, ...] = ()
    #: Why the message becomes a dead letter, JSON text; None: it does not.
    dead: str | None = None
    #: The chords that begin; the messages of their headers are among those to publish.
    chords: tuple[ChordPlan, ...] = ()
    #: The parts that it gives to chords; after it has extended them.
    parts: tuple[ChordPart, ...] = ()
    #: The chord whose results it was called with; it needs them no longer.
    consumed_chord: str | None = None
    #: Documents of other tasks, stored for as long as its own.
    documents: tuple[Document, ...] = ()
    #: The calls that it adds to open chords.
    extends: tuple[ChordExtension, ...] = ()
    #: Events about it, JSON texts.
    events: tuple[str, ...] = ()
    #: The chains whose links are stored, for the messages that follow.
    chains: tuple[ChainPlan, ...] = ()
    #: The chains whose stored links are needed no longer.
    consumed_chains: tuple[str, ...] = ()
    #: What it failed with, for the statistics: the exception's class and its message, each on a
    #: line.
    error: str | None = None
    #: What the history keeps of it; None: nothing.
    history: HistoryPart | None = None
    #: Why its message is kept as that of a failed task, JSON text as for a dead letter; None: it is
    #: not.
    failed: str | None = None
