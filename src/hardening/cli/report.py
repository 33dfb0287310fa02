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
@click.option("--budget", type=click.IntRange(1, 10_000), help="Choose the best work for so many effort points.")
@click.option(
    "--assume",
    "assumed",
    multiple=True,
    metavar="measure=ID",
    help="Tell what would be with all gaps of this measure closed (repeatable).",
)
@language_option
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@site_option
def report(
    *,
    scan: str,
    outputs: tuple[Output, ...],
    budget: int | None,
    assumed: tuple[str, ...],
    lang: str | None,
    quiet: bool,
    site: Path | None,
) -> None:
    """Write the report of an earlier scan in other formats.

    SCAN is a JSON report, a snapshot folder, a scan id, latest or previous. A JSON report is rendered as
    it stands; snapshots are judged anew by the content of this version.

    \b
      hardening report gap.json -o html=gap.html --lang en
      hardening report latest -o html:summary=page.html -o html:actions=work.html
      hardening report latest --budget 10
      hardening report latest --assume measure=2.6.4 --assume measure=2.3.1
    """
    import os  # noqa: PLC0415

    from hardening.app.again import read_report  # noqa: PLC0415
    from hardening.app.earlier import find_scan  # noqa: PLC0415
    from hardening.app.past import add_past  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.judging import deliver, read_destinations, read_options  # noqa: PLC0415
    from hardening.report.outlook import with_outlook  # noqa: PLC0415

    found = find_site(site)
    destinations = read_destinations(outputs, found)
    options = read_options(found, lang)
    measures = [_read_assumed(word) for word in assumed]
    state = find_state(os.environ)
    place = find_scan(scan, state)
    shown = read_report(place, found)
    if place.is_dir():
        shown = add_past(shown, state)
    if measures or budget:
        shown = with_outlook(shown, measures, budget or 0)
    deliver(shown, destinations, options, quiet=quiet)


def _read_assumed(word: str) -> str:
    what, sign, name = word.partition("=")
    if what != "measure" or not sign or not name:
        msg = f"--assume {word}: write measure=ID, for example measure=2.6.4"
        raise click.UsageError(msg)
    return name
