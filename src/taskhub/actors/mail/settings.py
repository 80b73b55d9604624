"""Where e-mail goes, and in whose name."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic.types import PathType
from pydantic_settings import SettingsConfigDict

from taskhub.actors.mail.address import Address, parse_address
from taskhub.actors.mail.exceptions import MailConfigurationError
from taskhub.actors.mail.server import SmtpServer, parse_smtp_url
from taskhub.actors.settings import HomeSettings, UserPath

__all__ = ("MailSettings",)

_NOBODY: Final = Address("taskhub@localhost")


def _server(value: Any) -> Any:
    return parse_smtp_url(value) if isinstance(value, str) else value


class MailSettings(HomeSettings):
    """Where e-mail goes, and in whose name: `TASKHUB_SMTP_URL`, `TASKHUB_MAIL_...`.

    Args:
        server: The SMTP server; None: there is none, and mail is written to `outbox`.
        sender: The `From` address and the return path, `TASKHUB_MAIL_FROM`.
        outbox: Directory for `.eml` files, used when there is no server.
        language: Of templates, if the call doesn't say: `zh` or `en`.
        templates: Directory with templates that take precedence over the shipped ones.
        address_template: Makes an address from `{username}` and `{user_id}`.
        address_book: `package.module:function`, called with a user's id for the address.
        remember_days: How long it is remembered that a mail was sent.

    Raises:
        MailConfigurationError: A value is wrong; one line names the variable, and masks
            secrets.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_MAIL_")
    refusal: ClassVar = MailConfigurationError

    server: Annotated[SmtpServer | None, BeforeValidator(_server)] = Field(
        default=None, validation_alias="TASKHUB_SMTP_URL"
    )
    sender: Address = Field(
        default=_NOBODY, validation_alias="TASKHUB_MAIL_FROM", validate_default=True
    )
    outbox: UserPath = Field(default_factory=lambda values: values["home"] / "outbox")
    language: str = Field(
        default="zh",
        pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$",
        description="a language",
        examples=["zh or en"],
    )
    templates: Annotated[UserPath, PathType("dir")] | None = Field(
        default=None, description="a directory", examples=["the path of one, or unset it"]
    )
    address_template: str | None = None
    address_book: str | None = None
    remember_days: float = Field(default=7, gt=0, le=1_000_000, description="a number of days")

    @field_validator("sender", mode="before")
    @classmethod
    def _read_sender(cls, value: Any, info: ValidationInfo) -> Any:
        server: SmtpServer | None = info.data.get("server")
        if value is _NOBODY and server is not None:
            if "@" not in (server.username or ""):
                raise MailConfigurationError(
                    "TASKHUB_MAIL_FROM is not set: write the address that mail comes from, "
                    "for example TASKHUB_MAIL_FROM='Example <no-reply@example.com>'"
                )
            value = server.username
        return parse_address(value, str(info.field_name)) if isinstance(value, str) else value
