"""Settings: where a code base sets them, and what each value means here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from taskhub.config import transport_options
from taskhub.config.settings import NEW_NAMES, SETTINGS, nearest
from taskhub.config.source import Namespace, refuse_mixture
from taskhub.exceptions import ImproperlyConfigured
from taskhub_migration import rules, urls
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, Module, literal
from taskhub_migration.setting_sources import class_named, unverified_changes

__all__ = ("Given", "evaluate", "rule")

_APP_ARGUMENTS: Final[Mapping[str, str]] = {"broker": "broker_url", "backend": "result_backend"}
_NOT_SETTINGS: Final = frozenset(
    {"main", "set_as_current", "tasks", "changes", "config_source", "task_cls",
     "autofinalize", "namespace",
     "strict_typing", "config_source_silent", "kwargs"}
)  # fmt: skip
_PARTS: Final = frozenset({"loader", "amqp", "events", "log", "control", "fixups"})
#: Names of settings in modules that hold other things, too: Django's settings.
_UPPER: Final = re.compile(r"^(?:CELERY|CELERYD|CELERYBEAT|CELERYMON|BROKER)_[A-Z0-9_]+$")
#: Django's packages for Celery have settings of their own.
_OTHERS: Final = re.compile(
    r"^(?:DJANGO_CELERY|CELERY_ONCE|CELERYMON_|CELERY_SINGLETON|CELERY_FLOWER)"
)


#: How alike two names are of which one is the other, misspelt.
_MISSPELT: Final = 0.93
_ADDRESS: Final = re.compile(r"[A-Za-z][\w+.-]*://")
#: A class that assigns an address and another setting of Celery's holds settings.
_SETTINGS_OF_A_CLASS: Final = 2


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it stands in the source."""

    written: str
    value: ast.expr | None
    path: str
    line: int
    prefix: str = ""
    #: Whether a name that is no setting was near as one.
    certain: bool = True


def rule(module: Module, prefix: str | None, classes: Mapping[tuple[str, str], str]) -> Findings:
    """Evaluate the settings that a module gives.

    Args:
        prefix: its values are settings, with this prefix; None: it is no module of settings.
        classes: classes that are sources of settings.
    """
    given = list(_by_app(module))
    if prefix is not None:
        given += _assigned(module.tree.body, module.path, prefix)
    for (path, name), class_prefix in classes.items():
        found = class_named(module, name) if path == module.path else None
        if found is not None:
            given += _assigned(found.body, module.path, class_prefix)
    given += _of_classes(module, {name for path, name in classes if path == module.path})
    if prefix is None:
        # Settings of a web framework, which other modules read with a namespace.
        given += [
            one
            for one in _assigned(module.tree.body, module.path, "CELERY", certain=False)
            if _UPPER.match(one.written) and not _OTHERS.match(one.written)
        ]
    for one in given:
        yield from evaluate(one)
    yield from _mixtures(module, given, prefix)
    yield from unverified_changes(module)


def _of_classes(module: Module, evaluated: Set[str]) -> Iterator[Given]:
    """Yield the settings in classes that nothing names, as in Flask's configuration classes."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and node.name not in evaluated:
            given = _assigned(node.body, module.path, "")
            names = {one.written for one in given}
            if (
                names & urls.SETTINGS.keys()
                and len(names & SETTINGS.keys()) >= _SETTINGS_OF_A_CLASS
            ):
                yield from given


def evaluate(given: Given) -> Findings:
    """Evaluate one setting."""
    name = Namespace(given.prefix or None).remove_from(given.written)
    name = name if name in SETTINGS else NEW_NAMES.get(name, name)
    name = name if name in SETTINGS else NEW_NAMES.get(given.written, name)
    setting = SETTINGS.get(name)
    if setting is None:
        # Celery says nothing of settings that it does not know either; what resembles one was near
        # as it.
        near = nearest(name) or nearest(given.written)
        if near and (given.certain or _is_misspelt(name, given.written, near)):
            yield Finding(
                Level.WITHOUT_EFFECT,
                given.written,
                "there is no such setting",
                f"did you mean {near}?",
                given.path,
                given.line,
            )
        return
    if name in urls.SETTINGS:
        yield from _evaluate_address(given, urls.SETTINGS[name])
    if not setting.honoured:
        yield Finding(
            Level.WITHOUT_EFFECT,
            name,
            f"accepted, changes nothing: {setting.reason}",
            "remove it",
            given.path,
            given.line,
        )
    elif name in rules.SETTINGS:
        rule = rules.SETTINGS[name]
        if not _is_default(name, given.value):
            yield Finding(Level.DIFFERS, name, rule.message, rule.advice, given.path, given.line)
    if name in transport_options.SETTINGS:
        yield from _evaluate_options(given, name)
    elif name == "accept_content" and _names(given.value) & {"auth"}:
        yield Finding(
            Level.UNSUPPORTED,
            "accept_content: auth",
            "messages are not signed",
            "remove 'auth'",
            given.path,
            given.line,
        )
    elif name == "task_serializer" and literal(given.value) == "auth":
        yield Finding(
            Level.UNSUPPORTED,
            "task_serializer: auth",
            "messages are not signed",
            "use 'json'",
            given.path,
            given.line,
        )
    elif name == "beat_schedule":
        yield from _evaluate_schedule(given)
    if setting.honoured and given.value is not None:
        yield from _evaluate_kind(given, name)


def _is_misspelt(name: str, written: str, near: str) -> bool:
    """Return whether a name is so near to a setting's that it must be a misspelling of it."""
    from difflib import SequenceMatcher

    return any(SequenceMatcher(None, one, near).ratio() > _MISSPELT for one in (name, written))


