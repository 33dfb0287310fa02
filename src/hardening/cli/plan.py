"""`hardening plan`: everything that would run, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from hardening.cli.options import content_arguments, inventory_option

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments
    from hardening.collect.plan import Plan


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@inventory_option
@content_arguments
@click.option("--json", "as_json", is_flag=True, help="The canonical steps as JSON, as the digest is made from.")
@click.option(
    "--endpoint",
    type=click.Choice(["ssh", "winrm", "ldap"]),
    help="Only what is asked over this kind of endpoint; ssh stands for every way to a shell.",
)
@click.option("--script", is_flag=True, help="The whole script of each batch, as it is sent.")
@click.option(
    "--kit",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write what lets an account run this plan, as root too, and nothing else.",
)
@click.option(
    "--account",
    default="audit",
    show_default=True,
    metavar="NAME",
    help="With --kit: the account; for Windows DOMAIN\\NAME, a user or a group.",
)
@click.option("--from", "source", default="", metavar="ADDRESSES", help="With --kit: where it may log in from.")
@click.option(
    "--public-key",
    type=click.File("r", encoding="ascii", errors="replace"),
    metavar="FILE",
    help="With --kit: the public key that opens it.",
)
def plan(
    *,
    targets: tuple[str, ...],
    inventory: Path | None,
    asked: ContentArguments,
    as_json: bool,
    endpoint: str | None,
    script: bool,
    kit: Path | None,
    account: str,
    source: str,
    public_key: IO[str] | None,
) -> None:
    """Print every command and search that a scan would run, with its digest. Needs no target and touches nothing.

    The same baselines give the same commands on every Linux target, and the same searches in every directory, so the
    digest can be approved once. TARGET is as for a scan, and says no more than which baselines: those that the
    inventory gives it.

    \b
      hardening plan -b linux-server:extended
      hardening plan web-01 -i inventory.yaml
      hardening plan --check linux-perm-shadow
      hardening plan -b active-directory --endpoint ldap
      hardening plan -b linux-server --json | jq -r '.steps[].name'
      hardening plan -b linux-server --kit ./kit --from 192.0.2.7 --public-key audit.pub
      hardening plan -b site-windows --kit ./kit --account 'EXAMPLE\\audit'
    """
    from hardening.app.plan import describe_plan, render_scripts  # noqa: PLC0415

    if kit is not None:
        if targets:
            msg = "a kit is made for baselines; leave the targets out, and name baselines with -b"
            raise click.UsageError(msg)
        _write_kit(kit, asked, account, source, public_key.read() if public_key else "")
        return
    planned = _plan(targets, inventory, asked, endpoint or "")
    if as_json:
        click.echo(json.dumps(describe_plan(planned), indent=1))
    elif script:
        for batch, text in render_scripts(planned):
            click.echo(f"# batch: {batch}")
            click.echo(text)
    else:
        _print_plan(planned)


def _plan(targets: tuple[str, ...], inventory: Path | None, asked: ContentArguments, endpoint: str) -> Plan:
    from hardening.app.plan import plan_for, plan_for_targets  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.cli.options import TargetArguments  # noqa: PLC0415
    from hardening.cli.reaching import read_targets  # noqa: PLC0415

    only = frozenset(asked.checks)
    if not targets:
        return plan_for(find_site(asked.site), asked.baselines, only, endpoint)
    reached = read_targets(TargetArguments(targets=targets, inventory=inventory), asked)
    return plan_for_targets(reached.targets, reached.content, only, endpoint)


def _write_kit(folder: Path, asked: ContentArguments, account: str, source: str, public_key: str) -> None:
    from hardening import __version__  # noqa: PLC0415
    from hardening.app.kit import KitRequest, build_kit, write_kit  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    request = KitRequest(account=account, source=source, public_key=public_key)
    kit = build_kit(find_site(asked.site), asked.baselines, frozenset(asked.checks), request, version=__version__)
    write_kit(kit, folder)
    click.echo(f"Plan {kit.plan}")
    for name, digest in sorted(kit.digests.items()):
        click.echo(f"{digest}  {folder / name}")


def _print_plan(planned: Plan) -> None:
    from hardening.app.plan import describe_lines  # noqa: PLC0415

    click.echo(f"Plan {planned.digest}")
    click.echo(f"{len(planned.probes)} questions in {len(planned.steps)} steps; every step only reads.")
    for step in planned.steps:
        for line in describe_lines(step):
            click.echo(line)
