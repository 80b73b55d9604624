"""The API under schemathesis: whatever is sent, every answer is one that the OpenAPI document describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import taskhub.web
from tests.integration.web.conftest import TOKENS, Site

SCHEMA = schemathesis.openapi.from_path(Path(taskhub.web.__path__[0]) / "openapi.json")
#: A stream does not end, and signing in would be held up.
LEFT_OUT = ("/stream", "/session")


@pytest.fixture(scope="module")
def fuzzed(
    settings: Any, users_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A dashboard of its own: what is sent to it is nonsense."""
    with Site(settings, tmp_path_factory.mktemp("fuzzed"), "--users", str(users_file)) as running:
        yield running


@SCHEMA.exclude(path=list(LEFT_OUT)).parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: Any, fuzzed: Site) -> None:
    response = case.call(
        base_url=f"{fuzzed.url}/api/v1",
        headers={"Authorization": f"Bearer {TOKENS['admin']}"},
    )
    case.validate_response(
        response,
        checks=(
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ),
    )
