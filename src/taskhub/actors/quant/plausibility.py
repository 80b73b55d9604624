"""Whether an answer can be believed, compared to what is there."""

from __future__ import annotations

from typing import Final

from taskhub.actors.quant.exceptions import SuspiciousAnswerError

__all__ = ("check_size", "with_suspensions_marked")

#: Below so many rows, halving is nothing unusual.
_FEW: Final = 10


def check_size(kind: str, source: str, received: int, present: int, *, force: bool = False) -> None:
    """Refuse an answer that is empty, or has fewer than half the rows that are there.

    Args:
        kind: What was asked for.
        source: Who answered.
        received: Rows in the answer.
        present: Rows that are there and not removed.
        force: Only an empty answer is refused.

    Raises:
        SuspiciousAnswerError: It can't be believed.
    """
    if received == 0 and present == 0 and " members:" in kind:
        # Boards without members exist.
        return
    if received == 0:
        raise SuspiciousAnswerError(
            f"{kind}: {source} answered with no rows, last time there were {present}: nothing was "
            "changed; try again later"
        )
    if not force and present >= _FEW and received * 2 < present:
        raise SuspiciousAnswerError(
            f"{kind}: {source} answered with {received} rows, last time there were {present}: "
            "nothing was changed; try again later, or call with force=True if this is right"
        )


def with_suspensions_marked(has_price: list[bool]) -> list[bool | None]:
    """Return for each stock whether it is suspended: without a price while most others have one.

    Before the market opens none has one: then it is unknown.
    """
    if sum(has_price) * 2 < len(has_price):
        return [None] * len(has_price)
    return [not present for present in has_price]
