"""The plan on its own: what would run, for a reader, a program or an approver. Touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.app.assign import Plans, default_references, select_checks
from hardening.app.collect import require_targets
from hardening.app.content import load_all_content, parse_references
from hardening.collect.plan import Plan, build_plan, describe_step
from hardening.errors import UsageError
from hardening.model.step import (
    LdapBindStep,
    LdapIdentity,
    LdapNtlmStep,
    LdapStep,
    LdapTlsStep,
    PowerShellStep,
    Privilege,
    ShellStep,
    Step,
)
from hardening.probes.kind import Channel
from hardening.transports.framing import render_batch
from hardening.transports.powershell_frame import COMMAND_LINE, render_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.app.site import Site
    from hardening.model.content import Content
    from hardening.model.target import Target


_CHANNELS = {"ssh": Channel.SHELL, "winrm": Channel.POWERSHELL, "ldap": Channel.LDAP}


def plan_for(site: Site, baselines: Sequence[str], only: frozenset[str], endpoint: str = "") -> Plan:
    """Return the plan of some baselines, or of the default ones; ``endpoint`` narrows it to `ssh`, `winrm` or `ldap`.

    Raises ``UsageError`` or ``ContentError``.
    """
    return _narrow(plan_content(load_all_content(site.content_folders), baselines, only), endpoint)


def plan_content(content: Content, baselines: Sequence[str], only: frozenset[str]) -> Plan:
    """Return the plan of some baselines of content that is loaded; raises ``UsageError``."""
    references = parse_references(baselines, content) or default_references(content)
    return build_plan(select_checks(references, content, only))


def plan_for_targets(targets: Sequence[Target], content: Content, only: frozenset[str], endpoint: str = "") -> Plan:
    """Return the plan that some targets share; raises ``UsageError`` if they are asked different things."""
    require_targets(targets)
    plans = Plans(content, only)
    first, *others = targets
    plan = plans.plan_for(first.baselines)
    for other in others:
        if plans.plan_for(other.baselines).digest != plan.digest:
            msg = f"{first.name} and {other.name} are asked different things; name targets with the same baselines"
            raise UsageError(msg)
    return _narrow(plan, endpoint)


def _narrow(plan: Plan, endpoint: str) -> Plan:
    return plan.reduce_to(frozenset({_CHANNELS[endpoint]})) if endpoint else plan


def describe_plan(plan: Plan) -> dict[str, object]:
    """Return the plan as data: its digest, and the steps that the digest is made from."""
    return {
        "digest": plan.digest,
        "probes": [{"kind": probe.kind, **dict(probe.parameters)} for probe in plan.probes],
        "steps": [describe_step(step) for step in plan.steps],
    }


def describe_lines(step: Step) -> Iterator[str]:
    """Yield a step as lines for people, after an empty one: what it is, then what is sent."""
    last = "; runs last" if step.slow else ""
    yield ""
    match step:
        case ShellStep():
            rights = "root, where it can be had" if step.privilege is Privilege.ROOT else "any account"
            yield f"# {step.name} ({rights}; at most {step.output_limit} bytes{last})"
            yield step.script.rstrip("\n")
        case PowerShellStep():
            writes = f"; writes {step.writes} in a folder of its own, which it removes" if step.writes else ""
            yield f"# {step.name} (PowerShell; at most {step.output_limit} characters{writes}{last})"
            yield step.script.rstrip("\n")
        case LdapStep():
            who = "as nobody" if step.identity is LdapIdentity.ANONYMOUS else "as the account"
            yield f"# {step.name} (directory, {who}; at most {step.entry_limit} entries{last})"
            yield f"base {step.base or '(root DSE)'}, scope {step.scope}"
            yield f"filter {step.filter}"
            yield f"attributes {' '.join(step.attributes)}"
            if step.sd_flags:
                yield f"security descriptors with flags {step.sd_flags}"
        case LdapBindStep():
            yield f"# {step.name} (directory{last})"
            yield "one simple bind over plain LDAP, with a made-up account and a made-up password"
        case LdapTlsStep():
            yield f"# {step.name} (directory{last})"
            yield f"one TLS handshake that offers {step.version} alone, and nothing after it"
        case LdapNtlmStep():
            yield f"# {step.name} (directory{last})"
            yield "one NTLM login over TLS without channel binding, with a made-up account and made-up answers"


def render_scripts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each batch that a scan may send to a shell or to PowerShell: its name and its text.

    An account that reaches root sends the two separate ones; any other sends the one with all steps.
    """
    if plan.shell_steps:
        yield "all steps, one account", render_batch(plan.shell_steps)
        yield "what needs root", render_batch(plan.steps_as(Privilege.ROOT))
        yield "what needs no rights", render_batch(plan.steps_as(Privilege.ANY))
    if plan.powershell_steps:
        yield f"PowerShell, on the standard input of {COMMAND_LINE}", render_blocks(plan.powershell_steps)
