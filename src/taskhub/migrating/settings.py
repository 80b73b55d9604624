"""Settings: where a code base sets them, and what each value means here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from taskhub.config.settings import NEW_NAMES, SETTINGS, nearest
from taskhub.config.source import Namespace, refuse_mixture
from taskhub.exceptions import ImproperlyConfigured
from taskhub.migrating import meanings, urls
from taskhub.migrating.finding import Finding, Findings, Level
from taskhub.migrating.module import APP, Module, literal
from taskhub.migrating.setting_sources import class_named, unseen_changes

__all__ = ("Given", "judge", "rule")

_APP_ARGUMENTS: Final[Mapping[str, str]] = {"broker": "broker_url", "backend": "result_backend"}
_NOT_SETTINGS: Final = frozenset(
    {"main", "set_as_current", "tasks", "changes", "config_source", "task_cls", "autofinalize", "namespace",
     "strict_typing", "config_source_silent", "kwargs"}
)  # fmt: skip
_PARTS: Final = frozenset({"loader", "amqp", "events", "log", "control", "fixups"})
#: Names of settings in modules that hold other things, too: Django's settings.
_UPPER: Final = re.compile(r"^(?:CELERY|CELERYD|CELERYBEAT|CELERYMON|BROKER)_[A-Z0-9_]+$")
#: Django's packages for Celery have settings of their own.
_OTHERS: Final = re.compile(
    r"^(?:DJANGO_CELERY|CELERY_ONCE|CELERYMON_|CELERY_SINGLETON|CELERY_FLOWER)"
)


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it stands in the source."""

    written: str
    value: ast.expr | None
    path: str
    line: int
    prefix: str = ""
    #: Whether a name that is no setting was meant as one.
    certain: bool = True


def rule(module: Module, prefix: str | None, classes: Mapping[tuple[str, str], str]) -> Findings:
    """Judge the settings that a module gives.

    Parameters:
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
    if prefix is None:
        # Settings of a web framework, which other modules read with a namespace.
        given += [
            one
            for one in _assigned(module.tree.body, module.path, "CELERY", certain=False)
            if _UPPER.match(one.written) and not _OTHERS.match(one.written)
        ]
    for one in given:
        yield from judge(one)
    yield from _mixtures(module, given, prefix)
    yield from unseen_changes(module)


def judge(given: Given) -> Findings:
    """Judge one setting."""
    name = Namespace(given.prefix or None).remove_from(given.written)
    name = name if name in SETTINGS else NEW_NAMES.get(name, name)
    name = name if name in SETTINGS else NEW_NAMES.get(given.written, name)
    setting = SETTINGS.get(name)
    if setting is None:
        if given.certain or given.written.startswith(("CELERY_", "CELERYD_", "CELERYBEAT_")):
            near = nearest(name) or nearest(given.written)
            advice = (
                f"did you mean {near}?"
                if near
                else "if it is read by your own code, nothing; else remove it"
            )
            yield Finding(
                Level.WITHOUT_EFFECT,
                given.written,
                "there is no such setting",
                advice,
                given.path,
                given.line,
            )
        return
    if name in urls.SETTINGS:
        yield from _judge_address(given, urls.SETTINGS[name])
    if not setting.honoured:
        yield Finding(
            Level.WITHOUT_EFFECT,
            name,
            f"accepted, changes nothing: {setting.reason}",
            "remove it",
            given.path,
            given.line,
        )
    elif name in meanings.SETTINGS:
        meaning = meanings.SETTINGS[name]
        if not _is_default(name, given.value):
            yield Finding(
                Level.DIFFERS, name, meaning.message, meaning.advice, given.path, given.line
            )
    if name in ("broker_transport_options", "result_backend_transport_options"):
        yield from _judge_options(given, name)
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
        yield from _judge_schedule(given)
    if setting.honoured and given.value is not None:
        yield from _judge_kind(given, name)


def _judge_kind(given: Given, name: str) -> Findings:
    value = literal(given.value)
    if value is ...:
        return
    try:
        SETTINGS[name].check(value)
    except ImproperlyConfigured as error:
        yield Finding(
            Level.UNSUPPORTED, name, str(error), "correct the value", given.path, given.line
        )


def _judge_address(given: Given, setting: str) -> Findings:
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
        yield from urls.judge_url(setting, found, given.path, given.line)
    if value is not None and literal(value) is ... and not list(_texts(value)):
        yield Finding(
            Level.UNSEEN,
            setting,
            "its value is computed when the program runs",
            "see that it is redis://, rediss://, unix:// or sentinel://",
            given.path,
            given.line,
        )


def _judge_options(given: Given, name: str) -> Findings:
    if not isinstance(given.value, ast.Dict):
        return
    for key in given.value.keys:
        option = literal(key)
        reason = meanings.TRANSPORT_OPTIONS.get(option) if isinstance(option, str) else None
        if reason is not None:
            yield Finding(
                Level.WITHOUT_EFFECT,
                f"{name}: {option}",
                f"changes nothing: {reason}",
                "remove it" if option != "global_keyprefix" else "set taskhub_namespace",
                given.path,
                getattr(key, "lineno", given.line),
            )


def _judge_schedule(given: Given) -> Findings:
    if given.value is not None and not isinstance(given.value, ast.Dict):
        yield Finding(
            Level.UNSEEN,
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
    """Yield the texts that an address may be: itself, the default of a variable, either branch of a condition."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        # What is filled in is credentials, hosts and numbers; a word stands for each.
        parts = [part.value if isinstance(part, ast.Constant) else "1" for part in value.values]
        text = "".join(str(part) for part in parts)
        if "://" in text and not text.startswith("1"):
            yield text
    elif isinstance(value, ast.Call):
        for argument in value.args[1:]:
            yield from _texts(argument)
        for keyword in value.keywords:
            if keyword.arg == "default":
                yield from _texts(keyword.value)
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
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            if module.makes_app(node):
                yield from _arguments(node, module)
            elif module.resolve(node.func) in (f"{APP}.conf.update", f"{APP}.add_defaults"):
                yield from _updated(node, module)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
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
    # A module of settings holds helpers, too; only what resembles a setting was meant as one.
    meant = certain and not name.startswith("_") and (bool(prefix) or nearest(name) is not None)
    return Given(name, value, path, line, prefix, meant)


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
