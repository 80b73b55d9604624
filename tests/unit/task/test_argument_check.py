"""Arguments are checked with Python's own words, without calling the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.task.argument_check import argument_check


def plain(x, y=1):  # type: ignore[no-untyped-def]
    """Stands for tasks without annotations."""


def keywords(x: int, /, y: str = "a", *, z: object, w: list[int] | None = None) -> None: ...
def everything(x: int, *rest: int, y: int = 1, **more: int) -> None: ...
def nothing() -> None: ...


FUNCTIONS: list[Callable[..., Any]] = [plain, keywords, everything, nothing]


def complaint(function: Callable[..., Any], args: list[int], kwargs: dict[str, int]) -> str | None:
    try:
        function(*args, **kwargs)
    except TypeError as error:
        return str(error)
    return None


@given(
    st.sampled_from(FUNCTIONS),
    st.lists(st.integers(), max_size=4),
    st.dictionaries(st.sampled_from("xyzwv"), st.integers(), max_size=4),
)
def test_says_what_python_says(
    function: Callable[..., Any], args: list[int], kwargs: dict[str, int]
) -> None:
    check = argument_check(function)

    assert check is not None
    assert complaint(check, args, kwargs) == complaint(function, args, kwargs)


def test_the_task_itself_is_not_among_the_arguments() -> None:
    def bound(self: object, x: int) -> None: ...

    check = argument_check(bound, bound=True)

    assert check is not None
    check(1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        check()


def test_a_callable_that_tells_nothing_is_not_checked() -> None:
    assert argument_check(dict.fromkeys) is None or callable(argument_check(dict.fromkeys))
