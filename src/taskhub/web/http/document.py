"""The OpenAPI document, and requests checked against it: what it says is what is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

__all__ = ("Document", "OperationRules", "load_document")

_DOCUMENT_URI: Final = "urn:taskhub:openapi"
METHODS: Final = ("get", "put", "post", "delete")


class OperationRules:
    """What the document says of one operation.

    Args:
        document: The whole document.
        path: Of the operation, with its names in braces.
        method: In lower case.
    """

    def __init__(self, document: Document, path: str, method: str) -> None:
        self._document = document
        item = document.raw["paths"][path]
        self.spec: Mapping[str, Any] = item[method]
        self.path = path
        self.method = method
        found = [*item.get("parameters", ()), *self.spec.get("parameters", ())]
        self.parameters = [document.resolve(each) for each in found]

    @property
    def id(self) -> str:
        """Its `operationId`."""
        return str(self.spec["operationId"])

    @property
    def is_open(self) -> bool:
        """Whether it answers to those who have not signed in."""
        return {} in self.spec.get("security", ())

    @property
    def action(self) -> str | None:
        """Action that needs a role, with `{action}` for that of the body; None: reading."""
        return self.spec.get("x-action")

    @property
    def takes_body(self) -> bool:
        """Whether it has a body."""
        return "requestBody" in self.spec

    @cached_property
    def _body_validator(self) -> Draft202012Validator:
        content = self.spec["requestBody"]["content"]["application/json"]
        return self._document.validator(content["schema"])

    @cached_property
    def _parameter_validators(self) -> dict[str, Draft202012Validator]:
        return {each["name"]: self._document.validator(each["schema"]) for each in self.parameters}

    def check_path(self, values: Mapping[str, str]) -> None:
        """Check the names in the path.

        Raises:
            Problem: One cannot be what it is.
        """
        for name, value in values.items():
            self._check_value(name, value)

    def check_query(self, query: list[tuple[str, str]]) -> dict[str, Any]:
        """Return the parameters by name, deerrors_found filled in.

        Raises:
            Problem: One is unknown, given twice, missing, or cannot be what it is.
        """
        known = {each["name"]: each for each in self.parameters if each["in"] == "query"}
        given: dict[str, Any] = {}
        for name, text in query:
            if name not in known:
                near = get_close_matches(name, known, 1)
                there = f"there are {', '.join(known)}" if known else "there are none"
                hint = f"did you mean {near[0]}?" if near else there
                raise Problem("bad_request", f"there is no parameter {name!r}: {hint}")
            schema = known[name]["schema"]
            if schema.get("type") == "array":
                given.setdefault(name, []).append(text)
            elif name in given:
                raise Problem("bad_request", f"the parameter {name} is given twice: once is enough")
            else:
                given[name] = _from_text(name, text, schema)
        for name, each in known.items():
            if name in given:
                self._check_value(name, given[name])
            elif each["required"]:
                raise Problem("bad_request", f"the parameter {name} is missing")
            else:
                given[name] = each["schema"].get("default")
        return given

    def check_body(self, body: Any) -> dict[str, Any]:
        """Return the body if it is as the document says.

        Raises:
            Problem: It is not; every fault is named.
        """
        errors = sorted(self._body_validator.iter_errors(body), key=lambda error: list(error.path))
        if errors:
            errors_found = [
                {
                    "pointer": "".join(f"/{part}" for part in error.absolute_path),
                    "detail": _said(error),
                }
                for error in errors[:20]
            ]
            first = errors_found[0]
            where = f"{first['pointer'].lstrip('/')}: " if first["pointer"] else ""
            raise Problem("invalid", f"{where}{first['detail']}", errors=errors_found)
        assert isinstance(body, dict)
        return body

    def _check_value(self, name: str, value: Any) -> None:
        validator = self._parameter_validators.get(name)
        if validator is None:
            return
        for error in validator.iter_errors(value):
            raise Problem(
                "bad_request",
                f"{name}: {_said(error)}",
                errors=[{"pointer": name, "detail": _said(error)}],
            )


class Document:
    """The OpenAPI document of the API.

    Args:
        raw: As it is parsed.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    @cached_property
    def operations(self) -> dict[str, OperationRules]:
        """All operations by their ids."""
        found = [
            OperationRules(self, path, method)
            for path, item in self.raw["paths"].items()
            for method in METHODS
            if method in item
        ]
        return {rules.id: rules for rules in found}

    def resolve(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference within the document stands for."""
        while "$ref" in value:
            found: Any = self.raw
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def validator(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        """Return what checks values by a schema of the document."""
        from jsonschema import Draft202012Validator
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        resource = Resource.from_contents(self.raw, default_specification=DRAFT202012)
        registry = Registry().with_resource(_DOCUMENT_URI, resource)
        return Draft202012Validator(_absolute(schema), registry=registry)


@cache
def load_document() -> Document:
    """Return the document that the package holds."""
    text = files("taskhub.web").joinpath("openapi.json").read_text(encoding="utf-8")
    return Document(json.loads(text))


def _absolute(schema: Any) -> Any:
    """Return a schema whose references lead into the document from anywhere."""
    if isinstance(schema, Mapping):
        return {
            name: f"{_DOCUMENT_URI}{value}"
            if name == "$ref" and isinstance(value, str)
            else _absolute(value)
            for name, value in schema.items()
        }
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema


def _from_text(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer":
        try:
            # More digits than any number that is meant; `int` would refuse thousands of them
            # slowly.
            return int(text) if len(text) <= 20 and text.lstrip("-").isdecimal() else _raise()
        except ValueError:
            raise Problem("bad_request", f"{name}: {text[:50]!r} is not a whole number") from None
    return text


def _raise() -> int:
    raise ValueError


def _said(error: ValidationError) -> str:
    """Return what is wrong with a value, without showing long or secret ones."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    limit: Any = error.validator_value
    match error.validator:
        case "enum":
            return f"it must be one of {', '.join(map(str, limit))}"
        case "type":
            kinds = limit if isinstance(limit, list) else [limit]
            return f"it must be {' or '.join(map(str, kinds))}"
        case "required":
            return str(error.message).replace("is a required property", "is missing")
        case "additionalProperties":
            return str(error.message)[:200]
        case "maxLength":
            return f"it is longer than {limit:,} characters"
        case "minLength":
            return "it is empty"
        case "maximum" | "minimum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"it must be {_bound(error.validator)} {limit:,}"
        case "maxItems":
            return f"it has more than {limit:,} members"
        case "minItems":
            return "it has no member"
        case _:
            return f"it is not as it should be ({schema.get('description', error.validator)})"


def _bound(validator: str) -> str:
    return {
        "maximum": "at most",
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }[validator]
