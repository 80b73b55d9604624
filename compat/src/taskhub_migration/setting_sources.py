"""Where the settings of a program come from, and which of them cannot be followed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, Module, literal

__all__ = ("SettingSources", "class_named", "find_sources", "unverified_changes")


@dataclass(frozen=True, slots=True)
class SettingSources:
    """What the calls of `config_from_object` in a module name."""

    #: The module.
    path: str
    #: Module names -> prefix.
    modules: Mapping[str, str]
    #: (path, class name) -> prefix.
    classes: Mapping[tuple[str, str], str]
    #: Sources that cannot be followed.
    unverified: tuple[Finding, ...]

    @property
    def names_any(self) -> bool:
        """Whether there are such calls."""
        return bool(self.modules or self.classes or self.unverified)


def find_sources(module: Module) -> SettingSources:
    """Find what a module gives to `config_from_object` and the like."""
    modules: dict[str, str] = {}
    classes: dict[tuple[str, str], str] = {}
    unverified: list[Finding] = []
    for node in module.nodes(ast.Call):
        is_app = module.makes_app(node)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        arguments = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if is_app and "config_source" in arguments:
            source: ast.expr | None = arguments["config_source"]
        elif method == "config_from_object":
            source = node.args[0] if node.args else arguments.get("obj")
        elif method in ("config_from_envvar", "config_from_cmdline"):
            unverified.append(
                _unverified(module, node, f"app.{method}", "the settings are named when it runs")
            )
            continue
        else:
            continue
        prefix = literal(arguments.get("namespace"))
        if prefix is ... and "namespace" in arguments:
            unverified.append(_unverified(module, node, "settings", "the namespace is computed"))
            continue
        written = prefix if isinstance(prefix, str) else ""
        value = literal(source)
        if isinstance(value, str):
            modules[value.replace(":", ".")] = written
        elif isinstance(source, ast.Name | ast.Attribute):
            path = module.resolve(source)
            if isinstance(source, ast.Name) and class_named(module, source.id) is not None:
                classes[module.path, source.id] = written
            elif path is not None:
                modules[path] = written
            else:
                unverified.append(
                    _unverified(
                        module, node, "settings", f"`{ast.unparse(source)}` is made when it runs"
                    )
                )
        else:
            unverified.append(
                _unverified(module, node, "settings", "the source of the settings is computed")
            )
    return SettingSources(module.path, modules, classes, tuple(unverified))


def unverified_changes(module: Module) -> Findings:
    """Find settings whose names or values are made at run time."""
    for node in module.nodes(ast.Assign, ast.AugAssign, ast.Call):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if (
                    isinstance(target, ast.Subscript)
                    and module.resolve(target.value) == f"{APP}.conf"
                    and not isinstance(literal(target.slice), str)
                ):
                    yield _unverified(
                        module, node, "settings", "the name of the setting is computed"
                    )
        else:
            function = module.resolve(node.func)
            is_update = function in (f"{APP}.conf.update", f"{APP}.add_defaults")
            if is_update or module.makes_app(node):
                spread = any(keyword.arg is None for keyword in node.keywords)
                opaque = is_update and any(not _is_readable(argument) for argument in node.args)
                if spread or opaque:
                    yield _unverified(
                        module, node, "settings", "they are made when the program runs"
                    )
            elif (
                isinstance(node.func, ast.Name)
                and node.func.id == "setattr"
                and node.args
                and module.resolve(node.args[0]) == f"{APP}.conf"
            ):
                yield _unverified(module, node, "settings", "the name of the setting is computed")


def _is_readable(argument: ast.expr) -> bool:
    if isinstance(argument, ast.Dict):
        return None not in argument.keys
    return (
        isinstance(argument, ast.Call)
        and isinstance(argument.func, ast.Name)
        and argument.func.id == "dict"
        and not argument.args
    )


def class_named(module: Module, name: str) -> ast.ClassDef | None:
    """Return the class of this name at the top of a module."""
    return next(
        (node for node in module.tree.body if isinstance(node, ast.ClassDef) and node.name == name),
        None,
    )


def _unverified(module: Module, node: ast.stmt | ast.expr, subject: str, message: str) -> Finding:
    return Finding(
        Level.UNVERIFIED,
        subject,
        message,
        "run `taskhub -A APP doctor`: it names each setting that is unknown or has no effect",
        module.path,
        node.lineno,
    )