def _evaluate_kind(given: Given, name: str) -> Findings:
    value = literal(given.value)
    if value is ...:
        return
    try:
        SETTINGS[name].check(value)
    except ImproperlyConfigured as error:
        yield Finding(
            Level.UNSUPPORTED, name, str(error), "correct the value", given.path, given.line
        )


def _evaluate_address(given: Given, setting: str) -> Findings:
    value = given.value
    if isinstance(value, ast.List | ast.Tuple) and len(value.elts) > 1:
        yield Finding(
            Level.DIFFERS,
            "several brokers",
            "only the first address is used; there is no fail-over by the client",
            "use sentinel:// with the addresses of the sentinels",
            given.path,
            given.line,
        )
    for found in _texts(value):
        yield from urls.evaluate_url(setting, found, given.path, given.line)
    if value is not None and literal(value) is ... and not list(_texts(value)):
        yield Finding(
            Level.UNVERIFIED,
            setting,
            "its value is computed when the program runs",
            "see that it is redis://, rediss://, unix:// or sentinel://",
            given.path,
            given.line,
        )


def _evaluate_options(given: Given, name: str) -> Findings:
    if not isinstance(given.value, ast.Dict):
        return
    options = {
        option: (key, literal(value))
        for key, value in zip(given.value.keys, given.value.values, strict=True)
        if isinstance(option := literal(key), str)
    }
    values = {option: value for option, (_, value) in options.items()}
    for option, reason in transport_options.without_effect(name, values).items():
        yield Finding(
            Level.WITHOUT_EFFECT,
            f"{name}: {option}",
            f"changes nothing: {reason}",
            "remove it, or do what it says",
            given.path,
            getattr(options[option][0], "lineno", given.line),
        )


def _evaluate_schedule(given: Given) -> Findings:
    if given.value is not None and not isinstance(given.value, ast.Dict):
        yield Finding(
            Level.UNVERIFIED,
            "beat_schedule",
            "the schedule is made when the program runs",
            "compare `taskhub schedule list` with what ran before",
            given.path,
            given.line,
        )


def _is_default(name: str, value: ast.expr | None) -> bool:
    """Whether a setting is given the value that means the same in both."""
    found = literal(value)
    if name == "task_acks_late":
        return found is True
    if name == "result_serializer":
        return found == "json"
    return found is None


