"""The cache service: clears keys by their prefix."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from taskhub.actors.cache.errors import cache_error
from taskhub.actors.cache.exceptions import CacheRefusedError
from taskhub.actors.cache.pattern import (
    is_protected,
    parse_key_prefix,
    protected_prefixes,
    refuse_our_own,
)
from taskhub.stores import StoreURL, open_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis import Redis

__all__ = ("CacheCleaner", "ClearReport")

_LARGEST_BATCH: Final = 10_000


@dataclass(frozen=True)
class ClearReport:
    """What was cleared.

    Args:
        pattern: What was looked for, as SCAN understands it.
        deleted: How many keys were deleted; 0 in a dry run.
        matched: How often a key was found that would be deleted; a key that SCAN shows twice counts
            twice, because to know better would take memory for every key.
        protected: How often a key was found that matches and stays, because it is ours.
        dry_run: Whether it was only looked.
        seconds: How long it took.
    """

    pattern: str
    deleted: int
    matched: int
    protected: int
    dry_run: bool
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task's result."""
        return asdict(self)


class CacheCleaner:
    """Deletes keys by their prefix, however many there are, without blocking the server.

    Keys are found by SCAN and deleted by UNLINK, which frees their memory in the background, a
    batch at a time; a batch's deletion and the search for the next are one round trip, and no more
    than a batch is held in memory. Keys that exist all the while are found for certain; of those
    written meanwhile, some may be. A Redis Cluster is refused: SCAN sees one node of it only.

    Args:
        client: The connection, in any mode of decoding; its owner closes it.
        protected: What the keys begin with that are never deleted, even if a pattern matches
            them.
        place: What to call the server in errors; without credentials.
    """

    def __init__(
        self,
        client: Redis,
        *,
        protected: Iterable[str] = protected_prefixes(),
        place: str = "the cache server",
    ) -> None:
        self._client = client
        self._protected = tuple(protected)
        self._place = place

    @classmethod
    def connect(cls, url: StoreURL, protected: Iterable[str] = protected_prefixes()) -> Self:
        """Return a cleaner with a connection of its own: close it, or use it in `with`.

        Args:
            url: The server and database.
            protected: What the keys begin with that are never deleted.
        """
        return cls(open_client(url, name="taskhub-cache"), protected=protected, place=str(url))

    def clear(
        self, key_prefix: str, *, dry_run: bool = False, batch_size: int = 500
    ) -> ClearReport:
        """Delete the keys with a prefix, or that match a pattern.

        Args:
            key_prefix: ``user:`` or ``user:*``; see
                :func:`taskhub.actors.cache.pattern.parse_key_prefix`.
            dry_run: Only look, delete nothing.
            batch_size: How many keys the server looks at in one step, 1 to 10,000.

        Raises:
            InvalidKeyPrefixError: It could mean every key, or means ours only.
            CacheUnavailableError: The server can't be reached; what was deleted stays deleted, and
                the same call may be made again.
            CacheRefusedError: The server refuses, or is part of a cluster.
            ValueError: ``batch_size`` is out of range.
        """
        import redis.exceptions as errors

        if not 1 <= batch_size <= _LARGEST_BATCH:
            raise ValueError(f"batch_size: {batch_size} is not in the range 1 to {_LARGEST_BATCH}")
        pattern = parse_key_prefix(key_prefix)
        refuse_our_own(pattern, self._protected)
        try:
            self._refuse_cluster()
            return self._clear(pattern.glob, dry_run, batch_size)
        except (errors.RedisError, OSError) as error:
            raise cache_error(error, self._place) from error

    def _clear(self, glob: str, dry_run: bool, batch_size: int) -> ClearReport:
        started = time.monotonic()
        ours = tuple(prefix.encode() for prefix in self._protected)
        deleted = matched = protected = 0
        doomed: list[bytes] = []
        cursor: int | None = 0
        while doomed or cursor is not None:
            with self._client.pipeline(transaction=False) as pipeline:
                if doomed:
                    pipeline.unlink(*doomed)
                if cursor is not None:
                    pipeline.scan(cursor, match=glob, count=batch_size)
                replies: list[Any] = pipeline.execute()
            if doomed:
                deleted += replies[0]
                doomed = []
            if cursor is None:
                break
            next_cursor, found = replies[-1]
            cursor = int(next_cursor) or None
            keys = [_binary(key) for key in found]
            others = [key for key in keys if not is_protected(key, ours)]
            matched += len(others)
            protected += len(keys) - len(others)
            if not dry_run:
                doomed = others
        seconds = time.monotonic() - started
        return ClearReport(glob, deleted, matched, protected, dry_run, seconds)

    def _refuse_cluster(self) -> None:
        import redis.exceptions as errors

        try:
            about: Any = self._client.info("cluster")
        except errors.AuthenticationError:
            raise
        except errors.ResponseError:
            # A user who may not ask; a node of a cluster refuses the keys of others by itself.
            return
        if int(about.get("cluster_enabled", 0)):
            raise CacheRefusedError(
                f"{self._place} is part of a cluster, of which SCAN sees one node only: "
                "use a cache server that is none, or clear by expiry times"
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _binary(key: bytes | str) -> bytes:
    return key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
