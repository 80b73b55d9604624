"""Colours for terminals (as `celery.utils.term`)."""

from __future__ import annotations

from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = ("colored",)

_RESET = "\033[0m"
_CODES = {
    "black": "1;30",
    "red": "1;31",
    "green": "1;32",
    "yellow": "1;33",
    "blue": "1;34",
    "magenta": "1;35",
    "cyan": "1;36",
    "white": "1;37",
    "bold": "1",
    "underline": "4",
    "blink": "5",
    "reverse": "7",
    "bright": "1",
    "ired": "41",
    "igreen": "42",
    "iyellow": "43",
    "iblue": "44",
    "imagenta": "45",
    "icyan": "46",
    "iwhite": "47",
    "reset": "0",
}


class colored:
    """A text in colours: `colored().red("failed")`.

    Args:
        s: The texts, or other such objects.
        enabled: Whether colours are written.
        op: The code of the colour.
    """

    def __init__(self, *s: Any, enabled: bool = True, op: str = "", **kwargs: Any) -> None:
        self.s, self.enabled, self.op = s, enabled, op

    def __getattr__(self, name: str) -> Any:
        if name not in _CODES:
            raise AttributeError(name)
        return lambda *s: colored(*s, enabled=self.enabled, op=_CODES[name])

    def no_color(self) -> str:
        """Return the text alone."""
        return "".join(one.no_color() if isinstance(one, colored) else str(one) for one in self.s)

    def embed(self) -> str:
        """Return the text with its codes."""
        text = "".join(one.embed() if isinstance(one, colored) else str(one) for one in self.s)
        return f"\033[{self.op}m{text}" if self.op and self.enabled else text

    def __str__(self) -> str:
        text = self.embed()
        return f"{text}{_RESET}" if self.enabled and "\033[" in text else text

    def __len__(self) -> int:
        return len(self.no_color())

    def __add__(self, other: object) -> str:
        return str(self) + str(other)


__getattr__ = unsupported_getattr(__name__)
