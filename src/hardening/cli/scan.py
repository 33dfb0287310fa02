"""`hardening scan`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.cli.options import (
    SecretReferenceType,
    content_arguments,
    judge_arguments,
    pace_arguments,
    target_arguments,
    verbose_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.cli.options import ContentArguments, JudgeArguments, PaceArguments, TargetArguments


@click.command()
@target_arguments
@content_arguments
@pace_arguments
@judge_arguments
@click.option("--gaps-of", metavar="SCAN", help="Only what was a gap in this earlier scan: fix, then look again.")
@click.option("--keep-raw", is_flag=True, help="Keep a recording of the raw answers beside each snapshot.")
@click.option(
    "--sign-key",
    default="",
    metavar="FILE|agent:FINGERPRINT",
    envvar="HARDENING_SIGN_KEY",
    help="Sign the evidence with this SSH key.",
)
@click.option(
    "--sign-passphrase-from", type=SecretReferenceType(), default="", help="Where the passphrase of that key is."
)
@click.option(
    "--timestamp-url",
    default="",
    metavar="URL",
    envvar="HARDENING_TIMESTAMP_URL",
    help="Have the evidence stamped by this authority (RFC 3161).",
)
@click.option(
    "--timestamp-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="HARDENING_TIMESTAMP_CA",
    help="Certificates of that authority, PEM.",
)
@click.option(
    "--on-new-gaps",
    "hook",
    default="",
    metavar="COMMAND",
    help="Run this, with JSON on standard input, if there are gaps that the scan before did not have.",
)
@click.option("--exclusive", is_flag=True, help="Do not start while another scan with this option runs.")
@verbose_option
def scan(
    *,
    reach: TargetArguments,
    asked: ContentArguments,
    pace: PaceArguments,
    judged: JudgeArguments,
    gaps_of: str | None,
    keep_raw: bool,
    sign_key: str,
    sign_passphrase_from: str,
    timestamp_url: str,
    timestamp_ca: Path | None,
    hook: str,
    exclusive: bool,
    verbose: int,
) -> int:
    """Visit targets, judge the answers, report the gaps.

    TARGET is a name from the inventory, or an address: local, ssh://USER@HOST:PORT, chroot:FOLDER, podman:NAME,
    docker:NAME, podman-image:IMAGE, docker-image:IMAGE, recorded:FILE.
    Without any, every target of the inventory is scanned. Nothing is written on a target.

    \b
      hardening scan local -o html=gap.html
      hardening scan ssh://audit@web-01 --become sudo -o html=gap.html -o json=-
      hardening scan --site /etc/hardening --select zone=dmz -b linux-server:extended
      hardening scan web-01 --become sudo --sudo-password-from env:SUDO_PASSWORD
      hardening scan --per-zone 4 --logins-per-second 2 --target-deadline 10m --deadline 4h
      hardening scan --resume latest
      hardening scan --gaps-of latest
      hardening scan --new-since last-week.json
    """
    # Imported here, so that `--help` needs click alone.
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415

    from hardening.app.again import read_reference  # noqa: PLC0415
    from hardening.app.collect import CollectRequest  # noqa: PLC0415
    from hardening.app.estimates import describe_estimates  # noqa: PLC0415
    from hardening.app.evaluate import EvaluateRequest  # noqa: PLC0415
    from hardening.app.exclusive import held_alone  # noqa: PLC0415
    from hardening.app.hook import split_hook  # noqa: PLC0415
    from hardening.app.narrow import narrow_to_gaps  # noqa: PLC0415
    from hardening.app.resume import find_unfinished  # noqa: PLC0415
    from hardening.app.scan import ScanRequest, resume_scan  # noqa: PLC0415
    from hardening.app.scan import scan as run_scan  # noqa: PLC0415
    from hardening.app.seal import open_signer  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.judging import command_line, deliver, read_destinations, read_judging, read_options, tell_past  # noqa: PLC0415
    from hardening.cli.meanwhile import prepare_meanwhile  # noqa: PLC0415
    from hardening.cli.pacing import build_deadlines, build_pace, told_how_to_resume  # noqa: PLC0415
    from hardening.cli.progress import show_progress  # noqa: PLC0415
    from hardening.cli.reaching import read_targets  # noqa: PLC0415
    from hardening.cli.surroundings import build_context, build_resolver, start_log  # noqa: PLC0415
    from hardening.seal.timestamp import open_stamper  # noqa: PLC0415

    redactor = start_log(verbose)
    reached = read_targets(reach, asked)
    destinations = read_destinations(judged.outputs, reached.site)
    options = read_options(reached.site, judged.lang)
    signer = open_signer(sign_key, sign_passphrase_from, build_resolver(redactor), os.environ)
    stamper = open_stamper(timestamp_url, timestamp_ca)
    only = frozenset(asked.checks)
    judging = read_judging(judged, reached.site, reached.content)
    targets = reached.targets
    only_by_target: Mapping[str, frozenset[str]] = {}
    if gaps_of is not None:
        earlier = read_reference(gaps_of, find_state(os.environ), reached.site)
        targets, only_by_target = narrow_to_gaps(reached.targets, earlier, keep_baselines=bool(asked.baselines))
        if not targets:
            click.echo(f"{gaps_of}: no gap of these targets then; there is nothing to look at again", err=True)
            return 0
    request = ScanRequest(
        collect=CollectRequest(
            targets=targets,
            only=only,
            only_by_target=only_by_target,
            workers=pace.workers,
            pace=build_pace(pace),
            deadlines=build_deadlines(pace),
            keep_raw=keep_raw,
        ),
        evaluate=EvaluateRequest(
            parameters=reached.parameters,
            only=only,
            only_by_target=only_by_target,
            gate=judging.gate,
            waivers=judging.waivers,
            attestations=judging.attestations,
            as_of=judging.as_of,
            new_since=judging.new_since,
            same_scope=judging.same_scope,
            command=command_line(),
            options=describe_estimates(reached.site.settings),
        ),
        folder=find_state(os.environ).new_folder(time.time()),
    )
    if pace.resume is not None:
        request = resume_scan(request, reached.content, find_unfinished(pace.resume, find_state(os.environ)))
    hook_words = split_hook(hook)
    with (
        held_alone(find_state(os.environ), wanted=exclusive),
        show_progress(len(request.collect.left), quiet=judged.quiet) as progress,
        told_how_to_resume(request.folder),
    ):
        scanned = run_scan(request, reached.content, build_context(prepare_meanwhile(progress, destinations), redactor))
    assessment = scanned.assessment
    deliver(tell_past(assessment.report), destinations, options, quiet=judged.quiet, changes=assessment.changes)

    from hardening.cli.keeping import Keeping, keep  # noqa: PLC0415 - loads a database; ready by now, see `meanwhile`

    keep(scanned, request.collect, reached.content, Keeping(signer, hook_words, stamper, quiet=judged.quiet))
    return assessment.gate.exit_code
