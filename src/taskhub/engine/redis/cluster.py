"""The node of a cluster that serves the slot of an application.

All keys of an application are in one slot, so that its scripts stay atomic: one node serves it at a
time, and ordinary connections to that node are enough. It is learnt from the replies of nodes.

`ASK` is never followed. While a slot moves key by key, a script on the node that it moves to would
find keys missing that have not arrived yet, and make them anew. The key that all scripts declare
(the namespace alone) does not exist, and a node that gives a slot away answers `ASK` for keys that
it does not hold: so it refuses every script from the first moment of the move, and the other node
runs none before the slot is its own. Scripts are sent again until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taskhub.config.urls import StoreURL
from taskhub.engine.redis.errors import Problem

__all__ = ("MOVE_PAUSE", "MOVE_WAIT", "MovedToNode", "SlotOwner", "is_redirect")

#: How long a request waits for a slot that moves before it is refused, seconds.
MOVE_WAIT: Final = 5.0
#: The pause between two tries meanwhile, seconds.
MOVE_PAUSE: Final = 0.05

Address = tuple[str, int]


class MovedToNode(Exception):
    """Another node serves the slot.

    Args:
        address: That node.
    """

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.address = address


class SlotOwner:
    """Knows the nodes of a cluster, and which of them served the slot last.

    May be used by several threads; holds no connection.

    Args:
        url: Some nodes.
        key: A key of the slot, which need not exist.
    """

    def __init__(self, url: StoreURL, key: str) -> None:
        from redis.crc import key_slot

        self.key = key
        self.slot: int = key_slot(key.encode())
        #: The node that served the slot last; None: it is not known.
        self.address: Address | None = None
        self._url = url
        self._nodes = url.addresses

    def candidates(self) -> Iterator[Address]:
        """Yield nodes to ask, each once: the owner, those that answered, those of the URL."""
        known = (self.address, *self._nodes, *self._url.addresses)
        yield from dict.fromkeys(address for address in known if address is not None)

    def note_owner(self, address: Address, reply: Any) -> None:
        """Note that a node serves the slot, and which other nodes it knows.

        Args:
            address: The node.
            reply: Its reply to `CLUSTER SLOTS`, or the error that it was.
        """
        self.address = address
        if isinstance(reply, list):
            found = [node for entry in reply for node in _nodes_of(entry, address)]
            self._nodes = tuple(dict.fromkeys((address, *found)))

    def note_failure(self, address: Address) -> None:
        """Note that a node cannot be used: the others are queried first from now on."""
        if self.address == address:
            self.address = None
        others = [node for node in self._nodes if node != address]
        self._nodes = (*others, address)

    def note_reply(self, error: object) -> bool:
        """Note what an error says of the owner; returns whether it names one."""
        address = _target(error, self.address)
        if address is not None:
            self.address = address
        return address is not None

    def check(self, reply: Any, address: Address) -> None:
        """Check the reply of a node to a question about the key.

        Raises:
            MovedToNode: Another node serves the slot.
            Problem: The cluster does not serve it now.
        """
        import redis.exceptions as errors

        target = _target(reply, address)
        if target is not None:
            raise MovedToNode(target)
        if isinstance(reply, errors.ClusterDownError | errors.MasterDownError):
            raise Problem(
                f"does not serve hash slot {self.slot} of {self.key} now ({reply})",
                "a node is missing, or the slot has no owner: see CLUSTER INFO and "
                "`valkey-cli --cluster check`",
            )


def is_redirect(reply: object) -> bool:
    """Whether a node refused a command because the slot has moved, or is being moved."""
    import redis.exceptions as errors

    return isinstance(reply, errors.AskError | errors.TryAgainError)


def _target(error: Any, queried: Address | None) -> Address | None:
    """Return the node that `MOVED` names."""
    import redis.exceptions as errors

    if not isinstance(error, errors.MovedError):
        return None
    # A node that does not know its own name leaves it out.
    host = error.host or (queried[0] if queried is not None else "")
    return (host, int(error.port)) if host else None


def _nodes_of(entry: Any, queried: Address) -> Iterator[Address]:
    """Yield the nodes of one range of slots."""
    for host, port, *_ in entry[2:]:
        # Null: the node's name is not known.
        name = host.decode() if host else queried[0]
        if name != "?" and port:
            yield name, int(port)
