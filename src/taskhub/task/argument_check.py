"""Checks of arguments against a function's parameters, without calling it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

#: Stands for the task itself, which a bound function receives first.
_ITSELF = object()


def argument_check(
    function: Callable[..., Any], *, bound: bool = False
) -> Callable[..., Any] | None:
    """Return a function with the same parameters that does nothing but check its arguments.

    It raises Python's own `TypeError` at a tenth of the cost of `inspect.Signature.bind`. With
    `bound`, the first parameter is the task and is not among the arguments. None: the parameters
    of the function are unknown.
    """
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    name = getattr(function, "__name__", type(function).__name__)
    parameters = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            # Whatever the default is, all that counts here is that there is one.
            default=parameter.default if parameter.default is inspect.Parameter.empty else None,
        )
        for parameter in signature.parameters.values()
    ]
    header = inspect.Signature(parameters)
    check: Callable[..., Any] = eval(f"lambda {str(header)[1:-1]}: None", {})
    check.__name__ = check.__qualname__ = name
    if not bound:
        return check
    return lambda *args, **kwargs: check(_ITSELF, *args, **kwargs)
