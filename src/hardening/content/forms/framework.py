"""The form of a file of measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hardening.content.forms.common import ControlId, Effort, Id, Text, TextsForm, Url
from hardening.documents.validate import Form
from hardening.model.measure import Basis


class GroupForm(Form):
    """A principle or chapter that holds measures."""

    id: ControlId
    title: TextsForm


class LinkForm(Form):
    """A check that speaks to a measure, and on what that rests."""

    id: Id
    basis: Basis


class FollowForm(Form):
    """Measures of the framework that recommends, whose checks speak to this measure too, and on what that rests."""

    measures: Annotated[list[ControlId], Field(min_length=1)]
    basis: Basis


class MeasureForm(Form):
    """An item of a law or framework."""

    id: ControlId
    group: ControlId
    title: TextsForm
    carrier: Literal["municipality", "regional", "national"]
    effort: Effort
    helped_by: list[Literal["regional", "national"]] = Field(default_factory=list)
    note: TextsForm | None = None
    checks: list[LinkForm] = Field(default_factory=list)
    follows: FollowForm | None = None


class FrameworkForm(Form):
    """A file of measures, in the order of its source."""

    id: Id
    title: TextsForm
    version: Text
    publisher: TextsForm
    source: Url
    note: TextsForm | None = None
    groups: Annotated[list[GroupForm], Field(min_length=1)]
    measures: Annotated[list[MeasureForm], Field(min_length=1)]