def _texts(value: ast.expr | None) -> Iterator[str]:
    """Yield the texts that an address may be: a literal, a default, a branch of a condition."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        # What is filled in is credentials, hosts and numbers; a word stands for each.
        parts = [part.value if isinstance(part, ast.Constant) else "1" for part in value.values]
        text = "".join(str(part) for part in parts)
        if _ADDRESS.match(text):
            yield text
    elif isinstance(value, ast.Call):
        # The name of a variable, or a part of a text that is to be replaced, is no address.
        defaults = [*value.args[1:], *(one.value for one in value.keywords if one.arg == "default")]
        for argument in defaults:
            yield from (text for text in _texts(argument) if _ADDRESS.match(text))
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _texts(part)
    elif isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.List | ast.Tuple):
        for part in value.elts:
            yield from _texts(part)


def _names(value: ast.expr | None) -> frozenset[str]:
    found = literal(value)
    return (
        frozenset(str(one) for one in found)
        if isinstance(found, list | tuple | set)
        else frozenset()
    )


def _by_app(module: Module) -> Iterator[Given]:
    """Yield what is set through an app: in `Celery(...)`, on `app.conf`, by `app.conf.update`."""
    for node in module.nodes(ast.Call, ast.Assign, ast.AnnAssign, ast.AugAssign):
        if isinstance(node, ast.Call):
            if module.makes_app(node):
                yield from _arguments(node, module)
            elif module.resolve(node.func) in (f"{APP}.conf.update", f"{APP}.add_defaults"):
                yield from _updated(node, module)
        else:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                name = _conf_name(module, target)
                if name is not None:
                    yield Given(name, node.value, module.path, node.lineno)


def _conf_name(module: Module, target: ast.expr) -> str | None:
    if isinstance(target, ast.Attribute) and module.resolve(target.value) == f"{APP}.conf":
        return target.attr
    if isinstance(target, ast.Subscript) and module.resolve(target.value) == f"{APP}.conf":
        name = literal(target.slice)
        return name if isinstance(name, str) else None
    return None


def _arguments(call: ast.Call, module: Module) -> Iterator[Given]:
    for keyword in call.keywords:
        name = keyword.arg
        if name is None or name in _NOT_SETTINGS or name in _PARTS:
            continue
        name = _APP_ARGUMENTS.get(name, name)
        yield Given(name, keyword.value, module.path, keyword.value.lineno)
    for keyword in call.keywords:
        if keyword.arg == "changes" and isinstance(keyword.value, ast.Dict):
            yield from _dictionary(keyword.value, module.path)


def _updated(call: ast.Call, module: Module) -> Iterator[Given]:
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            yield from _dictionary(argument, module.path)
        elif (
            isinstance(argument, ast.Call)
            and isinstance(argument.func, ast.Name)
            and argument.func.id == "dict"
        ):
            yield from _updated(argument, module)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield Given(keyword.arg, keyword.value, module.path, keyword.value.lineno)


def _dictionary(value: ast.Dict, path: str, prefix: str = "") -> Iterator[Given]:
    for key, item in zip(value.keys, value.values, strict=True):
        name = literal(key)
        if isinstance(name, str):
            yield Given(name, item, path, item.lineno, prefix)


def _assigned(body: list[ast.stmt], path: str, prefix: str, *, certain: bool = True) -> list[Given]:
    """Return what statements assign, also below conditions."""
    found: list[Given] = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            named = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            found += [
                _one(name, statement.value, path, statement.lineno, prefix, certain)
                for name in named
            ]
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.append(
                _one(statement.target.id, statement.value, path, statement.lineno, prefix, certain)
            )
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                found += _assigned(getattr(statement, part, []), path, prefix, certain=certain)
    if not prefix:
        return [
            one
            for one in found
            if one.certain or one.written in SETTINGS or one.written in NEW_NAMES
        ]
    upper = prefix.rstrip("_") + "_"
    return [
        one
        for one in found
        if one.written.startswith(upper)
        or (not certain and _UPPER.match(one.written))
        or one.written in NEW_NAMES
    ]


def _one(
    name: str, value: ast.expr | None, path: str, line: int, prefix: str, certain: bool
) -> Given:
    # A module of settings holds helpers, too; only what resembles a setting was near as one.
    near = certain and not name.startswith("_") and (bool(prefix) or nearest(name) is not None)
    return Given(name, value, path, line, prefix, near)


def _mixtures(module: Module, given: list[Given], prefix: str | None) -> Findings:
    names = {one.written for one in given if not one.prefix}
    if prefix:
        return
    try:
        refuse_mixture(names)
    except ImproperlyConfigured as error:
        first, _, renames = str(error).partition("\n\n")
        old = {line.split("->")[0].strip() for line in renames.splitlines()}
        line = min((one.line for one in given if one.written in old), default=0)
        yield Finding(
            Level.UNSUPPORTED,
            "old and new names of settings",
            first.partition(". ")[0] + ", which is refused",
            "rename: " + "; ".join(" ".join(row.split()) for row in renames.splitlines()),
            module.path,
            line,
        )
