"""Which baselines, and so which checks, each target is to be asked about. Offline, before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.app.content import require_known
from hardening.collect.plan import Plan, build_plan, needs
from hardening.collect.visit import channels_behind
from hardening.errors import SnapshotError, UsageError
from hardening.model.baseline import BaselineReference, controls_at
from hardening.model.target import RecordedEndpoint
from hardening.probes.kind import Channel
from hardening.transports.recording import RecordedOf, load_recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.check import Check
    from hardening.model.content import Content
    from hardening.model.platform import PlatformCondition
    from hardening.model.target import Endpoint, Target

_ANY = frozenset({Channel.SHELL, Channel.POWERSHELL, Channel.LDAP})


_RECORDED = {
    RecordedOf.SHELL: Channel.SHELL,
    RecordedOf.POWERSHELL: Channel.POWERSHELL,
    RecordedOf.DIRECTORY: Channel.LDAP,
}


def assign_baselines(
    targets: Sequence[Target], named: Sequence[BaselineReference], content: Content
) -> tuple[Target, ...]:
    """Return the targets, each with the baselines it is to be judged by.

    Baselines named on the command line win over those of the inventory; a target with neither gets the ones that
    are the default for some platform that its endpoints lead to. Raises ``UsageError`` if a target names a baseline
    that does not exist.
    """
    assigned = []
    for target in targets:
        for reference in target.baselines:
            require_known(reference.id, content.baselines, "baseline", "hardening baselines list")
        references = tuple(named) or target.baselines or default_references(content, channels_of(target))
        assigned.append(replace(target, baselines=references))
    return tuple(assigned)


def default_references(content: Content, channels: frozenset[Channel] = _ANY) -> tuple[BaselineReference, ...]:
    """Return the baselines that are meant for a platform, which these channels lead to, when nobody names one."""
    return tuple(
        BaselineReference(baseline.id)
        for baseline in content.baselines.values()
        if any(_leads_to(channels, condition) for condition in baseline.default_for)
    )


def _leads_to(channels: frozenset[Channel], condition: PlatformCondition) -> bool:
    if condition.directory and Channel.LDAP not in channels:
        return False
    if not condition.asks_for_system:
        return True
    if condition.os_family:
        return (Channel.POWERSHELL if condition.os_family == "windows" else Channel.SHELL) in channels
    return bool(channels & {Channel.SHELL, Channel.POWERSHELL})


def channels_of(target: Target) -> frozenset[Channel]:
    """Return what a target's endpoints can answer. What a recording holds, its file tells, if it can be read."""
    return frozenset().union(*(_channels_of(endpoint) for endpoint in target.endpoints))


def _channels_of(endpoint: Endpoint) -> frozenset[Channel]:
    if isinstance(endpoint, RecordedEndpoint):
        try:
            source = load_recording(Path(endpoint.path)).source
        except SnapshotError:
            return channels_behind(endpoint)
        return frozenset({_RECORDED[source]})
    return channels_behind(endpoint)


def require_endpoints(target: Target, checks: Sequence[Check]) -> None:
    """Raise ``UsageError`` if a check asks something of an endpoint that the target does not have."""
    channels = channels_of(target)
    lacking = [
        (check, probe.kind, needed)
        for check in checks
        for probe in check.probes.values()
        if (needed := needs(probe)) not in channels
    ]
    if lacking:
        check, kind, needed = lacking[0]
        more = len({each.id for each, _, _ in lacking}) - 1
        others = f" and {more} more checks" if more else ""
        msg = f"{target.name}: check {check.id}{others} cannot be asked: kind {kind} needs {_ENDPOINTS[needed]}"
        raise UsageError(msg)


_ENDPOINTS = {
    Channel.SHELL: "a way to a shell; give the target an endpoint such as `ssh:`, or leave the baseline out",
    Channel.POWERSHELL: "Windows behind WinRM; give the target an endpoint `winrm:`, or leave the baseline out",
    Channel.LDAP: "a directory; give the target an endpoint `ldap:`, name ldaps://HOST, or leave the baseline out",
}


def select_checks(references: Sequence[BaselineReference], content: Content, only: frozenset[str]) -> tuple[Check, ...]:
    """Return the checks of some baselines, sorted by id; ``only`` narrows them, empty means all.

    Raises ``UsageError`` if ``only`` names a check that does not exist or that none of the baselines holds.
    """
    named = {
        check
        for reference in references
        for control in controls_at(content.baselines[reference.id], reference.level)
        for check in control.checks
    }
    for check in sorted(only):
        require_known(check, content.checks, "check", "hardening checks list")
        if check not in named:
            held = sorted(
                f"{baseline.id}:{control.level}"
                for baseline in content.baselines.values()
                for control in baseline.controls
                if check in control.checks
            )
            hint = f"it is in {', '.join(held)}" if held else "no baseline holds it"
            msg = f"check {check} is not in {', '.join(map(str, references))}; {hint}"
            raise UsageError(msg)
    return tuple(content.checks[check] for check in sorted(only or named))


class Plans:
    """Plans by what is asked, built once each."""

    def __init__(self, content: Content, only: frozenset[str]) -> None:
        self._content = content
        self._only = only
        self._built: dict[tuple[tuple[BaselineReference, ...], frozenset[str]], Plan] = {}

    @property
    def content_digest(self) -> str:
        """The digest of the content that the plans are made from."""
        return self._content.digest

    def plan_for(self, references: Sequence[BaselineReference], only: frozenset[str] | None = None) -> Plan:
        """Return the plan of some baselines; raises ``UsageError`` as ``select_checks`` does.

        ``only`` narrows the checks of this plan instead of what narrows all.
        """
        chosen = self._only if only is None else only
        key = (tuple(sorted(references)), chosen)
        if key not in self._built:
            self._built[key] = build_plan(select_checks(key[0], self._content, chosen))
        return self._built[key]

    def require_endpoints(self, target: Target) -> None:
        """Raise ``UsageError`` if the plan of a target asks something of an endpoint that it does not have."""
        require_endpoints(target, select_checks(target.baselines, self._content, self._only))
