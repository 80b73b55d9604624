"""Prints, as JSON, what modules of the import package `celery` hold: name -> the parameters that it takes.

Arguments: the modules. Of a class the parameters are those of its constructor, and its public
methods follow as `Class.method`; of what cannot be called they are null.
"""

import importlib
import inspect
import json
import sys


def parameters(value):
    """Return the names of parameters, "*" and "**" for those that take any; None: they are not known."""
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [kinds.get(parameter.kind, parameter.name) for parameter in found]


def described(module):
    found = {}
    names = getattr(module, "__all__", None) if "taskhub" in sys.argv[1] else dir(module)
    for name in names or ():
        # Celery's modules that load lazily list names that they have not:
        # `celery.registry.__file__`.
        if not hasattr(module, name):
            continue
        value = getattr(module, name)
        if inspect.ismodule(value):
            found[name] = None
            continue
        found[name] = parameters(value) if callable(value) else None
        if inspect.isclass(value) and not issubclass(value, BaseException | dict):
            for method in dir(value):
                member = getattr(value, method, None)
                if not method.startswith("_") and callable(member):
                    found[f"{name}.{method}"] = parameters(member)
    return found


json.dump({name: described(importlib.import_module(name)) for name in sys.argv[2:]}, sys.stdout)
