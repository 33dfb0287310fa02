"""What `scan`, `evaluate` and `report` do alike: read the gate's options, write reports, print the summary."""

from __future__ import annotations

import os
import shlex
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.app.again import read_reference
from hardening.app.attestations import load_attestations
from hardening.app.house import build_house
from hardening.app.report import (
    STANDARD_OUTPUT,
    Destination,
    name_files,
    render_options,
    require_destinations,
    write_reports,
)
from hardening.app.state import find_state
from hardening.app.waivers import load_waivers
from hardening.cli.language import choose_language
from hardening.errors import HardeningError, UsageError
from hardening.evaluate.gate import GateOptions, OnIncomplete
from hardening.inventory.gate import GateDocument, load_gate
from hardening.model.check import Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from hardening.app.site import Site
    from hardening.cli.options import JudgeArguments, Output
    from hardening.model.attestation import Attestation
    from hardening.model.comparison import Change
    from hardening.model.content import Content
    from hardening.model.waiver import Waivers
    from hardening.report.format import RenderOptions
    from hardening.report.values import Report

MOST_CHANGES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a scan is held to, what is waived and attested, and what it is compared with."""

    gate: GateOptions
    waivers: Waivers
    attestations: tuple[Attestation, ...]
    as_of: int | Absent
    new_since: Report | Absent
    same_scope: bool


def read_judging(judged: JudgeArguments, site: Site, content: Content) -> Judging:
    """Return how results are judged, all read and checked before anything is touched.

    Raises ``UsageError``, ``ContentError`` for an invalid `gate.yaml`, `waivers.yaml` or `attestations.yaml`,
    ``SnapshotError``.
    """
    if judged.same_scope and judged.new_since is None:
        msg = "--same-scope needs --new-since SCAN: without it nothing is compared"
        raise UsageError(msg)
    return Judging(
        gate=_read_gate(judged, site),
        waivers=load_waivers(site, content),
        attestations=load_attestations(site, content),
        as_of=ABSENT if judged.as_of is None else read_moment(judged.as_of),
        new_since=ABSENT
        if judged.new_since is None
        else read_reference(judged.new_since, find_state(os.environ), site),
        same_scope=judged.same_scope,
    )


def _read_gate(judged: JudgeArguments, site: Site) -> GateOptions:
    """Return the thresholds: those of the command line, else of `gate.yaml`, else the usual ones."""
    file = load_gate(site.gate) if isinstance(site.gate, Path) else GateDocument.model_validate({})
    fail_on = judged.fail_on or file.fail_on or Severity.HIGH.value
    compliance = file.min_compliance if judged.min_compliance is None else judged.min_compliance
    coverage = file.min_coverage if judged.min_coverage is None else judged.min_coverage
    return GateOptions(
        fail_on=ABSENT if fail_on == "never" else Severity(fail_on),
        min_compliance=_share(compliance),
        min_coverage=_share(coverage),
        on_incomplete=OnIncomplete(judged.on_incomplete or file.on_incomplete or OnIncomplete.FAIL.value),
    )


def read_moment(text: str | None, option: str = "--as-of") -> int:
    """Return a day, or a moment, in seconds since 1970; UTC where no zone is given, now where nothing is."""
    if text is None:
        return int(time.time())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{option} {text}: no day; write it as 2026-12-31, or as 2026-12-31T12:00:00Z"
        raise UsageError(msg) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def read_destinations(outputs: Sequence[Output], site: Site) -> tuple[Destination, ...]:
    """Return where reports go; raises ``UsageError`` before any work if they cannot be written there."""
    named = tuple(Destination(output.format, output.path, output.view) for output in outputs)
    destinations = name_files(named, site.settings.marking)
    require_destinations(destinations)
    return destinations


def read_options(site: Site, lang: str | None) -> RenderOptions:
    """Return how reports are rendered for a site; raises ``UsageError`` before any work if its style is broken."""
    house = build_house(site.settings)
    return render_options(choose_language(lang, site.language), local_zone(), house, site.templates)


def deliver(
    report: Report,
    destinations: Sequence[Destination],
    options: RenderOptions,
    *,
    quiet: bool,
    changes: Sequence[Change] = (),
) -> None:
    """Write all reports, then print the summary, and what is new, where no report stands."""
    # Imported here, where most of a scan is over: what is used earlier delays the first question to a target.
    from rich.console import Console  # noqa: PLC0415

    from hardening.cli.changes import tell_changes  # noqa: PLC0415
    from hardening.cli.summary import print_summary  # noqa: PLC0415

    write_reports(report, destinations, options, sys.stdout.buffer)
    if quiet:
        return
    taken = any(destination.path == STANDARD_OUTPUT for destination in destinations)
    console = Console(stderr=taken, highlight=False, soft_wrap=False)
    wording = load_wording(options.folder, options.language, options.zone)
    print_summary(report, wording, console)
    for line in tell_changes(changes, wording, most=MOST_CHANGES):
        console.print(line, markup=False, soft_wrap=True)
    for destination in destinations:
        if destination.path != STANDARD_OUTPUT:
            console.print(f"{destination.format}: {destination.path}", markup=False, soft_wrap=True)


def tell_past(report: Report) -> Report:
    """Return the report with what earlier scans tell; if they cannot be read, the same with a line on standard error.

    A scan that is made is worth its report, whatever became of the scans before.
    """
    from hardening.app.past import add_past  # noqa: PLC0415 - as above

    try:
        return add_past(report, find_state(os.environ))
    except HardeningError as error:
        click.echo(f"hardening: the report has no past: {error}", err=True)
        return report


def command_line() -> str:
    """Return the command as it was typed; the command line never holds a secret, only references to secrets."""
    return shlex.join(["hardening", *sys.argv[1:]])


def local_zone() -> tzinfo:
    """Return the time zone that people read times in."""
    zone = datetime.now().astimezone().tzinfo
    if zone is None:
        msg = "the local time has no zone"
        raise RuntimeError(msg)
    return zone


def _share(percent: float | str | None) -> Fraction | Absent:
    return ABSENT if percent is None else Fraction(str(percent)) / 100
