"""Canvases: signatures of calls, and their combinations into chains, groups and chords."""

from taskhub.canvas.chain import _chain, chain
from taskhub.canvas.chord import _chord, chord
from taskhub.canvas.group import group
from taskhub.canvas.maps import chunks, xmap, xstarmap
from taskhub.canvas.signature import Signature, maybe_signature, signature
from taskhub.canvas.stamps import StampingVisitor

subtask = signature
maybe_subtask = maybe_signature

__all__ = [
    "Signature",
    "StampingVisitor",
    "_chain",
    "_chord",
    "chain",
    "chord",
    "chunks",
    "group",
    "maybe_signature",
    "maybe_subtask",
    "signature",
    "subtask",
    "xmap",
    "xstarmap",
]
