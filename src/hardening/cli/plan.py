"""`hardening plan`: everything that would run, before anything runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hardening.cli.options import content_arguments

if TYPE_CHECKING:
    from hardening.cli.options import ContentArguments
    from hardening.collect.plan import Plan


@click.command()
@content_arguments
@click.option("--json", "as_json", is_flag=True, help="The canonical steps as JSON, as the digest is made from.")
@click.option("--script", is_flag=True, help="The whole script of each batch, as it is sent.")
def plan(*, asked: ContentArguments, as_json: bool, script: bool) -> None:
    r"""Print every command that a scan would run, with its digest. Needs no target and touches nothing.

    The same baselines give the same commands on every Linux target, so the digest can be approved once.

    \b
      hardening plan -b linux-server:extended
      hardening plan --check linux-perm-shadow
      hardening plan -b linux-server --json | jq -r '.steps[].name'
    """
    from hardening.app.plan import describe_plan, plan_for, render_scripts  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    planned = plan_for(find_site(asked.site), asked.baselines, frozenset(asked.checks))
    if as_json:
        click.echo(json.dumps(describe_plan(planned), indent=1))
    elif script:
        for batch, text in render_scripts(planned):
            click.echo(f"# batch: {batch}")
            click.echo(text)
    else:
        _print_plan(planned)


def _print_plan(planned: Plan) -> None:
    click.echo(f"Plan {planned.digest}")
    click.echo(f"{len(planned.probes)} questions in {len(planned.steps)} steps; every step only reads.")
    for step in planned.steps:
        rights = "root, where it can be had" if step.privilege.value == "root" else "any account"
        last = "; runs last" if step.slow else ""
        click.echo(f"\n# {step.name} ({rights}; at most {step.output_limit} bytes{last})")
        click.echo(step.script.rstrip("\n"))
