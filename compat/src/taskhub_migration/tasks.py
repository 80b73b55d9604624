"""Tasks: how they are declared, called and written."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from taskhub_migration import rules
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, APP_CLASSES, Module, literal

__all__ = ("APP_ATTRIBUTES", "TASK_ATTRIBUTES", "rule")

#: Attributes of Celery's app that ours lacks, and what to do; others it has.
APP_ATTRIBUTES: Final[Mapping[str, str]] = {
    "Pickler": "pickle the app itself, which works",
    "amqp_cls": "there are no parts to exchange",
    "annotations": "read app.conf.task_annotations",
    "backend_cls": "there are no parts to exchange",
    "builtin_fixups": "Django is recognized by itself",
    "config_from_cmdline": "parse the arguments, and use app.conf.update",
    "control_cls": "there are no parts to exchange",
    "create_task_cls": "subclass celery.Task, and give it as base= or task_cls=",
    "events_cls": "there are no parts to exchange",
    "fixups": "use the signals worker_init, task_prerun and task_postrun",
    "log_cls": "there are no parts to exchange",
    "namespace": "keep the prefix in a name of your own",
    "oid": "use app.main, or an id of your own",
    "prepare_config": "use app.conf",
    "registry_cls": "there are no parts to exchange",
    "set_as_current": "call app.set_current()",
    "setup_security": "messages are not signed: protect the store by TLS and a password",
    "subclass_with_self": "subclass celery.Task, and give it as base= or task_cls=",
    "thread_oid": "use an id of your own",
    "type_checker": "set typing = False on a task to have its arguments unchecked",
    "use_fast_trace_task": "remove it",
}
#: Those of its tasks.
TASK_ATTRIBUTES: Final[Mapping[str, str]] = {
    "Strategy": "a worker's extension points are signals, and Dramatiq's middleware",
    "add_around": "override the method in a base class, and give that as base=",
    "annotate": "set task_annotations",
    "bind": "tasks are bound by the app that declares them",
    "from_config": "set the attribute itself",
    "request_stack": "use self.request",
    "subtask_from_request": "use self.signature_from_request",
}
#: Parts of the app that can be set and change nothing.
_WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "user_options": "commands take no options of the app's: use environment variables",
}
_PARTS: Final = frozenset({"amqp", "events", "log", "control", "fixups"})
_CALLS: Final = frozenset({"apply_async", "send_task", "aapply_async", "signature_from_request"})
_TASK_CLASSES: Final = frozenset(
    {"celery.Task", "celery.app.task.Task", "celery.app.Task", f"{APP}.Task"}
)
_TASK_DECORATORS: Final = frozenset({"celery.shared_task", "celery.app.shared_task", f"{APP}.task"})


def rule(module: Module) -> Findings:
    """Find what differs in how tasks are declared, called and written."""
    yield from _decorators(module)
    yield from _classes(module)
    yield from _calls(module)
    yield from _app_attributes(module)
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if any(_is_task_decorator(module, one) for one in function.decorator_list):
            yield from _body(function, module)


def _decorators(module: Module) -> Findings:
    for node in module.nodes(ast.Call):
        if module.resolve(node.func) in _TASK_DECORATORS:
            for keyword in node.keywords:
                if keyword.arg is None:
                    yield Finding(
                        Level.UNVERIFIED,
                        "options of a task",
                        "they are made when the program runs",
                        "see that none of docs/differences.md is among them",
                        module.path,
                        node.lineno,
                    )
                else:
                    yield from _task_option(keyword.arg, keyword.value, module)


def _task_option(name: str, value: ast.expr, module: Module) -> Findings:
    found = literal(value)
    line = value.lineno
    if name == "serializer" and found == "auth":
        yield Finding(
            Level.UNSUPPORTED,
            "serializer='auth'",
            "messages are not signed",
            "use 'json'",
            module.path,
            line,
        )
    # A request_stack of one's own is what it is: tests have one beside push_request.
    elif name in TASK_ATTRIBUTES and name not in ("bind", "request_stack"):
        yield Finding(
            Level.UNSUPPORTED,
            f"Task.{name}",
            "tasks don't have it",
            TASK_ATTRIBUTES[name],
            module.path,
            line,
        )
    elif name in rules.TASK_OPTIONS and found is not None:
        if name == "acks_late" and found is True:
            return
        rule = rules.TASK_OPTIONS[name]
        yield Finding(
            Level.DIFFERS, f"{name}= of a task", rule.message, rule.advice, module.path, line
        )


def _classes(module: Module) -> Findings:
    for node in module.nodes(ast.ClassDef):
        bases = {module.resolve(base) for base in node.bases}
        if bases & _TASK_CLASSES:
            for statement in node.body:
                yield from _class_statement(statement, module)
        for base in node.bases:
            path = module.resolve(base)
            if path in APP_CLASSES:
                yield from _overridden(node, module)


def _class_statement(statement: ast.stmt, module: Module) -> Findings:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield from _task_option(target.id, statement.value, module)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        if isinstance(statement.target, ast.Name):
            yield from _task_option(statement.target.id, statement.value, module)
    elif isinstance(statement, ast.FunctionDef) and statement.name in TASK_ATTRIBUTES:
        yield Finding(
            Level.UNSUPPORTED,
            f"Task.{statement.name}",
            "it is never called",
            TASK_ATTRIBUTES[statement.name],
            module.path,
            statement.lineno,
        )


def _overridden(node: ast.ClassDef, module: Module) -> Findings:
    for statement in node.body:
        names: list[str] = []
        if isinstance(statement, ast.FunctionDef):
            names = [statement.name]
        elif isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        for name in names:
            if name in APP_ATTRIBUTES:
                yield Finding(
                    Level.UNSUPPORTED,
                    f"app.{name}",
                    "apps don't have it, and nothing looks at it",
                    APP_ATTRIBUTES[name],
                    module.path,
                    statement.lineno,
                )


def _calls(module: Module) -> Findings:
    for node in module.nodes(ast.Call):
        if module.makes_app(node):
            for keyword in node.keywords:
                if keyword.arg in _PARTS and literal(keyword.value) is not None:
                    yield Finding(
                        Level.WITHOUT_EFFECT,
                        f"Celery({keyword.arg}=...)",
                        "accepted, changes nothing: there are no parts to exchange",
                        "remove it; the signals worker_init, task_prerun and task_postrun are "
                        "there for hooks",
                        module.path,
                        keyword.value.lineno,
                    )
        if not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if name in _CALLS:
            for keyword in node.keywords:
                rule = rules.CALL_OPTIONS.get(keyword.arg or "")
                if rule is not None and literal(keyword.value) is not None:
                    yield Finding(
                        Level.DIFFERS,
                        f"{keyword.arg}= of a call",
                        rule.message,
                        rule.advice,
                        module.path,
                        keyword.value.lineno,
                    )


def _app_attributes(module: Module) -> Findings:
    for node in module.nodes(ast.Attribute):
        if module.resolve(node.value) != APP:
            continue
        if node.attr in APP_ATTRIBUTES:
            yield Finding(
                Level.UNSUPPORTED,
                f"app.{node.attr}",
                "apps don't have it",
                APP_ATTRIBUTES[node.attr],
                module.path,
                node.lineno,
            )
        elif node.attr in _WITHOUT_EFFECT:
            yield Finding(
                Level.WITHOUT_EFFECT,
                f"app.{node.attr}",
                "accepted, changes nothing",
                _WITHOUT_EFFECT[node.attr],
                module.path,
                node.lineno,
            )


def _body(function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> Findings:
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield Finding(
                Level.DIFFERS,
                "global names changed in a task",
                "a worker has several processes; with -P threads or -t tasks run in threads of one",
                "keep the state in the store, or guard it with a lock",
                module.path,
                node.lineno,
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            *(
                "signal.signal",
                "signal.alarm",
                "signal.setitimer",
                "os.fork",
                "os.chdir",
                "os.setuid",
            ),
        ):
            yield Finding(
                Level.DIFFERS,
                f"{ast.unparse(node.func)} in a task",
                "tasks run in threads: signal handlers cannot be set there, and the rest concerns "
                "all tasks of the process",
                "use time limits, or a process of its own (subprocess)",
                module.path,
                node.lineno,
            )
        elif (
            isinstance(node, ast.Attribute) and node.attr in TASK_ATTRIBUTES and node.attr != "bind"
        ):
            is_self = isinstance(node.value, ast.Name) and node.value.id == "self"
            if is_self:
                yield Finding(
                    Level.UNSUPPORTED,
                    f"Task.{node.attr}",
                    "tasks don't have it",
                    TASK_ATTRIBUTES[node.attr],
                    module.path,
                    node.lineno,
                )


def _is_task_decorator(module: Module, node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else node
    return module.resolve(function) in _TASK_DECORATORS
