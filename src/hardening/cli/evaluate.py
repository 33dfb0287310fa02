"""`hardening evaluate`: judge evidence again, also years later and by another baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.cli.options import content_arguments, judge_arguments, verbose_option

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments, JudgeArguments


@click.command()
@click.argument("snapshots", nargs=-1, required=True, type=click.Path(path_type=Path))
@content_arguments
@judge_arguments
@verbose_option
def evaluate(*, snapshots: tuple[Path, ...], asked: ContentArguments, judged: JudgeArguments, verbose: int) -> int:
    """Judge evidence that was collected earlier; touch nothing.

    SNAPSHOTS are snapshot files, or folders that `hardening collect` or `scan` wrote. Without -b the baselines
    count that the targets were visited for; a question that was not asked then is an error now.

    \b
      hardening evaluate /tmp/evidence -o html=gap.html
      hardening evaluate web-01.snapshot.json.gz -b linux-server:extended --fail-on critical
    """
    from hardening import __version__  # noqa: PLC0415
    from hardening.app.content import parse_references  # noqa: PLC0415
    from hardening.app.estimates import describe_estimates, load_site_content  # noqa: PLC0415
    from hardening.app.evaluate import EvaluateRequest, assess, open_snapshots  # noqa: PLC0415
    from hardening.app.parameters import SiteParameters  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.cli.judging import command_line, deliver, read_destinations, read_judging, read_options  # noqa: PLC0415
    from hardening.cli.surroundings import start_log  # noqa: PLC0415

    start_log(verbose)
    site = find_site(asked.site)
    destinations = read_destinations(judged.outputs, site)
    options = read_options(site, judged.lang)
    content = load_site_content(site)
    judging = read_judging(judged, site, content)
    request = EvaluateRequest(
        parameters=SiteParameters(site.settings.parameters, (), content),
        baselines=parse_references(asked.baselines, content),
        only=frozenset(asked.checks),
        gate=judging.gate,
        waivers=judging.waivers,
        attestations=judging.attestations,
        as_of=judging.as_of,
        new_since=judging.new_since,
        same_scope=judging.same_scope,
        command=command_line(),
        options=describe_estimates(site.settings),
    )
    assessment = assess(open_snapshots(snapshots), request, content, tool_version=__version__)
    deliver(assessment.report, destinations, options, quiet=judged.quiet, changes=assessment.changes)
    return assessment.gate.exit_code
