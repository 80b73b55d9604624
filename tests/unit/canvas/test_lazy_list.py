"""Lists that are read from an iterator when they are needed."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskhub.canvas import Signature, chord, group, lazy_list
from taskhub.canvas.lazy_list import LazyList, each, head, listed, streamed
from taskhub.serialization.json import dumps


def counting(read: list[int]) -> Iterator[int]:
    """Yield three numbers, and record that."""
    for number in range(3):
        read.append(number)
        yield number


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (list, [0, 1, 2]),
        (tuple, (0, 1, 2)),
        (len, 3),
        (bool, True),
        (sum, 3),
        (lambda items: items[1], 1),
        (lambda items: items[:2], [0, 1]),
        (lambda items: items == [0, 1, 2], True),
        (lambda items: items != [0, 1, 2], False),
        (lambda items: [*items, 3], [0, 1, 2, 3]),
        (lambda items: [9] + items, [9, 0, 1, 2]),  # noqa: RUF005
        (lambda items: items == [9], False),
        (lambda items: LazyList(iter([0, 1, 2])) == items, True),
        (lambda items: LazyList(iter([9])) + items, [9, 0, 1, 2]),
        (lambda items: 2 in items, True),
        (lambda items: list(reversed(items)), [2, 1, 0]),
        (lambda items: items.copy(), [0, 1, 2]),
        (lambda items: items.append(3) or items, [0, 1, 2, 3]),
        (json.dumps, "[0, 1, 2]"),
        (lambda items: json.loads(dumps({"items": items})), {"items": [0, 1, 2]}),
        (copy.copy, [0, 1, 2]),
        (copy.deepcopy, [0, 1, 2]),
        (lambda items: pickle.loads(pickle.dumps(items)), [0, 1, 2]),
    ],
)
def test_whatever_needs_the_items_reads_them_once(use: Callable[[Any], Any], expected: Any) -> None:
    read: list[int] = []
    items = LazyList(counting(read))
    assert read == []
    assert use(items) == expected
    assert read == [0, 1, 2]
    assert list(items)[:3] == [0, 1, 2]
    assert read == [0, 1, 2]


def test_showing_it_does_not_read_it() -> None:
    read: list[int] = []
    items = LazyList(counting(read))
    assert repr(items) == "<not read yet>"
    assert read == []
    assert repr(group(iter([Signature("task")]))) == "group(<not read yet>)"
    items.sort(reverse=True)
    assert repr(items) == "[2, 1, 0]"


def test_what_is_made_of_each_is_lazy_too() -> None:
    read: list[int] = []
    first = LazyList(counting(read))
    second = each(lambda number: 2 * number, first)
    assert read == []
    assert (second, first) == ([0, 2, 4], [0, 1, 2])
    assert read == [0, 1, 2]
    assert type(each(str, first)) is list


def test_an_error_is_not_taken_for_the_end() -> None:
    def broken() -> Iterator[Signature]:
        yield Signature("task")
        raise LookupError("no more")

    canvas = chord(broken(), Signature("total"))
    for _ in range(2):
        with pytest.raises(LookupError, match="no more"):
            canvas.clone().freeze()


def test_what_is_no_signature_is_told_when_it_is_read() -> None:
    canvas = group(iter("ab"))
    with pytest.raises(TypeError, match=r"consists of signatures.*'a'"):
        canvas.freeze()


def test_threads_see_all_or_wait() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        begun.set()
        assert go_on.wait(10)
        yield 2

    items, seen = LazyList(slow()), []
    threads = [threading.Thread(target=lambda: seen.append(len(items))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert seen == [2, 2, 2]


def test_the_beginning_is_read_alone() -> None:
    read: list[int] = []
    items = each(lambda number: 2 * number, listed(LazyList(counting(read))))
    assert (head(items, 1), read) == ([0], [0])
    assert (head(items, 2), read) == ([0, 2], [0, 1])
    assert (head(items, 1), read) == ([0], [0, 1])
    assert (items, read) == ([0, 2, 4], [0, 1, 2])
    assert (head(items, 2), head(items, 5)) == ([0, 2], [0, 2, 4])
    assert head([1, 2], 1) == [1]


def test_a_stream_yields_what_is_read() -> None:
    read: list[int] = []
    first = LazyList(counting(read))
    second = each(str, first)
    assert head(first, 2) == [0, 1]
    for number, text in enumerate(streamed(second)):
        assert text == str(number)
        assert len(read) == max(2, number + 1)
    assert (first.is_read, first, second) == (True, [0, 1, 2], ["0", "1", "2"])
    assert list(streamed(second)) == ["0", "1", "2"]
    assert list(streamed([1])) == [1]


def test_a_stream_that_is_left_can_begin_anew() -> None:
    read: list[int] = []
    items = LazyList(counting(read))
    stream = streamed(items)
    assert next(stream) == 0
    with pytest.raises(RuntimeError, match="are being sent while it is read"):
        len(items)
    del stream
    assert (list(streamed(items)), read) == ([0, 1, 2], [0, 1, 2])
    assert items == [0, 1, 2]


def test_a_stream_raises_what_its_source_raises() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    items = LazyList(broken())
    for _ in range(2):
        with pytest.raises(LookupError, match="no more"):
            list(streamed(items))
    with pytest.raises(LookupError, match="no more"):
        head(items, 1)


def test_what_is_too_much_to_keep_is_streamed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_list, "KEPT", 2)
    items = LazyList(counting([]))
    copy = each(str, items)
    assert list(streamed(copy)) == ["0", "1", "2"]
    for use in (len, list, lambda items: list(streamed(items)), lambda items: head(items, 1)):
        for used in (items, copy):
            with pytest.raises(RuntimeError, match="more than 10,000 are not kept"):
                use(used)
