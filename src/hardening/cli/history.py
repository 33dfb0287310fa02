"""`hardening history`: the scans that were kept, and the care of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hardening.model.history import KeptScan

_TROUBLE = 10
_DAY = 86_400


@click.group(invoke_without_command=True)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N scans.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def history(ctx: click.Context, *, last: int | None, as_json: bool) -> None:
    """List the scans that were kept, oldest first, and care for them.

    They lie in history.sqlite of the state folder, or in the database of HARDENING_HISTORY.

    \b
      hardening history --last 10
      HARDENING_HISTORY=postgresql://audit@db-01/hardening hardening history --json
    """
    if ctx.invoked_subcommand is not None:
        return
    import json  # noqa: PLC0415
    import os  # noqa: PLC0415
    from dataclasses import asdict  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415

    scans = open_history(find_state(os.environ)).scans(last=last or 0)
    if as_json:
        click.echo(json.dumps({"scans": [asdict(scan) for scan in scans]}, indent=1))
        return
    for scan in scans:
        click.echo(_describe(scan))
    if not scans:
        click.echo("no scan is kept yet", err=True)


@history.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--site", type=click.Path(path_type=Path), envvar="HARDENING_SITE", help="Site folder to judge by.")
def add(*, folder: Path, site: Path | None) -> None:
    """Judge a folder that `scan` or `collect` wrote, and keep it in the history.

    \b
      hardening history add ~/.local/state/hardening/scans/20260102T030405Z-abc123
    """
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415

    from hardening.app.again import read_report  # noqa: PLC0415
    from hardening.app.history import keep_scan  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.snapshots.folder import ScanFolder  # noqa: PLC0415

    opened = ScanFolder.open(folder)
    record = opened.read_record()
    for warning in keep_scan(read_report(folder, find_site(site)), opened, find_state(os.environ), now=time.time()):
        click.echo(f"hardening: {warning}", err=True)
    click.echo(record.id)


@history.command()
@click.option("--keep", "number", type=click.IntRange(min=1), metavar="N", help="Keep the last N scans.")
@click.option("--days", type=click.IntRange(min=1), metavar="N", help="Keep what is younger than N days.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
def prune(*, number: int | None, days: int | None, dry_run: bool) -> None:
    """Remove old scans from the history, with their folders. With both options, what either keeps stays.

    \b
      hardening history prune --days 400 --keep 12
    """
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.retention import choose_old, remove_scans  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415

    if not number and not days:
        msg = "say what to keep: --keep N, --days N, or both"
        raise click.UsageError(msg)
    state = find_state(os.environ)
    opened = open_history(state)
    since = time.time() - days * _DAY if days else float("inf")
    old = choose_old(opened.scans(), keep=number or 0, since=since)
    if not dry_run:
        remove_scans(old, opened, state)
    for scan in old:
        click.echo(scan)


@history.command("export")
@click.argument("file", type=click.Path(path_type=Path))
def export_file(*, file: Path) -> None:
    """Write the whole history into one file.

    \b
      hardening history export history.jsonl.gz
    """
    import os  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.history_file import export_history  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415

    number = export_history(open_history(find_state(os.environ)), file)
    click.echo(f"{number} scans: {file}")


@history.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_file(*, file: Path) -> None:
    """Add the scans of an export that are not in the history yet; none is changed.

    \b
      hardening history import history.jsonl.gz
      env HARDENING_HISTORY=postgresql://audit@db-01/hardening hardening history import history.jsonl.gz
    """
    import os  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.history_file import import_history  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415

    added, known = import_history(open_history(find_state(os.environ)), file)
    click.echo(f"{added} scans added, {known} were there")


@history.command()
def check() -> int:
    """Compare every document of the history with its digest; exits 10 if one is damaged.

    \b
      hardening history check
    """
    import os  # noqa: PLC0415

    from hardening.app.history import open_history  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415

    opened = open_history(find_state(os.environ))
    damaged = list(opened.damaged())
    for digest in damaged:
        click.echo(f"damaged: {digest}")
    click.echo(f"{opened.count()} scans, {len(damaged)} damaged documents")
    return _TROUBLE if damaged else 0


def _describe(scan: KeptScan) -> str:
    from hardening.app.trend import format_share  # noqa: PLC0415

    gaps = " ".join(f"{severity[0].upper()}{number}" for severity, number in scan.gaps.items() if number)
    return (
        f"{scan.id}  exit {scan.exit_code:<3} {scan.targets:>5} targets ({scan.unreached} not reached)  "
        f"compliance {format_share(scan.counts.compliance)}  coverage {format_share(scan.counts.coverage)}  "
        f"gaps {scan.counts.failed} {gaps}".rstrip()
    )
