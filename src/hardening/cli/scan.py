"""`hardening scan`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.options import content_arguments, judge_arguments, target_arguments, verbose_option

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments, JudgeArguments, TargetArguments


@click.command()
@target_arguments
@content_arguments
@judge_arguments
@click.option("--keep-raw", is_flag=True, help="Keep a recording of the raw answers beside each snapshot.")
@verbose_option
def scan(
    *, reach: TargetArguments, asked: ContentArguments, judged: JudgeArguments, keep_raw: bool, verbose: int
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
    """
    # Imported here, so that `--help` needs click alone.
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415

    from hardening.app.collect import CollectRequest  # noqa: PLC0415
    from hardening.app.estimates import describe_estimates  # noqa: PLC0415
    from hardening.app.evaluate import EvaluateRequest  # noqa: PLC0415
    from hardening.app.scan import ScanRequest  # noqa: PLC0415
    from hardening.app.scan import scan as run_scan  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.judging import command_line, deliver, read_destinations, read_gate, read_options  # noqa: PLC0415
    from hardening.cli.meanwhile import prepare_meanwhile  # noqa: PLC0415
    from hardening.cli.progress import show_progress  # noqa: PLC0415
    from hardening.cli.reaching import read_targets  # noqa: PLC0415
    from hardening.cli.surroundings import build_context, start_log  # noqa: PLC0415

    redactor = start_log(verbose)
    destinations = read_destinations(judged.outputs)
    reached = read_targets(reach, asked)
    options = read_options(reached.site, judged.lang)
    only = frozenset(asked.checks)
    request = ScanRequest(
        collect=CollectRequest(targets=reached.targets, only=only, workers=reach.workers, keep_raw=keep_raw),
        evaluate=EvaluateRequest(
            parameters=reached.parameters,
            only=only,
            gate=read_gate(judged),
            command=command_line(),
            options=describe_estimates(reached.site.settings),
        ),
        folder=find_state(os.environ).new_folder(time.time()),
    )
    with show_progress(len(reached.targets), quiet=judged.quiet) as progress:
        scanned = run_scan(request, reached.content, build_context(prepare_meanwhile(progress, destinations), redactor))
    deliver(scanned.assessment.report, destinations, options, quiet=judged.quiet)
    if not judged.quiet:
        click.echo(f"snapshots: {scanned.folder.path}", err=True)
    return scanned.assessment.gate.exit_code
