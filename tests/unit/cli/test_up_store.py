"""`taskhub up --store URL`: the store of what it starts."""

from __future__ import annotations

import os

import pytest

from taskhub.cli.command_runner import run
from taskhub.cli.up import up


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://here/1", "redis://here/1"),
        ("postgresql://here/shop", "postgresql://here/shop?create_schema=true"),
        (
            "postgresql://here/shop?sslmode=prefer",
            "postgresql://here/shop?sslmode=prefer&create_schema=true",
        ),
        (
            "postgresql://here/shop?create_schema=false",
            "postgresql://here/shop?create_schema=false",
        ),
    ],
)
def test_the_schema_of_a_postgresql_store_is_created(
    url: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKHUB_BROKER_URL", "redis://elsewhere")
    up.make_context("up", ["--store", url])
    assert os.environ["TASKHUB_BROKER_URL"] == expected


def test_a_store_that_cannot_be_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "--store", "nonsense://here"]) == 2
    assert "--store" in capsys.readouterr().err
