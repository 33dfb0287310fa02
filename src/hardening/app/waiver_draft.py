"""A waiver written from a result: the comparisons that failed, pinned to what was seen, as lines of `waivers.yaml`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import ContentError, UsageError
from hardening.inventory.waivers import load_waivers_file
from hardening.model.check import Outcome
from hardening.model.evidence import FieldType
from hardening.model.result import Verdict
from hardening.model.waiver import DAY
from hardening.report.target_values import SeenState
from hardening.snapshots.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.model.check import Constant
    from hardening.report.target_values import ReasonEntry, ResultEntry
    from hardening.report.values import Report

_HEAD = "waivers:\n"
_NARROW = 0x10000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person says about a waiver; days are texts as 2026-12-31, without ``approver`` it does not count yet."""

    id: str
    reason: str
    owner: str
    approver: str
    ticket: str
    compensating: str
    starts: str
    expires: str
    ends: int


def find_result(report: Report, name: str) -> tuple[ResultEntry, int]:
    """Return the failed result that an id names, and the time on its target; raises ``UsageError``."""
    for target in report.targets:
        for result in target.results:
            if result.id != name:
                continue
            if result.outcome is not Outcome.FAIL:
                msg = f"{name} is {result.outcome} in this scan; only a fail can be waived"
                raise UsageError(msg)
            difference = target.entry.clock_difference
            return result, target.entry.time + (difference if isinstance(difference, int) else 0)
    failed = [gap.result for gap in report.summary.gaps]
    shown = f"; gaps are {', '.join(failed[:5])}{' …' if len(failed) > 5 else ''}" if failed else ""  # noqa: PLR2004
    msg = f"{name} is no result of this scan; write TARGET/CHECK{shown}"
    raise UsageError(msg)


def render_waiver(result: ResultEntry, draft: Draft, target_time: int) -> str:
    """Return the lines of a waiver; raises ``UsageError`` where what was seen cannot be named."""
    failed = [reason for reason in result.reasons if reason.decisive and reason.verdict is Verdict.FALSE]
    keys = tuple(dict.fromkeys(reason.key for reason in failed if reason.key))
    unnamed = {*result.failed_keys} - {*keys}
    if unnamed or result.failed_keys_omitted or not failed:
        count = len(unnamed) + result.failed_keys_omitted
        msg = f"{result.id}: {count} records that failed are too many to be listed with what was seen; close some first"
        raise UsageError(msg)
    lines = [
        f"  - id: {_quote(draft.id)}",
        f"    targets: [{_quote(result.target)}]",
        f"    check: {_quote(result.check)}",
        *([f"    keys: [{', '.join(map(_quote, keys))}]"] if keys else []),
        "    holds:",
    ]
    for name, operator, operand, key in _list_pins(result, failed, draft, target_time):
        only = f", key: {_quote(key)}" if key else ""
        lines.append(f"      - {{field: {_quote(name)}, {operator}: {_operand(operand)}{only}}}")
    said = {
        "reason": draft.reason,
        "owner": draft.owner,
        "approver": draft.approver,
        "ticket": draft.ticket,
        "compensating": draft.compensating,
    }
    lines += [f"    {name}: {_quote(text)}" for name, text in said.items() if text]
    lines += [f"    starts: {draft.starts}", f"    expires: {draft.expires}"]
    return "\n".join(lines) + "\n"


def append_waiver(path: Path, entry: str) -> None:
    """Add a waiver to the end of a file, which is made if there is none; what stands there stays as it is.

    Raises ``UsageError`` if the file would not be a valid file of waivers then, ``StorageError``.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    known = len(load_waivers_file(path)) if path.exists() else 0
    kept = before.rstrip() + "\n" if known else _HEAD
    trial = path.with_name(f".{path.name}.new")
    try:
        write_atomically(trial, [(kept + entry).encode()])
        count = len(load_waivers_file(trial))
    except ContentError as error:
        msg = f"{path}: nothing can be added to its end ({error.problems[0].what}); add these lines by hand:\n{entry}"
        raise UsageError(msg) from error
    finally:
        trial.unlink(missing_ok=True)
    if count != known + 1:
        msg = f"{path}: nothing can be added to its end; add these lines by hand:\n{entry}"
        raise UsageError(msg)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    write_atomically(path, [(kept + entry).encode()], mode=mode)


def _list_pins(
    result: ResultEntry, failed: Sequence[ReasonEntry], draft: Draft, target_time: int
) -> Iterator[tuple[str, str, Constant, str]]:
    """Yield what holds on each field; it is said for each record only where records differ."""
    by_field: dict[str, dict[str, dict[tuple[str, Constant], None]]] = {}
    for reason in failed:
        pins = by_field.setdefault(reason.field, {}).setdefault(reason.key, {})
        pins.update(dict.fromkeys(_pin(result, reason, draft, target_time)))
    for name, by_key in by_field.items():
        alike = len({tuple(pins) for pins in by_key.values()}) == 1
        for key, pins in list(by_key.items())[: 1 if alike else None]:
            for operator, operand in pins:
                yield name, operator, operand, "" if alike else key


def _pin(result: ResultEntry, reason: ReasonEntry, draft: Draft, target_time: int) -> Iterator[tuple[str, Constant]]:
    """Yield the comparisons that hold on exactly what was seen, or as near to it as the language comes."""
    seen = reason.seen
    if seen.state is SeenState.ABSENT:
        yield "exists", False
        return
    if seen.state is not SeenState.KNOWN or seen.omitted or reason.type not in set(FieldType):
        why = "seen only in part" if seen.state is not SeenState.KNOWN else "too long to be written down"
        msg = f"{result.id}: {reason.field} is {why}; write the waiver by hand"
        raise UsageError(msg)
    match FieldType(reason.type), seen.value:
        case FieldType.RECORDS, tuple(items):
            yield "is_empty", not items
        case FieldType.TEXTS, tuple(items) if items:
            yield "subset_of", items
            yield "contains_all", items
        case FieldType.TEXTS, _:
            yield "is_empty", True
        case FieldType.TIME, int(moment):
            # An age grows by itself: until the waiver ends it may.
            if reason.operator == "at_least":
                yield "at_least", (target_time - moment) // DAY
            else:
                yield "at_most", -(-(max(target_time, draft.ends) - moment) // DAY)
        case _, value if isinstance(value, str | int):
            yield "equals", value
        case _:
            msg = f"{result.id}: what was seen of {reason.field} cannot be named; write the waiver by hand"
            raise UsageError(msg)


def _operand(value: Constant) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quote(value)
        case _:
            return f"[{', '.join(map(_quote, value))}]"


def _quote(text: str) -> str:
    """Return text in double quotes as every YAML parser reads it; what cannot be seen is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in quoted)


def _escape(number: int) -> str:
    return f"\\u{number:04x}" if number < _NARROW else f"\\U{number:08x}"
