"""Pieces that several content files share: texts, ids, platform conditions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from hardening.documents.validate import Form, problem_error
from hardening.model.evidence import ABSENT, Absent
from hardening.model.platform import PlatformCondition
from hardening.model.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Integer = Annotated[int, Field(strict=True)]
Boolean = Annotated[bool, Field(strict=True)]
Effort = Annotated[int, Field(strict=True, ge=1, le=5)]

ID_PATTERN = r"[a-z0-9]+([.-][a-z0-9]+)*"
NAME_PATTERN = r"[a-z][a-z0-9_]*"
URL_PATTERN = r"https://[^\s/?#]+\.[^\s/?#]+([/?#]\S*)?"


def _shaped(pattern: str, remedy: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes a text have one form, with the form in words for people and as a pattern for editors."""
    compiled = re.compile(pattern)

    def validate(text: str) -> str:
        if not compiled.fullmatch(text):
            what = f'"{text}" has not the right form'
            raise problem_error(what, remedy)
        return text

    check: Callable[[str], str] = validate
    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


_ID = _shaped(ID_PATTERN, "use lower case letters and digits, joined by hyphens or dots")
_NAME = _shaped(NAME_PATTERN, "use lower case letters, digits and underscores, beginning with a letter")
_NUMBER = _shaped(r"[^\s:]+", "use text without spaces and colons")
_URL = _shaped(URL_PATTERN, "use a whole address that begins with https://")
_DISTRIBUTION = _shaped(r"[a-z0-9][a-z0-9._-]*", "use the ID of os-release, such as debian")
_VERSION = _shaped(r"[0-9]+(\.[0-9]+)*", 'use numbers joined by dots, such as "12" or "22.04"')

Id = Annotated[str, *_ID]
Name = Annotated[str, *_NAME]
ControlId = Annotated[str, *_NUMBER]
Url = Annotated[str, *_URL]
Distribution = Annotated[str, *_DISTRIBUTION]
RoleName = Literal["member", "domain_controller", "stand_alone"]
DirectoryName = Literal["active-directory", "openldap"]
Release = Annotated[str, *_VERSION]


class TextsForm(Form):
    """One text in English and bokmål, and in nynorsk where somebody wrote it."""

    en: Text
    nb: Text
    nn: Text | None = None

    def build(self) -> Texts:
        """Return the texts as values."""
        return Texts(en=self.en, nb=self.nb, nn=self.nn or "")


class ConditionForm(Form):
    """One way in which something applies: all that is given must hold."""

    os_family: Literal["linux", "windows"] | None = None
    distribution: Annotated[list[Distribution], Field(min_length=1)] | None = None
    version_at_least: Release | None = None
    version_below: Release | None = None
    container: Boolean | None = None
    running: Boolean | None = None
    role: RoleName | Annotated[list[RoleName], Field(min_length=1)] | None = None
    installation: Literal["core", "desktop"] | None = None
    directory: DirectoryName | Annotated[list[DirectoryName], Field(min_length=1)] | None = None

    def build(self) -> PlatformCondition:
        """Return the condition as a value."""
        return PlatformCondition(
            os_family=self.os_family or "",
            distribution=tuple(self.distribution or ()),
            version_at_least=self.version_at_least or "",
            version_below=self.version_below or "",
            container=_given(self.container),
            running=_given(self.running),
            role=(self.role,) if isinstance(self.role, str) else tuple(self.role or ()),
            installation=(self.installation,) if self.installation else (),
            directory=(self.directory,) if isinstance(self.directory, str) else tuple(self.directory or ()),
        )


def _given(value: bool | None) -> bool | Absent:  # noqa: FBT001 - a value that passes through, no switch
    return ABSENT if value is None else value
