"""What an upgrade of content changes: checks that are new, retired, or ask or weigh something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.content import load_all_content
from hardening.content.load import load_content
from hardening.content.shipped import find_shipped
from hardening.errors import UsageError
from hardening.probes import KINDS
from hardening.report.stored import load_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.model.check import Check

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """A check as far as it is compared; a report tells neither defaults nor what is asked, only the version."""

    version: str
    severity: str
    parameters: Mapping[str, str]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A check that was added, retired or changed, and in what."""

    what: str
    check: str
    details: tuple[str, ...] = ()


def list_checks(name: str, site: Sequence[Path]) -> Mapping[str, CheckFacts]:
    """Return the checks of ``shipped`` (with those of the site), of a folder of content, or of a JSON report.

    Raises ``UsageError``, ``ContentError`` or ``SnapshotError``.
    """
    if name == SHIPPED:
        return {check.id: _facts(check) for check in load_all_content(site).checks.values()}
    path = Path(name)
    if (path / "checks").is_dir():
        # A folder that adds to what is shipped names actions and baselines of it.
        is_whole = (path / "checks" / "actions.yaml").is_file() and (path / "baselines").is_dir()
        content = load_content(path, kinds=KINDS) if is_whole else load_content(find_shipped(), [path], kinds=KINDS)
        return {check.id: _facts(check) for check in content.checks.values()}
    if path.is_file():
        checks = load_report(path).summary.checks
        return {check.id: CheckFacts(check.version, check.severity.value, {}, is_whole=False) for check in checks}
    msg = f"{name}: neither a folder that holds checks/, nor a JSON report, nor `{SHIPPED}`"
    raise UsageError(msg)


def compare_checks(old: Mapping[str, CheckFacts], new: Mapping[str, CheckFacts]) -> tuple[CheckChange, ...]:
    """Return every check that differs: added ones, then retired ones, then changed ones, each by id."""
    added = [CheckChange("added", check) for check in sorted({*new} - {*old})]
    retired = [CheckChange("retired", check) for check in sorted({*old} - {*new})]
    changed = [
        CheckChange("changed", check, tuple(_list_details(old[check], new[check])))
        for check in sorted({*old} & {*new})
        if old[check].version != new[check].version
    ]
    return (*added, *retired, *changed)


def _facts(check: Check) -> CheckFacts:
    parameters = {name: str(spec.default) for name, spec in check.parameters.items()}
    return CheckFacts(check.version, check.severity.value, parameters, is_whole=True)


def _list_details(old: CheckFacts, new: CheckFacts) -> Iterator[str]:
    yield f"version {old.version} → {new.version}"
    if old.severity != new.severity:
        yield f"severity {old.severity} → {new.severity}"
    if old.is_whole and new.is_whole:
        for name in sorted({*old.parameters, *new.parameters}):
            before, after = old.parameters.get(name, "none"), new.parameters.get(name, "none")
            if before != after:
                yield f"{name} {before} → {after}"
