"""Three-valued evaluation of the check language on evidence, with every comparison kept as a reason.

A ``not`` is worked in on the way down (by De Morgan), so that each comparison is decided where it stands and the
outcome that ``when_absent`` gives an absent one is kept, not turned. Undecided stays undecided under ``not``.
In an ``only_if`` and in the ``where`` of an ``each``, the guards, ``when_absent`` does not act: absent is undecided
there, and only ``exists`` decides absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hardening.evaluate.operators import TargetTime, decide
from hardening.evaluate.records import evaluate_each
from hardening.evaluate.scene import Branch, Leaf, Part, Scene, as_verdict, strongest
from hardening.model.check import AllOf, AnyOf, Comparison, Constant, Each, Node, Not, Outcome
from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, Unreadable
from hardening.model.result import Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a node came to. ``note`` says in one line what made it undecided or how many reasons are not listed."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    note: str = ""
    failed_keys: tuple[str, ...] = ()
    failed_keys_omitted: int = 0

    @property
    def outcome(self) -> Outcome:
        """Return pass or fail; error for both kinds of undecided."""
        match self.verdict:
            case Verdict.TRUE:
                return Outcome.PASS
            case Verdict.FALSE:
                return Outcome.FAIL
            case Verdict.ABSENT | Verdict.UNREADABLE:  # pragma: no branch - the last of a closed union
                return Outcome.ERROR


def evaluate_node(
    node: Node,
    evidence: Mapping[str, Evidence],
    parameters: Mapping[str, Constant],
    *,
    fields: Mapping[str, Mapping[str, FieldSpec]],
    when_absent: Outcome,
    time: TargetTime,
    guard: bool = False,
) -> Evaluation:
    """Return what a node comes to; ``evidence`` and ``fields`` are by the check's own probe names.

    A field that ``fields`` or ``evidence`` lacks was not asked: it is unreadable, never absent. ``guard`` leaves
    absent comparisons undecided, whatever ``when_absent`` says.
    """
    scene = Scene(
        evidence=evidence, fields=fields, parameters=parameters, when_absent=when_absent, time=time, guard=guard
    )
    whole = evaluate_part(node, scene, negated=False)
    reasons: list[Reason] = []
    unlisted: list[str] = []
    _list_reasons(whole, reasons, unlisted, decisive=True)
    notes = [*_causes(whole.verdict, reasons), *unlisted]
    walks = tuple(_walks(whole)) if whole.verdict is Verdict.FALSE else ()
    return Evaluation(
        verdict=whole.verdict,
        reasons=tuple(reasons),
        note="; ".join(notes),
        failed_keys=tuple(sorted(key for walk in walks for key in walk.failed_keys)),
        failed_keys_omitted=sum(walk.failed_keys_omitted for walk in walks),
    )


def _walks(part: Part) -> Iterator[Branch]:
    """Yield what each ``each`` came to that made a node fail."""
    if isinstance(part, Branch) and part.verdict is Verdict.FALSE:
        if part.failed_keys:
            yield part
        else:
            for inner in part.parts:
                yield from _walks(inner)


def evaluate_part(node: Node, scene: Scene, *, negated: bool) -> Part:
    """Return what a node comes to where it stands, under an odd number of ``not`` if ``negated``."""
    match node:
        case Comparison():
            return _compare(node, scene, negated=negated)
        case AllOf(nodes=nodes):
            return _join(nodes, scene, decider=as_verdict(holds=negated), negated=negated)
        case AnyOf(nodes=nodes):
            return _join(nodes, scene, decider=as_verdict(holds=not negated), negated=negated)
        case Not(node=inner):
            return evaluate_part(inner, scene, negated=not negated)
        case Each():  # pragma: no branch - the last of a closed union
            return evaluate_each(node, scene, evaluate_part, negated=negated)


def _join(nodes: tuple[Node, ...], scene: Scene, *, decider: Verdict, negated: bool) -> Branch:
    parts = tuple([evaluate_part(node, scene, negated=negated) for node in nodes])
    return Branch(strongest({part.verdict for part in parts}, decider), parts)


def _compare(node: Comparison, scene: Scene, *, negated: bool) -> Leaf:
    spec, actual = scene.look_up(node.field)
    expected = scene.value_of(node.operand)
    answer: bool | Absent | Unreadable
    if isinstance(spec, Absent):
        answer = Unreadable("the probe has no such field", actual.place)
    elif isinstance(expected, Unreadable):
        answer = Unreadable(expected.reason, actual.place)
    else:
        answer = decide(node.operator, spec.type, actual, expected, time=scene.time, negated=negated)
    if isinstance(answer, Unreadable):
        actual = answer
    return Leaf(
        verdict=_verdict(answer, node, scene),
        field=f"{scene.prefix}{node.field}",
        operator=node.operator,
        expected="" if isinstance(expected, Unreadable) else expected,
        actual=actual,
        key=scene.key,
        negated=negated,
        type=spec if isinstance(spec, Absent) else spec.type,
        told=scene.told,
    )


def _verdict(answer: bool | Absent | Unreadable, node: Comparison, scene: Scene) -> Verdict:  # noqa: FBT001 - a union
    match answer:
        case Absent():
            return scene.absence(node.when_absent)
        case Unreadable():
            return Verdict.UNREADABLE
        case _:
            return as_verdict(holds=answer)


def _list_reasons(part: Part, reasons: list[Reason], unlisted: list[str], *, decisive: bool) -> None:
    match part:
        case Branch():
            if part.unlisted:
                unlisted.append(part.unlisted)
            for inner in part.parts:
                agrees = inner.verdict is part.verdict or (inner.is_undecided and part.is_undecided)
                _list_reasons(inner, reasons, unlisted, decisive=decisive and agrees)
        case Leaf():  # pragma: no branch - the last of a closed union
            reasons.append(
                Reason(
                    field=part.field,
                    operator=part.operator,
                    expected=part.expected,
                    actual=part.actual,
                    verdict=part.verdict,
                    key=part.key,
                    decisive=decisive,
                    negated=part.negated,
                    type=part.type,
                    told=part.told,
                )
            )


def _causes(verdict: Verdict, reasons: list[Reason]) -> list[str]:
    """Return why a node is undecided in one line, from the first comparison with the verdict of the whole."""
    if verdict in {Verdict.TRUE, Verdict.FALSE}:
        return []
    first = next(reason for reason in reasons if reason.decisive and reason.verdict is verdict)
    name = f"{first.field} ({first.key})" if first.key else first.field
    return [f"{name} {_state(first.actual)}"]


def _state(actual: Field) -> str:
    match actual:
        case Absent():
            return "is absent"
        case Unreadable(reason=reason):
            return f"is unreadable: {reason}"
        case _:
            return "has nothing to look at"
