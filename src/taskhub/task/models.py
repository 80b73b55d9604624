"""Tasks that take and return pydantic models: `app.task(pydantic=True)`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from pydantic import BaseModel


class Models:
    """Models in a function's annotations: validates arguments, and dumps the result.

    Args:
        bound: whether the first parameter is the task.
        strict: validate without conversions.
        context: given to validators.
        dump_options: given to `model_dump`, over `mode="json"`.

    Raises:
        ImproperlyConfigured: pydantic is not installed.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        bound: bool,
        strict: bool,
        context: Mapping[str, Any],
        dump_options: Mapping[str, Any] | None,
    ) -> None:
        try:
            from pydantic import BaseModel
        except ImportError:
            raise ImproperlyConfigured(
                "pydantic=True needs pydantic: install the extra taskhub-core[pydantic]"
            ) from None
        self._model = BaseModel
        self._function = function
        self._bound = bound
        self._strict = strict
        self._context = dict(context)
        self._dump_options: dict[str, Any] = {"mode": "json", **(dump_options or {})}
        self._signature = inspect.signature(function)
        try:
            hints = get_type_hints(function)
        except (AttributeError, NameError, TypeError):
            # A hint that cannot be resolved here; those that are classes still count.
            hints = dict(getattr(function, "__annotations__", {}))
        self._models = {name: self._model_of(hint) for name, hint in hints.items()}
        #: The parameters that may be None instead of a model.
        self._optional = {
            name
            for name, hint in hints.items()
            if get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
        }

    def around(self) -> Callable[..., Any]:
        """Return the function with models made of its arguments, and of its result plain data."""
        function = self._function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def validated_coroutine(*args: Any, **kwargs: Any) -> Any:
                bound = self._validated(args, kwargs)
                return self._plain_result(await function(*bound.args, **bound.kwargs))

            return validated_coroutine

        @functools.wraps(function)
        def validated(*args: Any, **kwargs: Any) -> Any:
            bound = self._validated(args, kwargs)
            return self._plain_result(function(*bound.args, **bound.kwargs))

        return validated

    def dump_arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return arguments with plain data for those models that it restores as equal ones."""
        values = (*args, *kwargs.values())
        if not any(isinstance(value, self._model) for value in values):
            return args, kwargs
        names = [
            parameter.name
            for parameter in self._signature.parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ][int(self._bound) :]
        names += [""] * (len(args) - len(names))
        return (
            type(args)(self._plain(name, value) for name, value in zip(names, args, strict=False)),  # type: ignore[call-arg]
            {name: self._plain(name, value) for name, value in kwargs.items()},
        )

    def _model_of(self, hint: Any) -> type[BaseModel] | None:
        if get_origin(hint) in (Union, UnionType):
            others = [one for one in get_args(hint) if one is not NoneType]
            # `Model | None` only: data does not show which of several models is meant.
            hint = others[0] if len(others) == 1 else None
        if isinstance(hint, type) and issubclass(hint, self._model):
            return hint
        return None

    def _validated(self, args: Any, kwargs: Any) -> inspect.BoundArguments:
        bound = self._signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            model = self._models.get(name)
            parameter = self._signature.parameters[name]
            single = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if model is not None and single and not (value is None and name in self._optional):
                bound.arguments[name] = self._validate(model, value)
        return bound

    def _validate(self, model: type[BaseModel], value: Any) -> BaseModel:
        return model.model_validate(value, strict=self._strict, context=self._context)

    def _plain_result(self, value: Any) -> Any:
        model = self._models.get("return")
        if model is not None and isinstance(value, model):
            return value.model_dump(**self._dump_options)
        return value

    def _plain(self, name: str, value: Any) -> Any:
        model = self._models.get(name)
        if model is None or not isinstance(value, self._model) or hasattr(type(value), "__json__"):
            return value
        try:
            plain = value.model_dump(**self._dump_options)
            if self._validate(model, plain) == value:
                return plain
        except Exception:
            # Serializers and validators that work in a worker only: the message's own serializer
            # decides.
            return value
        return value
