"""Roles of Django's users in the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskhub.exceptions import ImproperlyConfigured
from taskhub.web import User
from taskhub.web.auth.roles import check_role

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ("StaffUsers",)


@dataclass(frozen=True)
class StaffUsers:
    """Finds the user of a request: superusers are admins, other staff has a role.

    Args:
        role: Of staff.
        groups: Roles of staff in groups.

    Raises:
        ImproperlyConfigured: There is no such role.
    """

    role: str
    groups: Mapping[str, str]

    def __post_init__(self) -> None:
        check_role(self.role, "dashboard_urls: role")
        for group, role in self.groups.items():
            check_role(role, f"dashboard_urls: group {group}")

    def __call__(self, request: HttpRequest) -> User | None:
        """Return the user; one who is not staff has no role. None: nobody is signed in.

        Raises:
            ImproperlyConfigured: Django's middleware for users is missing.
        """
        user = getattr(request, "user", None)
        if user is None:
            raise ImproperlyConfigured(
                "the dashboard needs request.user: add "
                "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE, or give "
                "dashboard_urls a user_of"
            )
        if not user.is_authenticated:
            return None
        name = str(user.get_username())
        if not (user.is_active and user.is_staff):
            return User(name, ())
        if user.is_superuser:
            return User(name, ("admin",))
        more: tuple[str, ...] = ()
        if self.groups:
            names = user.groups.filter(name__in=self.groups).values_list("name", flat=True)
            more = tuple(self.groups[each] for each in names)
        return User(name, (self.role, *more))
