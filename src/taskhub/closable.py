"""`Closable`: what is closed at the end of a `with` block."""

from __future__ import annotations

from typing import Self


class Closable:
    """Base of classes with a method `close`, which a `with` block calls at its end."""

    def close(self) -> None:
        """Free what it holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
