"""Engines that are compared, and the claims that each of them has given."""

from __future__ import annotations

from taskhub.engine.port.claims import Claim, ClaimBatch, Exchange
from taskhub.engine.port.engine import Engine


class Side:
    """One of two engines, and the claims that it has given.

    A claim is known by that of the first engine; tokens differ from engine to engine.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._claims: dict[Claim, Claim] = {}

    def add(self, known: Claim, own: Claim) -> None:
        self._claims[known] = own

    def claim(self, known: Claim) -> Claim:
        """Return this engine's form of a claim."""
        return self._claims[known]


def neutral(value: object) -> object:
    """Return what an engine answered without what is its own affair: tokens and sequences."""
    if isinstance(value, Claim):
        return value._replace(token="", sequence=0)
    if isinstance(value, list):
        return [neutral(item) for item in value]
    if isinstance(value, ClaimBatch):
        return value._replace(claims=[neutral(claim) for claim in value.claims])  # type: ignore[misc]
    if isinstance(value, Exchange):
        return value._replace(batch=neutral(value.batch))  # type: ignore[arg-type]
    return value
