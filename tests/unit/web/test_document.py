"""The OpenAPI document: valid, complete, and the same as the routes and handlers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from taskhub.web.auth.roles import ACTIONS
from taskhub.web.http.api import SHARED, WATCHABLE
from taskhub.web.http.document import Document, load_document
from taskhub.web.http.handlers import HANDLERS
from taskhub.web.problem import STATUSES, Problem


@pytest.fixture(scope="module")
def document() -> Document:
    return load_document()


def test_it_is_openapi(document: Document) -> None:
    from openapi_spec_validator import validate

    validate(document.raw)  # type: ignore[arg-type]


def test_every_operation_has_a_handler_and_every_handler_an_operation(document: Document) -> None:
    assert set(document.operations) == {*HANDLERS, "watch"}


def test_what_is_shared_is_only_read(document: Document) -> None:
    for name in (*WATCHABLE, *SHARED):
        rules = document.operations[name]
        assert rules.method == "get"
        assert not rules.is_open


def test_no_get_acts_and_every_write_names_its_action(document: Document) -> None:
    free = {"signIn", "signOut", "setLanguage", "previewSchedule"}
    for name, rules in document.operations.items():
        if rules.method == "get":
            assert rules.action is None or rules.action.endswith(".view")
        else:
            assert (rules.action is None) == (name in free), name


def test_every_action_of_a_body_is_one_of_the_roles(document: Document) -> None:
    for rules in document.operations.values():
        if rules.action is None:
            continue
        if "{action}" not in rules.action:
            assert rules.action in ACTIONS
            continue
        schema: Any = rules.spec["requestBody"]["content"]["application/json"]["schema"]
        values = document.resolve(schema)["properties"]["action"]["enum"]
        for value in values:
            assert rules.action.replace("{action}", value) in ACTIONS
    listed = document.raw["components"]["schemas"]["Action"]["enum"]
    assert set(listed) == set(ACTIONS)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("Overview", "complete"),
        ("Canvas", "complete"),
        ("Timeline", "complete"),
        ("TaskPage", "at_least"),
        ("TaskGroupPage", "at_least"),
        ("StateCounts", "at_least"),
        ("ActionPlan", "at_least"),
    ],
)
def test_answers_that_may_be_partial_say_so(document: Document, schema: str, name: str) -> None:
    found = document.raw["components"]["schemas"][schema]
    assert name in found["required"]
    assert found["properties"][name]["type"] == "boolean"
    assert name in found["description"] or found["properties"][name]["description"]


def test_every_problem_of_the_code_is_in_the_document(document: Document) -> None:
    codes = document.raw["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == set(STATUSES)
    validator = document.validator({"$ref": "#/components/schemas/Problem"})
    for code in STATUSES:
        assert not list(validator.iter_errors(Problem(code, "x").to_json()))


def test_every_problem_that_is_raised_is_known() -> None:
    import taskhub.web as package

    codes: set[str] = set()
    from pathlib import Path

    for path in Path(package.__path__[0]).rglob("*.py"):
        codes |= set(re.findall(r'Problem\(\s*"([a-z_]+)"', path.read_text("utf-8")))
    assert codes <= set(STATUSES)


@pytest.mark.parametrize(
    ("operation", "query", "words"),
    [
        ("listTasks", [("fliter", "x")], "did you mean filter?"),
        ("listTasks", [("limit", "x")], "is not a whole number"),
        ("listTasks", [("limit", "9" * 5000)], "is not a whole number"),
        ("listTasks", [("limit", "0")], "it must be at least 1"),
        ("listTasks", [("limit", "501")], "it must be at most 500"),
        ("listTasks", [("state", "x")], "it must be one of all, waiting"),
        ("listTasks", [("limit", "1"), ("limit", "2")], "given twice"),
        ("listTasks", [("filter", "x" * 2001)], "longer than 2,000"),
        ("search", [], "q is missing"),
    ],
)
def test_wrong_parameters_are_named(
    document: Document, operation: str, query: list[tuple[str, str]], words: str
) -> None:
    with pytest.raises(Problem) as caught:
        document.operations[operation].check_query(query)
    assert caught.value.code == "bad_request"
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("actOnTask", {}, "'action' is missing"),
        ("actOnTask", {"action": "burn"}, "action: it must be one of retry, revoke"),
        ("actOnTask", {"action": "retry", "x": 1}, "'x' was unexpected"),
        ("actOnTask", [], "it must be object"),
        ("actOnTasks", {"action": "retry", "ids": []}, "ids: it has no member"),
        (
            "actOnTasks",
            {"action": "retry", "ids": ["a"], "rate": 0},
            "rate: it must be more than 0",
        ),
        ("signIn", {"name": "a", "password": "p" * 1001}, "longer than 1,000"),
    ],
)
def test_wrong_bodies_are_named(document: Document, operation: str, body: Any, words: str) -> None:
    with pytest.raises(Problem) as caught:
        document.operations[operation].check_body(body)
    assert caught.value.code == "invalid"
    assert words in caught.value.detail
    assert "ppp" not in caught.value.detail
