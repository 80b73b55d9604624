"""Progress of akshare's downloads by pages, in place of its progress bars on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from taskhub.actors.quant.records import Progress

__all__ = ("reporting_pages",)

#: Akshare's modules that read by pages with a bar.
_MODULES: Final = ("akshare.utils.func", "akshare.stock.stock_zh_a_sina")

_listener: ContextVar[tuple[Progress, str] | None] = ContextVar("taskhub_quant_pages", default=None)


@contextmanager
def reporting_pages(progress: Progress, step: str) -> Generator[None]:
    """Report the pages that akshare reads in this block and thread; others keep their bars."""
    for name in _MODULES:
        module: Any = sys.modules.get(name)
        present = getattr(module, "get_tqdm", None)
        if present is not None and not hasattr(present, "taskhub_original"):
            module.get_tqdm = _replacement(present)
    token = _listener.set((progress, step))
    try:
        yield
    finally:
        _listener.reset(token)


def _replacement(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_bar(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs) if _listener.get() is None else _report

    get_bar.taskhub_original = original  # type: ignore[attr-defined]
    return get_bar


def _report(pages: Iterable[int], *_: Any, **__: Any) -> Iterator[int]:
    """Pass numbers of pages on; those before one have been read."""
    numbers = list(pages)
    listener = _listener.get()
    for number in numbers:
        if listener is not None:
            listener[0](number - 1, numbers[-1], listener[1])
        yield number
