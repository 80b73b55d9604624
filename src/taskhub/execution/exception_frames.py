"""Frames of exceptions: what their local variables hold is released when an execution has ended."""

from __future__ import annotations

import traceback


def clear_frames(error: BaseException | None) -> None:
    """Clear the local variables of the frames that an exception, and its causes, went through.

    A frame that refers to its exception, as `error = exc` in a task does, is part of a cycle. It
    would hold whatever else is in these frames until the garbage collector comes, which counts
    objects and not bytes. Frames that still run stay as they are.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        waiting += (one.__cause__, one.__context__)
