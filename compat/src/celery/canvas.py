"""Calls as values, and what they combine to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.canvas import (
    Signature,
    StampingVisitor,
    _chain,
    _chord,
    chain,
    chord,
    chunks,
    group,
    maybe_signature,
    maybe_subtask,
    signature,
    subtask,
    xmap,
    xstarmap,
)

__all__ = (
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
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
