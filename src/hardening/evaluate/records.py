"""Evaluation of ``each``: every record that counts must meet the expectation.

A record whose ``where`` is undecided errs. Reasons are kept of so many records as a person can read, those that made
the outcome first; the rest is counted. Reasons of ``where`` are kept only where it is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hardening.evaluate.operators import is_records, partly_seen
from hardening.evaluate.scene import Branch, Leaf, Part, Scene, outcome_verdict, strongest
from hardening.model.check import Each, Node
from hardening.model.evidence import ABSENT, Absent, Field, FieldType, Known, Partial, Unreadable
from hardening.model.result import Verdict

MOST_RECORDS = 100
"""Records of one ``each`` whose reasons are kept."""

MOST_KEYS = 10_000
"""Failed records of one ``each`` whose keys are kept: what two scans are compared by."""


class Evaluate(Protocol):
    """The evaluation of a node, handed in by ``logic``."""

    def __call__(self, node: Node, scene: Scene, *, negated: bool) -> Part:
        """Return what a node comes to where it stands."""


def evaluate_each(node: Each, scene: Scene, evaluate: Evaluate, *, negated: bool) -> Part:
    """Return fail if one record fails, else undecided if one is, else pass.

    An absent list counts as an absent comparison. Under ``not``, where content may not put it, it is undecided.
    """
    name = f"{scene.prefix}{node.field}"
    spec, actual = scene.look_up(node.field)
    if negated:
        return _whole(name, Unreadable("an each under a not says nothing", actual.place), Verdict.UNREADABLE)
    if isinstance(spec, Absent) or spec.type is not FieldType.RECORDS:
        return _whole(name, Unreadable("the probe has no such records", actual.place), Verdict.UNREADABLE)
    match actual:
        case Unreadable():
            return _whole(name, actual, Verdict.UNREADABLE)
        case Absent():
            return _whole(name, actual, scene.absence())
        case Known(value=seen) | Partial(items=seen):  # pragma: no branch - the last of a closed union
            if not is_records(seen):
                return _whole(name, Unreadable("not a list of records", actual.place), Verdict.UNREADABLE)
    tally = _Tally()
    fields = {"": spec.record}
    told = [(field_name, each.type) for field_name, each in spec.record.items() if each.told]
    for index, record in enumerate(seen):
        key = _key(record.get(node.key, ABSENT), index)
        entered = scene.enter(record, fields, prefix=f"{name}.", key=key, told=told)
        tally.add(_evaluate_record(node, entered, evaluate), key)
    return _conclude(node, name, actual, tally)


@dataclass(slots=True)
class _Tally:
    """How many records came to what, with the first of each; a part is kept with its number."""

    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    kept: list[tuple[int, Part]] = field(default_factory=list)
    number: int = 0
    failed_keys: list[str] = field(default_factory=list)

    def add(self, part: Part | Absent, key: str) -> None:
        self.number += 1
        if isinstance(part, Absent):
            return
        if part.verdict is Verdict.FALSE and len(self.failed_keys) < MOST_KEYS:
            self.failed_keys.append(key)
        self.counts[part.verdict] += 1
        if self.counts[part.verdict] <= MOST_RECORDS:
            self.kept.append((self.number, part))

    @property
    def verdicts(self) -> frozenset[Verdict]:
        return frozenset(verdict for verdict, count in self.counts.items() if count)


def _key(seen: Field, index: int) -> str:
    match seen:
        case Known(value=str(value)) if value:
            return value
        case Known(value=int(value)):
            return str(value)
        case _:
            return f"#{index + 1}"


def _evaluate_record(node: Each, scene: Scene, evaluate: Evaluate) -> Part | Absent:
    """Return what one record comes to; absent if it does not count."""
    if not isinstance(node.where, Absent):
        counts = evaluate(node.where, scene.as_guard(), negated=False)
        if counts.verdict is Verdict.FALSE:
            return ABSENT
        if counts.is_undecided:
            return counts
    return evaluate(node.expect, scene, negated=False)


def _conclude(node: Each, name: str, actual: Known | Partial, tally: _Tally) -> Part:
    verdicts = tally.verdicts
    if isinstance(actual, Partial) and Verdict.FALSE not in verdicts:
        rest = _whole(name, partly_seen(actual), Verdict.UNREADABLE)
        return _branch(Verdict.UNREADABLE, name, tally, (rest,))
    if not verdicts:
        return Leaf(
            verdict=outcome_verdict(node.when_empty),
            field=name,
            operator="is_empty",
            expected=outcome_verdict(node.when_empty) is Verdict.TRUE,
            actual=Known((), actual.place),
            type=FieldType.RECORDS,
        )
    return _branch(strongest(verdicts, Verdict.FALSE), name, tally, ())


def _branch(verdict: Verdict, name: str, tally: _Tally, rest: tuple[Part, ...]) -> Branch:
    whole = Branch(verdict, rest)

    def importance(entry: tuple[int, Part]) -> int:
        part = entry[1]
        return 0 if part.verdict is verdict else 1 if part.is_undecided and whole.is_undecided else 2

    listed = sorted(sorted(tally.kept, key=importance)[:MOST_RECORDS], key=lambda entry: entry[0])
    more = sum(tally.counts.values()) - len(listed)
    unlisted = f"{name}: the reasons of {more} more records are not listed" if more else ""
    omitted = tally.counts[Verdict.FALSE] - len(tally.failed_keys)
    return Branch(verdict, (*(part for _, part in listed), *rest), unlisted, tuple(tally.failed_keys), omitted)


def _whole(name: str, actual: Field, verdict: Verdict) -> Leaf:
    """Return the list as a whole as a comparison: it should have been there to look at."""
    return Leaf(verdict=verdict, field=name, operator="exists", expected=True, actual=actual, type=FieldType.RECORDS)
