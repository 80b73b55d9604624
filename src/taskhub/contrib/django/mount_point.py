"""Where the dashboard stands in a project, and Django's response with the dashboard's headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.http import HttpResponse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

__all__ = ("make_response", "root_path_of", "set_headers")


def root_path_of(request: HttpRequest, rest: str) -> str:
    """Return the path of the dashboard, without a slash at its end.

    Args:
        request: A request below it.
        rest: What comes after that path.
    """
    path = str(request.path)
    return (path.removesuffix(rest) if rest else path).rstrip("/")


def make_response(
    status: int, headers: Iterable[tuple[str, str]], content: bytes
) -> HttpResponseBase:
    """Return a complete response."""
    return set_headers(HttpResponse(content, status=status), headers)


def set_headers(response: HttpResponseBase, headers: Iterable[tuple[str, str]]) -> HttpResponseBase:
    """Set headers of a response, in place of Django's own of the same name; return it."""
    for name, value in headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response
