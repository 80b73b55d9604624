"""Roles of Django's users in the dashboard, and what `dashboard_urls` refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.contrib.django import dashboard_urls
from taskhub.contrib.django.staff import StaffUsers
from taskhub.exceptions import ImproperlyConfigured
from taskhub.web import User


class Groups:
    """The groups of one user, as Django's manager gives them."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def filter(self, name__in: Any) -> Groups:
        return Groups(*(name for name in self._names if name in name__in))

    def values_list(self, field: str, flat: bool) -> list[str]:
        assert (field, flat) == ("name", True)
        return list(self._names)


def request_of(*groups: str, **attributes: bool) -> Any:
    """Return a request of a user."""
    user = SimpleNamespace(
        **{
            "is_authenticated": True,
            "is_active": True,
            "is_staff": False,
            "is_superuser": False,
            "get_username": lambda: "ann",
            "groups": Groups(*groups),
            **attributes,
        }
    )
    return SimpleNamespace(user=user)


USERS = StaffUsers("viewer", {"operations": "operator", "owners": "admin"})


@pytest.mark.parametrize(
    ("request_", "role"),
    [
        (request_of(), None),
        (request_of("operations"), None),
        (request_of(is_superuser=True), None),
        (request_of(is_staff=True), "viewer"),
        (request_of("cooks", is_staff=True), "viewer"),
        (request_of("operations", is_staff=True), "operator"),
        (request_of("operations", "owners", is_staff=True), "admin"),
        (request_of(is_staff=True, is_superuser=True), "admin"),
        (request_of(is_staff=True, is_superuser=True, is_active=False), None),
    ],
)
def test_roles_of_users(request_: Any, role: str | None) -> None:
    user = USERS(request_)
    assert isinstance(user, User)
    assert (user.name, user.role) == ("ann", role)


def test_nobody_is_signed_in() -> None:
    assert USERS(request_of(is_authenticated=False, is_staff=True)) is None


def test_the_middleware_for_users_is_missing() -> None:
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware to MIDDLEWARE"):
        USERS(SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"role": "boss"}, "dashboard_urls: role: there is no role 'boss'"),
        ({"groups": {"ops": "boss"}}, "dashboard_urls: group ops: there is no role 'boss'"),
        ({"role": "admin", "user_of": USERS}, "leave role and groups out"),
        ({"groups": {"ops": "admin"}, "user_of": USERS}, "leave role and groups out"),
    ],
)
def test_options_are_checked_where_they_are_given(options: dict[str, Any], words: str) -> None:
    app: Any = None
    with pytest.raises(ImproperlyConfigured, match=words):
        dashboard_urls(app, **options)
