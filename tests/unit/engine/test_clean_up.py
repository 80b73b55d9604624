"""How many rows are removed together: as many as the server deals with in a short time."""

from __future__ import annotations

import pytest

from taskhub.engine.postgres.clean_up import LARGEST, PAGE_TIME, SMALLEST, next_page


@pytest.mark.parametrize(
    ("page", "took", "is_full", "following"),
    [
        (1000, PAGE_TIME / 10, True, 2000),
        (1000, PAGE_TIME / 10, False, 1000),
        (1000, PAGE_TIME * 0.8, True, 1000),
        (1000, PAGE_TIME * 2, True, 500),
        (1000, PAGE_TIME * 2, False, 500),
        (LARGEST, 0.0, True, LARGEST),
        (SMALLEST, 10.0, True, SMALLEST),
    ],
)
def test_pages_grow_while_they_are_full_and_quick(
    page: int, took: float, is_full: bool, following: int
) -> None:
    assert next_page(page, took, is_full=is_full) == following
