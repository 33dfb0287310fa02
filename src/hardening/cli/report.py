"""`hardening report`: the same scan in another format or language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.options import OUTPUT_HELP, OutputType, language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.cli.options import Output


@click.command()
@click.argument("scan", metavar="SCAN")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=OutputType(),
    multiple=True,
    help=OUTPUT_HELP,
)
@language_option
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@site_option
def report(*, scan: str, outputs: tuple[Output, ...], lang: str | None, quiet: bool, site: Path | None) -> None:
    """Write the report of an earlier scan in other formats.

    SCAN is a JSON report, a snapshot folder, a scan id, or latest. A JSON report is rendered as it stands; snapshots
    are judged anew by the content of this version.

    \b
      hardening report gap.json -o html=gap.html --lang en
      hardening report latest -o html=gap.html -o json=gap.json
    """
    import os  # noqa: PLC0415

    from hardening.app.again import read_report  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.state import find_scan, find_state  # noqa: PLC0415
    from hardening.cli.judging import deliver, read_destinations  # noqa: PLC0415
    from hardening.cli.language import choose_language  # noqa: PLC0415

    destinations = read_destinations(outputs)
    found = find_site(site)
    shown = read_report(find_scan(scan, find_state(os.environ)), found)
    deliver(shown, destinations, choose_language(lang, found.language), quiet=quiet)
