"""Nodes of the check language, from their form to values; they were inspected before."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from hardening.content.forms.check import AllForm, AnyForm, ComparisonForm, EachForm, NodeForm, NotForm
from hardening.content.values import build_constant
from hardening.model.check import (
    AllOf,
    AnyOf,
    Comparison,
    Each,
    FieldReference,
    Node,
    Not,
    Operand,
    Outcome,
    ParameterReference,
)
from hardening.model.evidence import ABSENT, Absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.content.inspection import Path
    from hardening.documents.places import Document


def build_node(node: NodeForm, path: Path, document: Document, *, in_record: bool = False) -> Node:
    """Return a node that was inspected as a value."""
    match node:
        case ComparisonForm():
            ((operator, operand),) = node.__pydantic_extra__.items()
            return Comparison(
                field=_build_reference(node.field, in_record=in_record),
                operator=operator,
                operand=_build_operand(operand),
                when_absent=Outcome(node.when_absent) if node.when_absent else ABSENT,
                place=document.place(*path),
            )
        case AllForm(nodes=nodes):
            return AllOf(tuple(_build_nodes(nodes, (*path, "all"), document, in_record=in_record)))
        case AnyForm(nodes=nodes):
            return AnyOf(tuple(_build_nodes(nodes, (*path, "any"), document, in_record=in_record)))
        case NotForm():
            return Not(build_node(node.node, (*path, "not"), document, in_record=in_record))
        case EachForm():
            where = node.where
            return Each(
                field=_build_reference(node.each, in_record=False),
                key=node.key,
                expect=build_node(node.expect, (*path, "expect"), document, in_record=True),
                when_empty=Outcome(node.when_empty),
                where=ABSENT if where is None else build_node(where, (*path, "where"), document, in_record=True),
                place=document.place(*path),
            )
        case _:
            assert_never(node)


def parameter_uses(*nodes: Node | Absent) -> Iterator[tuple[str, str]]:
    """Yield each parameter that some nodes name, with the operator that uses it."""
    for node in nodes:
        match node:
            case Comparison(operand=ParameterReference(name=name), operator=operator):
                yield name, operator
            case AllOf(nodes=inner) | AnyOf(nodes=inner):
                yield from parameter_uses(*inner)
            case Not(node=one):
                yield from parameter_uses(one)
            case Each(where=where, expect=expect):
                yield from parameter_uses(where, expect)
            case _:
                pass


def _build_nodes(nodes: list[NodeForm], path: Path, document: Document, *, in_record: bool) -> Iterator[Node]:
    for index, node in enumerate(nodes):
        yield build_node(node, (*path, index), document, in_record=in_record)


def _build_reference(name: str, *, in_record: bool) -> FieldReference:
    if in_record:
        return FieldReference("", name)
    probe, _, field_name = name.partition(".")
    return FieldReference(probe, field_name)


def _build_operand(value: object) -> Operand:
    if isinstance(value, dict):
        return ParameterReference(value["param"])
    return build_constant(value)
