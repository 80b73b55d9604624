"""Somebody who uses the dashboard or its API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taskhub.web.auth.roles import Role, highest_role

__all__ = ("NOBODY", "Source", "User")

#: How it is known who asks. `nobody`: there is no authentication, and the dashboard listens on
#: loopback only.
Source = Literal["password", "proxy", "openid", "callable", "token", "nobody"]


@dataclass(frozen=True)
class User:
    """Somebody who may use the dashboard.

    Args:
        name: Stands in the audit log.
        roles: Of viewer, operator, admin; the highest counts.
        source: How it is known; set by the dashboard.
    """

    name: str
    roles: tuple[str, ...] = ("viewer",)
    source: Source = "callable"

    @property
    def role(self) -> Role | None:
        """The highest role; None: it has none, and may see nothing."""
        return highest_role(self.roles)


#: Everybody, where nobody has to sign in.
NOBODY = User("anybody", ("admin",), "nobody")
