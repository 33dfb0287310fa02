"""Two reports side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING

from hardening.evaluate.compare import compare, order_changes
from hardening.model.comparison import ChangeKind, Standing, TargetStanding
from hardening.model.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.model.comparison import Change
    from hardening.report.target_values import ResultEntry, TargetReport
    from hardening.report.values import Report


def compare_reports(before: Report, after: Report) -> tuple[Change, ...]:
    """Return every change from one report to another.

    Both are gone through side by side, and a target is let go once both have told of it: reports in the same order
    are compared without holding either.
    """
    changes: list[Change] = []
    old: dict[str, TargetStanding] = {}
    new: dict[str, TargetStanding] = {}
    for was, now in zip_longest(before.targets, after.targets):
        for target, standings in ((was, old), (now, new)):
            if target:
                standings[target.entry.name] = _target_standing(target)
        for name in {target.entry.name for target in (was, now) if target}:
            if name in old and name in new:
                changes += compare({name: old.pop(name)}, {name: new.pop(name)})
    return order_changes([*changes, *compare(old, new)])


def _target_standing(target: TargetReport) -> TargetStanding:
    entry = target.entry
    return TargetStanding(
        name=entry.name,
        reached=entry.reached,
        root=entry.privileges.root,
        channels=frozenset(endpoint.channel for endpoint in entry.endpoints if not endpoint.failure),
        results={result.id: _standing(result) for result in target.results},
    )


def _standing(result: ResultEntry) -> Standing:
    values = {name: given.value for name, given in result.parameters.items()}
    return Standing(
        id=result.id,
        check=result.check,
        version=result.check_version,
        parameters=json.dumps(values, sort_keys=True) if values else "",
        outcome=result.outcome,
        severity=result.severity,
        is_waived=bool(result.waivers),
        keys=tuple(sorted((*result.failed_keys, *_own_failure(result)))),
        keys_omitted=result.failed_keys_omitted,
        seen=tuple(sorted(_list_seen(result))),
    )


def _own_failure(result: ResultEntry) -> tuple[str, ...]:
    """Return an empty name if something failed that is no record of an ``each``."""
    failed = any(reason.decisive and reason.verdict is Verdict.FALSE and not reason.key for reason in result.reasons)
    return ("",) if failed else ()


def _list_seen(result: ResultEntry) -> Iterator[str]:
    for reason in result.reasons:
        if reason.decisive and reason.verdict is Verdict.FALSE:
            name = f"{reason.field} [{reason.key}]" if reason.key else reason.field
            value = reason.seen.value
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            yield f"{name} {shown if reason.seen.state == 'known' else reason.seen.state.value}"


def describe_changes(before: Report, after: Report, changes: Sequence[Change]) -> dict[str, object]:
    """Return changes as they are written in JSON: empty members mean that there is nothing to say."""
    return {
        "before": {"started": before.summary.info.started, "targets": len(before.summary.targets)},
        "after": {"started": after.summary.info.started, "targets": len(after.summary.targets)},
        "counts": {kind.value: sum(change.kind is kind for change in changes) for kind in ChangeKind},
        "changes": [asdict(change) for change in changes],
    }
