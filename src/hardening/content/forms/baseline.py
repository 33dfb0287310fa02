"""The form of a baseline file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hardening.content.forms.common import ConditionForm, ControlId, Id, Name, Text, TextsForm
from hardening.documents.validate import Form
from hardening.model.baseline import Level

Tailoring = dict[Id, Annotated[dict[Name, object], Field(min_length=1)]]


class ControlForm(Form):
    """One requirement, settled by checks, asked of a person, or left uncovered for a reason."""

    id: ControlId
    title: TextsForm
    level: Level
    checks: Annotated[list[Id], Field(min_length=1)] | None = None
    parameters: Tailoring = Field(default_factory=dict)
    manual: TextsForm | None = None
    uncovered: TextsForm | None = None


class BaselineForm(Form):
    """A baseline file."""

    id: Id
    title: TextsForm
    version: Text
    default_for: list[ConditionForm] = Field(default_factory=list)
    extends: Id | None = None
    without: dict[Id, TextsForm] = Field(default_factory=dict)
    parameters: Tailoring = Field(default_factory=dict)
    controls: list[ControlForm] = Field(default_factory=list)
