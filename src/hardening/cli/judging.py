"""What `scan`, `evaluate` and `report` do alike: read the gate's options, write reports, print the summary."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from hardening.app.house import build_house
from hardening.app.report import STANDARD_OUTPUT, Destination, render_options, require_destinations, write_reports
from hardening.cli.language import choose_language
from hardening.evaluate.gate import GateOptions, OnIncomplete
from hardening.model.check import Severity
from hardening.model.evidence import ABSENT, Absent
from hardening.report.wording import load_wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from hardening.app.site import Site
    from hardening.cli.options import JudgeArguments, Output
    from hardening.report.format import RenderOptions
    from hardening.report.values import Report


def read_gate(judged: JudgeArguments) -> GateOptions:
    """Return what the command line holds the scan to."""
    return GateOptions(
        fail_on=ABSENT if judged.fail_on == "never" else Severity(judged.fail_on),
        min_compliance=_share(judged.min_compliance),
        min_coverage=_share(judged.min_coverage),
        on_incomplete=OnIncomplete(judged.on_incomplete),
    )


def read_destinations(outputs: Sequence[Output]) -> tuple[Destination, ...]:
    """Return where reports go; raises ``UsageError`` before any work if they cannot be written there."""
    destinations = tuple(Destination(output.format, output.path, output.view) for output in outputs)
    require_destinations(destinations)
    return destinations


def read_options(site: Site, lang: str | None) -> RenderOptions:
    """Return how reports are rendered for a site; raises ``UsageError`` before any work if its style is broken."""
    house = build_house(site.settings)
    return render_options(choose_language(lang, site.language), local_zone(), house, site.templates)


def deliver(report: Report, destinations: Sequence[Destination], options: RenderOptions, *, quiet: bool) -> None:
    """Write all reports, then print the summary where no report stands."""
    # Imported here, where most of a scan is over: what is used earlier delays the first question to a target.
    from rich.console import Console  # noqa: PLC0415

    from hardening.cli.summary import print_summary  # noqa: PLC0415

    write_reports(report, destinations, options, sys.stdout.buffer)
    if quiet:
        return
    taken = any(destination.path == STANDARD_OUTPUT for destination in destinations)
    console = Console(stderr=taken, highlight=False, soft_wrap=False)
    print_summary(report, load_wording(options.folder, options.language, options.zone), console)
    for destination in destinations:
        if destination.path != STANDARD_OUTPUT:
            console.print(f"{destination.format}: {destination.path}", markup=False, soft_wrap=True)


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


def _share(percent: float | None) -> Fraction | Absent:
    return ABSENT if percent is None else Fraction(str(percent)) / 100
