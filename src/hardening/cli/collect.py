"""`hardening collect`: evidence now, judgement later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.cli.options import content_arguments, pace_arguments, target_arguments, verbose_option

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments, PaceArguments, TargetArguments

_INCOMPLETE = 3


@click.command()
@target_arguments
@content_arguments
@pace_arguments
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the snapshots [default: the state folder].",
)
@click.option("--keep-raw", is_flag=True, help="Keep a recording of the raw answers beside each snapshot.")
@click.option("--redact", is_flag=True, help="With --keep-raw: clean the recording, so that others may see it.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@verbose_option
def collect(
    *,
    reach: TargetArguments,
    asked: ContentArguments,
    pace: PaceArguments,
    into: Path | None,
    keep_raw: bool,
    redact: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Visit targets and keep the evidence; judge nothing.

    Prints the folder with the snapshots. Exits 3 if a target was not reached; the others are kept.

    \b
      hardening collect local --into /tmp/evidence
      hardening collect ssh://audit@web-01 --become sudo --keep-raw
      hardening collect --select zone=dmz --per-jump 8 --target-deadline 10m --deadline 2h
      hardening collect --resume latest
      hardening collect recorded:web-01.recording.json.gz --keep-raw --redact --into /tmp/to-show
      hardening evaluate /tmp/evidence -b linux-server:extended -o html=gap.html
    """
    import os  # noqa: PLC0415

    from hardening.app.collect import CollectRequest, open_scan_folder, plan_collection  # noqa: PLC0415
    from hardening.app.collect import collect as visit_all  # noqa: PLC0415
    from hardening.app.redaction import build_vocabulary  # noqa: PLC0415
    from hardening.app.resume import find_unfinished, resume  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.pacing import build_deadlines, build_pace, told_how_to_resume  # noqa: PLC0415
    from hardening.cli.progress import show_progress  # noqa: PLC0415
    from hardening.cli.reaching import read_targets  # noqa: PLC0415
    from hardening.cli.surroundings import build_context, start_log  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415
    from hardening.model.evidence import ABSENT  # noqa: PLC0415
    from hardening.snapshots.folder import ScanFolder  # noqa: PLC0415

    if redact and not keep_raw:
        msg = "--redact needs --keep-raw: only recordings are cleaned, and without it none is kept"
        raise click.UsageError(msg)
    if pace.resume is not None and into is not None:
        msg = "--resume goes on in the folder of that scan; leave --into out"
        raise click.UsageError(msg)
    redactor = start_log(verbose)
    reached = read_targets(reach, asked)
    request = CollectRequest(
        targets=reached.targets,
        only=frozenset(asked.checks),
        workers=pace.workers,
        pace=build_pace(pace),
        deadlines=build_deadlines(pace),
        keep_raw=keep_raw,
        redact=build_vocabulary(reached.content) if redact else ABSENT,
    )
    plans = plan_collection(request, reached.content)
    state = find_state(os.environ)
    if pace.resume is not None:
        resumed = find_unfinished(pace.resume, state)
        request = resume(request, plans, resumed)
    with show_progress(len(request.left), quiet=quiet) as progress:
        context = build_context(progress, redactor)
        folder = (
            open_scan_folder(into or state.new_folder(context.seconds()), request, context)
            if pace.resume is None
            else ScanFolder.open(resumed)
        )
        with told_how_to_resume(folder.path):
            failures = [
                (snapshot.target, each)
                for snapshot in visit_all(request, plans, folder, context)
                for each in snapshot.endpoints
                if each.failure
            ]
    if request.done:
        failures = [
            (snapshot.target, each)
            for snapshot in folder.read_snapshots()
            for each in snapshot.endpoints
            if each.failure
        ]
    for target, endpoint in failures:
        click.echo(clean_line(f"not reached: {target}: {endpoint.failure}; {endpoint.remedy}"), err=True)
    click.echo(str(folder.path))
    return _INCOMPLETE if failures else 0
