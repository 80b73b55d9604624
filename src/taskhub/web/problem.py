"""Problems (RFC 9457): every error that the API answers, with one clear message."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

__all__ = ("Problem",)

#: Status of each code of the schema `Problem`.
STATUSES: Final[Mapping[str, int]] = {
    "bad_request": 400,
    "bad_filter": 400,
    "bad_cursor": 400,
    "not_signed_in": 401,
    "wrong_password": 401,
    "needs_role": 403,
    "cross_site": 403,
    "bad_host": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "too_many_tries": 429,
    "busy": 429,
    "too_many_streams": 429,
    "internal": 500,
    "unsupported": 501,
    "store_away": 503,
    "store_version": 503,
}


class Problem(Exception):
    """An answer that says what is wrong.

    Args:
        code: One of `STATUSES`.
        detail: One sentence: the thing, what is wrong, what to do.
        members: Further members of the schema `Problem`.
    """

    def __init__(self, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.members = members
        self.status = STATUSES[code]

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        after = self.members.get("retry_after")
        return {} if after is None else {"Retry-After": str(max(1, round(after)))}

    def to_json(self) -> dict[str, Any]:
        """Return the answer."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }
