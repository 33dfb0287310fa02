"""A check file to begin with: whole but for its blanks, with what the kind of question answers beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.content.checks import PREFIXES
from hardening.content.forms.common import ID_PATTERN
from hardening.documents.scalars import BLANK
from hardening.documents.words import near_hint
from hardening.errors import UsageError
from hardening.model.check import Severity
from hardening.model.evidence import FieldSpec, FieldType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hardening.probes.kind import ProbeKind, ProbeParameter

_PROBE = "subject"


def write_new_check(check: str, *, kind: str, group: str, folder: Path, kinds: Mapping[str, ProbeKind]) -> Path:
    """Write the template of a check into a content folder and return its path.

    Without a group, the second word of the id is the group. Raises ``UsageError`` for a bad id or group, an unknown
    kind, and rather than replace a file.
    """
    if kind not in kinds:
        msg = f"no probe kind {kind!r}; {near_hint(kind, kinds)}"
        raise UsageError(msg)
    text = render_new_check(check, kinds[kind])
    group = group or check.split("-")[1]
    if not re.fullmatch(ID_PATTERN, group):
        msg = f"{group!r} is no name of a group; use lower case, digits and hyphens"
        raise UsageError(msg)
    path = folder / "checks" / _find_platform(check) / group / f"{check}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        msg = f"{path} is already there; choose another id, or edit it"
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise UsageError(msg) from error
    return path


def render_new_check(check: str, kind: ProbeKind) -> str:
    """Return the text of a new check file that asks one question; raises ``UsageError`` for a bad id."""
    platform = _find_platform(check)
    family = "windows" if platform in {"windows", "ad"} else "linux"
    lines = (
        f"# Fill in every blank ({BLANK}), then run: hardening checks lint && hardening checks test {check}",
        f"id: {check}",
        *_texts("title", "what holds on a good system, in one sentence"),
        f"severity: {BLANK}  # {', '.join(Severity)}",
        *_texts("rationale", "what goes wrong where it does not hold"),
        "applies_to:",
        f"  - {{os_family: {family}}}",
        "probes:",
        f"  {_PROBE}:",
        f"    kind: {kind.name}  # {kind.summary}",
        *(line for name, parameter in kind.parameters.items() for line in _parameter(name, parameter)),
        f"# What {kind.name} answers:",
        *_fields(kind.fields, f"#   {_PROBE}."),
        "expect:",
        *_expectation(kind.fields),
        *_texts("remediation", "what to do, with the commands"),
        f"action: {BLANK}  # an id of checks/actions.yaml",
        "references:",
        f"  - {BLANK}  # https://, what the expectation rests on",
        "samples:",
        *_sample("pass"),
        *_sample("fail"),
    )
    return "\n".join(lines) + "\n"


def _find_platform(check: str) -> str:
    for platform, prefix in PREFIXES.items():
        if check.startswith(prefix) and re.fullmatch(ID_PATTERN, check):
            return platform
    msg = f"{check!r} is no id of a check; begin with one of {', '.join(PREFIXES.values())}, in lower case and hyphens"
    raise UsageError(msg)


def _texts(key: str, hint: str) -> Iterator[str]:
    yield f"{key}:  # {hint}"
    yield f"  en: {BLANK}"
    yield f"  nb: {BLANK}"


def _parameter(name: str, parameter: ProbeParameter) -> Iterator[str]:
    hint = f"{parameter.type}: {parameter.description}"
    if parameter.choices:
        hint += f" ({', '.join(parameter.choices)})"
    yield f"    {name}: {BLANK}  # {hint}" if parameter.required else f"    # {name}: {hint}"


def _fields(fields: Mapping[str, FieldSpec], prefix: str) -> Iterator[str]:
    for name, spec in fields.items():
        yield f"{prefix}{name} ({spec.type}): {spec.description}"
        yield from _fields(spec.record, "#     - ")


def _expectation(fields: Mapping[str, FieldSpec]) -> Iterator[str]:
    records = [name for name, spec in fields.items() if spec.type is FieldType.RECORDS]
    if records:
        yield f"  each: {_PROBE}.{records[0]}"
        yield f"  key: {BLANK}  # the field that names a record"
        yield f"  when_empty: {BLANK}  # pass, fail or error"
        yield "  expect:"
        yield f"    field: {BLANK}  # a field of the record"
        yield f"    {BLANK}: {BLANK}  # an operator and what to hold the field against: docs/writing-checks.md"
    else:
        yield f"  field: {BLANK}  # {_PROBE}.<field>"
        yield f"  {BLANK}: {BLANK}  # an operator and what to hold the field against: docs/writing-checks.md"


def _sample(outcome: str) -> Iterator[str]:
    yield f"  - name: {BLANK}  # a state that exists"
    yield "    evidence:"
    yield f"      {_PROBE}: {{{BLANK}: {BLANK}}}"
    yield f"    outcome: {outcome}"
