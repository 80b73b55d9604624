"""Validated request to the API, as its handler sees it, and responses other than JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.background import BackgroundTask

    from taskhub.web.auth.authenticator import Identity
    from taskhub.web.auth.user import User
    from taskhub.web.board import Board

__all__ = ("Answer", "Call", "Handler")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose sender, role, parameters and body have been checked.

    Args:
        board: What all requests share.
        identity: Who asks.
        path: Names in the path.
        query: Parameters by name, defaults filled in.
        body: The body.
        address: Of the client.
        language: Of the pages.
        cookie: Name of the session's cookie.
    """

    board: Board
    identity: Identity
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    language: str = "en"
    cookie: str = ""

    @property
    def user(self) -> User:
        """Who asks; only where somebody must be signed in."""
        assert self.identity.user is not None
        return self.identity.user

    @property
    def hides_arguments(self) -> bool:
        """Whether arguments, results and texts of errors are kept from who asks."""
        return not self.board.allows(self.identity.user, "arguments.view")

    @property
    def source(self) -> str:
        """By what it came, for the audit log."""
        return "api" if self.identity.explicit else "dashboard"


@dataclass(frozen=True)
class Answer:
    """What a handler answers that is more than JSON with status 200."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Text in place of JSON.
    media_type: str = "application/json"
    #: Value of the session's cookie to be set; "": it is taken back; None: it stays.
    session: str | None = None
    #: Cookie that keeps the language.
    language: str | None = None
    background: BackgroundTask | None = None


Handler = Callable[[Call], "Answer | Mapping[str, Any]"]
