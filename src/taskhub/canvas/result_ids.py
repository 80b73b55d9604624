"""Results of very many calls, kept as ids until one of them is needed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from taskhub.canvas.lazy_list import KEPT, LazyList
from taskhub.result import AsyncResult

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature

#: Bytes of a UUID.
_SIZE = 16


class ResultIds:
    """Collects results in order; iterating over it makes them again.

    A call of a task takes 20 bytes here: the UUID that is its id, and which of the kinds of results
    it has.
    """

    def __init__(self) -> None:
        self._ids = bytearray()
        self._kinds = array("I")
        #: By the task or the app, and by whether results are ignored: index among the makers.
        self._indices: dict[tuple[int, bool], int] = {}
        self._makers: list[tuple[Any, bool]] = []
        #: Results that are more than a UUID: of canvases, or with another id; by their positions.
        self._others: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, member: Signature, result: Any) -> None:
        """Add the result of a frozen member."""
        packed = _packed(result.id) if type(result) is AsyncResult and not result.parent else None
        if packed is None:
            self._others[len(self)] = result
        self._ids += packed or bytes(_SIZE)
        self._kinds.append(self._index(member, result) if packed else 0)

    def _index(self, member: Signature, result: AsyncResult[Any]) -> int:
        owner = member.known_task() or result.app
        key = (id(owner), result.ignored)
        index = self._indices.get(key)
        if index is None:
            index = self._indices[key] = len(self._makers)
            self._makers.append((owner, result.ignored))
        return index

    def __iter__(self) -> Iterator[Any]:
        for index, maker in enumerate(self._kinds):
            other = self._others.get(index)
            if other is not None:
                yield other
                continue
            owner, ignored = self._makers[maker]
            packed = self._ids[index * _SIZE : (index + 1) * _SIZE]
            result = owner.AsyncResult(_text(packed.hex()))
            result.ignored = ignored
            yield result


class LazyResults(LazyList):
    """The results of members that are sent while a generator is read.

    Args:
        ids: Collects them; they are made when one is needed.
    """

    def __init__(self, ids: ResultIds) -> None:
        super().__init__(iter(ids))
        self._ids = ids

    @property
    def is_large(self) -> bool:
        """Whether there are so many that each is to be made only while it is looked at."""
        return not self.is_read and len(self._ids) > KEPT

    def made_anew(self) -> Iterator[Any]:
        """Yield the results; none is kept."""
        return iter(self._ids)


def _packed(task_id: str) -> bytes | None:
    """Return the bytes of an id that is the text of a UUID; None: it is another text."""
    digits = task_id.replace("-", "")
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return None
    return packed if len(packed) == _SIZE and _text(digits) == task_id else None


def _text(digits: str) -> str:
    """Return the text of a UUID, in a third of the time that the class takes."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}".lower()
