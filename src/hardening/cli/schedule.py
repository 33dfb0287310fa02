"""`hardening schedule`: scans that nobody has to think of."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = Path("/etc/systemd/system")

_into = click.option(
    "--into", type=click.Path(path_type=Path), default=_FOLDER, show_default=True, help="Folder with the units."
)


@click.group()
def schedule() -> None:
    """Run scans by a timer of systemd."""


@schedule.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, metavar="[-- SCAN ARGUMENTS]")
@click.option("--on-calendar", default="Mon *-*-* 03:00", show_default=True, help="When, as systemd.time(7) has it.")
@click.option("--delay", default="30min", show_default=True, help="Wait up to this long at random.")
@click.option("--site", type=click.Path(path_type=Path), default=Path("/etc/hardening"), show_default=True)
@click.option("--account", default="", help="Account of the scan [default: one made up for each run].")
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="NAME=PATH",
    help="Pass on a secret as cred:NAME (repeatable).",
)
@click.option("--on-failure", default="", metavar="UNIT", help="Unit that systemd starts on trouble; gaps are none.")
@_into
@click.option("--dry-run", is_flag=True, help="Only print the units.")
def install(
    *,
    arguments: tuple[str, ...],
    on_calendar: str,
    delay: str,
    site: Path,
    account: str,
    credentials: tuple[str, ...],
    on_failure: str,
    into: Path,
    dry_run: bool,
) -> None:
    """Write a service and a timer for a scan of the site.

    \b
      hardening schedule install --credential sudo=/etc/hardening/sudo -- --sign-key /etc/hardening/sign
      hardening schedule install --account audit --on-failure trouble@hardening.service --dry-run
    """
    import shutil  # noqa: PLC0415
    import sys  # noqa: PLC0415

    from hardening.app.schedule import NAME, Schedule, next_runs, render_units, write_units  # noqa: PLC0415

    next_runs(on_calendar, 1)
    program = shutil.which(sys.argv[0]) or shutil.which("hardening") or sys.argv[0]
    units = render_units(
        Schedule(
            program=Path(program).absolute(),
            site=site.absolute(),
            calendar=on_calendar,
            delay=delay,
            arguments=arguments,
            account=account,
            credentials=credentials,
            on_failure=on_failure,
        )
    )
    if dry_run:
        for name, text in units.items():
            click.echo(f"# {name}\n{text}")
        return
    for path in write_units(units, into):
        click.echo(str(path))
    click.echo(f"now run: systemctl daemon-reload && systemctl enable --now {NAME}.timer", err=True)


@schedule.command()
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True)
@_into
def show(*, runs: int, into: Path) -> None:
    """Show when the next scans run.

    \b
      hardening schedule show --runs 3
    """
    from hardening.app.schedule import next_runs, read_calendar  # noqa: PLC0415

    click.echo(next_runs(read_calendar(into), runs), nl=False)
