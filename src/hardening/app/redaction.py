"""Cleaning recordings for others to see: which words say nothing about a site, because this tool brings them along."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hardening import probes
from hardening.model.check import AllOf, AnyOf, Comparison, Each, Node, Not, ParameterReference
from hardening.model.evidence import Absent
from hardening.snapshots.cleaning import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.model.check import Constant
    from hardening.model.content import Content

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_PART = re.compile(r"[A-Za-z0-9_]+")


def build_vocabulary(content: Content) -> Vocabulary:
    """Return the words of some content and of the questions themselves, whose source is theirs to read."""
    judged = frozenset(_list_judged(content))
    text = "\n".join(path.read_text("utf-8") for path in sorted(Path(probes.__file__).parent.glob("*.py")))
    asked = "\n".join(probe.key for check in content.checks.values() for probe in check.probes.values())
    spoken = {match for source in (text, asked) for word in (_WORD, _PART) for match in word.findall(source)}
    return Vocabulary(judged=judged, spoken=judged | spoken)


def _list_judged(content: Content) -> Iterator[str]:
    """Yield the texts that checks of some content compare with, by default or by a baseline."""
    for check in content.checks.values():
        for node in (check.expect, check.only_if):
            if not isinstance(node, Absent):
                yield from _list_operands(node)
        for parameter in check.parameters.values():
            yield from _list_texts(parameter.default)
    for baseline in content.baselines.values():
        for control in baseline.controls:
            for values in control.parameters.values():
                for value in values.values():
                    yield from _list_texts(value)


def _list_operands(node: Node) -> Iterator[str]:
    match node:
        case Comparison(operand=operand):
            if not isinstance(operand, ParameterReference):
                yield from _list_texts(operand)
        case AllOf(nodes) | AnyOf(nodes):
            for each in nodes:
                yield from _list_operands(each)
        case Not(inner):
            yield from _list_operands(inner)
        case Each(expect=expect, where=where):
            yield from _list_operands(expect)
            if not isinstance(where, Absent):
                yield from _list_operands(where)


def _list_texts(value: Constant) -> Iterator[str]:
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str):
            yield text
