"""Settings that environment variables give, and one line about what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("HomeSettings", "Settings", "UserPath", "split_paths")

#: A path that may begin with `~`.
UserPath = Annotated[Path, AfterValidator(Path.expanduser)]


class Settings(BaseSettings):
    """Settings that environment variables give; an empty variable counts as not set.

    A field's `description` completes "... is not ..." in the line about a wrong value, and
    `examples` "write ..."; a field without it has a validator that says both.

    Raises:
        ImproperlyConfigured: The `refusal` of the class: a value is wrong. One line names the
            variable.
    """

    model_config = SettingsConfigDict(
        frozen=True, populate_by_name=True, enable_decoding=False, allow_inf_nan=False
    )
    #: What is raised for a value that is wrong.
    refusal: ClassVar[type[ImproperlyConfigured]] = ImproperlyConfigured

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise self.refusal(self._explain(error)) from None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: Any, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments and environment variables, and no files."""
        environment = EnvSettingsSource(settings_cls)
        given = ((name, (value or "").strip()) for name, value in environment.env_vars.items())
        # With `populate_by_name`, fields that have a variable would be read from a second one, too.
        known = {
            variable.lower()
            for name, field in cls.model_fields.items()
            for variable in cls._variables(name, field)
        }
        environment.env_vars = {name: value for name, value in given if value and name in known}
        return named["init_settings"], environment

    @classmethod
    def _explain(cls, error: ValidationError) -> str:
        """Return one line about the first thing that is wrong."""
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        key, field, variables = next(
            (key, field, variables)
            for key, field in cls.model_fields.items()
            if name in (key, *(variables := cls._variables(key, field)))
        )
        variable = next((one for one in variables if os.environ.get(one, "").strip()), variables[0])
        if field.description is None:
            what = str(first.get("ctx", {}).get("error", first["msg"]))
            # Readers that were given a name for a value have used the name of the field.
            return f"{variable}: {what.removeprefix(f'{key}: ')}"
        default = field.default
        example = f"{default:g}" if isinstance(default, int | float) else f"{default}"
        write = (field.examples or [f"for example {example}"])[0]
        return f"{variable}: {first['input']!r} is not {field.description}: write {write}"

    @classmethod
    def _variables(cls, name: str, field: FieldInfo) -> list[str]:
        """Return the environment variables of a field; the first that is set counts."""
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            return [str(choice) for choice in alias.choices]
        return [str(alias or f"{cls.model_config.get('env_prefix')}{name.upper()}")]


class HomeSettings(Settings):
    """Settings some of which depend on the project's directory for what taskhub keeps."""

    home: UserPath = Field(default=Path(".taskhub"), validation_alias="TASKHUB_HOME")


def split_paths(text: str) -> tuple[str, ...]:
    """Return the paths that a text lists, as PATH does."""
    return tuple(part.strip() for part in text.split(os.pathsep) if part.strip())
