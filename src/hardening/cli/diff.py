"""`hardening diff`: what changed between two scans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@site_option
@language_option
def diff(*, before: str, after: str, as_json: bool, site: Path | None, lang: str | None) -> None:
    """Tell what opened, closed, changed, appeared, vanished and could no longer be examined from scan A to scan B.

    A and B are JSON reports, snapshot folders, scan ids, or latest. Snapshots are judged anew by the content of this
    version; two JSON reports are compared as they stand.

    \b
      hardening diff monday.json friday.json
      hardening diff monday.json latest --json
    """
    import os  # noqa: PLC0415

    from hardening.app.again import read_reference  # noqa: PLC0415
    from hardening.app.compare import compare_reports, describe_changes  # noqa: PLC0415
    from hardening.app.report import render_options  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.changes import tell_changes  # noqa: PLC0415
    from hardening.cli.judging import local_zone  # noqa: PLC0415
    from hardening.cli.language import choose_language  # noqa: PLC0415
    from hardening.report.wording import load_wording  # noqa: PLC0415

    found = find_site(site)
    state = find_state(os.environ)
    old, new = (read_reference(scan, state, found) for scan in (before, after))
    changes = compare_reports(old, new)
    if as_json:
        click.echo(json.dumps(describe_changes(old, new, changes), ensure_ascii=True, indent=1))
        return
    options = render_options(choose_language(lang, found.language), local_zone())
    wording = load_wording(options.folder, options.language, options.zone)
    times = {name: wording.time(report.summary.info.started) for name, report in (("before", old), ("after", new))}
    click.echo(wording.text("change.title", **times))
    if not changes:
        click.echo(wording.text("change.nothing"))
    for line in tell_changes(changes, wording):
        click.echo(line)
