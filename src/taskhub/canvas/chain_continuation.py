"""Chain continuations: the links of a long chain that are stored once and read in pages.

If every message carried all links that follow, a chain of n links would send n * n / 2 of them.
Stored links are never changed, so a link that runs again finds what follows it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from taskhub.canvas.structure import calls_in
from taskhub.engine.port.engine import Engine
from taskhub.exceptions import BackendError
from taskhub.execution.request import Context
from taskhub.outcome import ChainPlan
from taskhub.serialization.json import dumps, loads

logger = logging.getLogger(__name__)

#: How many links a message carries at most, and how long they may be together in bytes; but one in
#: any case.
CARRIED_LINKS = 16
CARRIED_BYTES = 16 * 1024
#: Links read at a time when all of them are wanted.
PAGE = 500

#: A chain continuation as messages carry it: the chain, the position of the next link, the number
#: of all links.
Stored = Sequence[Any]


def split_chain(links: Sequence[Any]) -> tuple[Sequence[Any], ChainPlan | None]:
    """Return the links that a message carries, and a plan that stores the others.

    The plan is None if the message carries all.
    """
    if len(links) < 2 or sum(len(list(calls_in(link))) for link in links) <= CARRIED_LINKS:
        return links, None
    texts = [dumps(link, name="chain") for link in links]
    carried = _how_many(texts)
    if carried == len(links):
        return links, None
    return links[:carried], ChainPlan(str(uuid.uuid4()), tuple(texts[carried:]))


def load_next(engine: Engine, request: Context) -> None:
    """Load the next stored links into a request that has none, as many as a message carries.

    Raises:
        BackendError: they are gone.
        OperationalError: the store is out of reach.
    """
    assert request.chain_continuation
    (chain_id, position, size), *others = request.chain_continuation
    texts = engine.chain_links(chain_id, position, min(CARRIED_LINKS, size - position))
    if not texts:
        raise BackendError(_gone(chain_id))
    read = _how_many(texts)
    links = [loads(text) for text in texts[:read]]
    if request.replaced_task_nesting:
        # As in Celery, links that follow a replaced call have its count of replacements.
        for link in links:
            link["options"]["replaced_task_nesting"] = request.replaced_task_nesting
    request.chain = links[::-1]
    position += read
    left = [[chain_id, position, size]] if position < size else []
    request.chain_continuation = [*left, *others] or None


def all_links(engine: Engine, continuations: Iterable[Stored]) -> Iterator[Any]:
    """Yield every stored link of continuations, in order; fewer if they are gone.

    Raises:
        OperationalError: the store is out of reach.
    """
    for chain_id, position, size in continuations:
        while position < size:
            texts = engine.chain_links(chain_id, position, min(PAGE, size - position))
            if not texts:
                logger.error("%s", _gone(chain_id))
                break
            position += len(texts)
            yield from map(loads, texts)


def _how_many(texts: Sequence[str | bytes]) -> int:
    """Return how many of the first links a message carries."""
    lengths = accumulate(map(len, texts[:CARRIED_LINKS]))
    return max(1, sum(length <= CARRIED_BYTES for length in lengths))


def _gone(chain_id: str) -> str:
    return (
        f"the links that follow in chain {chain_id} are gone: the chain had ended before, "
        "or the store lost them"
    )
