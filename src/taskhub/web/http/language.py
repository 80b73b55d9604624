"""The language of the pages: chosen by a cookie, or by what the browser prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ("LANGUAGES", "LANGUAGE_COOKIE", "language_of")

LANGUAGES: Final = ("en", "zh")
LANGUAGE_COOKIE: Final = "taskhub-language"


def language_of(request: Request) -> str:
    """Return the language for who asks."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    weighed: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        name, _, weight = part.partition(";q=")
        try:
            weighed.append((float(weight or 1), name.strip().lower()[:2]))
        except ValueError:
            continue
    for _, name in sorted(weighed, key=lambda each: -each[0]):
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]
