"""The form of a check file. Operands, sample values and probe parameters are typed later, by what they name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from hardening.content.forms.common import ConditionForm, Id, Name, Text, TextsForm, Url
from hardening.documents.validate import Form
from hardening.model.check import Outcome, ParameterType, Severity

Decided = Literal["pass", "fail", "error"]


class ParameterForm(Form):
    """A value that a baseline, a site or a target may set."""

    type: ParameterType
    default: object
    description: TextsForm


class ProbeForm(Form):
    """A question: its kind, and the parameters of that kind beside it."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, object]

    kind: Name


class ComparisonForm(Form):
    """One field held against one operand: the operator is the key of the operand."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, object]

    field: Text
    when_absent: Decided | None = None


class AllForm(Form):
    """Every node must hold."""

    nodes: Annotated[list[NodeForm], Field(alias="all", min_length=1)]


class AnyForm(Form):
    """At least one node must hold."""

    nodes: Annotated[list[NodeForm], Field(alias="any", min_length=1)]


class NotForm(Form):
    """The node must not hold."""

    node: Annotated[NodeForm, Field(alias="not")]


class EachForm(Form):
    """Every record for which ``where`` holds must meet ``expect``; ``key`` is the field that names a record."""

    each: Text
    key: Name
    where: NodeForm | None = None
    expect: NodeForm
    when_empty: Decided


_BRANCHES = ("field", "all", "any", "not", "each")


def _branch(node: object) -> str | None:
    """Say which kind of node this is, by the key that only this kind has."""
    if not isinstance(node, dict):
        return None
    return next((f"<{key}>" for key in _BRANCHES if key in node), None)


NodeForm = Annotated[
    Annotated[ComparisonForm, Tag("<field>")]
    | Annotated[AllForm, Tag("<all>")]
    | Annotated[AnyForm, Tag("<any>")]
    | Annotated[NotForm, Tag("<not>")]
    | Annotated[EachForm, Tag("<each>")],
    Discriminator(
        _branch,
        custom_error_type="no_node",
        custom_error_message="this is no comparison; write field and an operator, or one of all, any, not, each",
    ),
]


class SampleForm(Form):
    """A state with the outcome that the check must reach on it."""

    name: Text
    evidence: dict[Name, object]
    outcome: Outcome
    parameters: dict[Name, object] = Field(default_factory=dict)
    time: Annotated[int, Field(strict=True, ge=0)] = 1_767_225_600


class CheckForm(Form):
    """A check file."""

    id: Id
    title: TextsForm
    severity: Severity
    rationale: TextsForm
    applies_to: list[ConditionForm] = Field(default_factory=list)
    parameters: dict[Name, ParameterForm] = Field(default_factory=dict)
    probes: Annotated[dict[Name, ProbeForm], Field(min_length=1)]
    only_if: NodeForm | None = None
    when_absent: Decided = "fail"
    expect: NodeForm
    remediation: TextsForm
    danger: TextsForm | None = None
    action: Id
    references: list[Url] = Field(default_factory=list)
    samples: Annotated[list[SampleForm], Field(min_length=2)]
