"""`hardening waivers`: dated decisions to live with a gap, reviewed like code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.model.evidence import Absent
    from hardening.model.waiver import Waivers
    from hardening.report.values import Report

_TROUBLE = 10


@click.group()
def waivers() -> None:
    """List, add and check waivers: dated decisions to live with a gap."""


@waivers.command("list")
@click.option("--as-of", metavar="DAY", help="As on this day, UTC [default: now].")
@site_option
@language_option
def list_waivers(*, as_of: str | None, site: Path | None, lang: str | None) -> None:
    """List the waivers of the site, those that end first at the top.

    \b
      hardening waivers list
      hardening waivers list --as-of 2027-01-01
    """
    from hardening.app.report import render_options  # noqa: PLC0415
    from hardening.cli.judging import local_zone, read_moment  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415
    from hardening.report.decisions import build_waiver_lines  # noqa: PLC0415
    from hardening.report.wording import load_wording  # noqa: PLC0415

    found, loaded = _load(site)
    options = render_options(choose_language(lang, found.language), local_zone())
    wording = load_wording(options.folder, options.language, options.zone)
    for line in build_waiver_lines(loaded, read_moment(as_of), {}):
        state = wording.text(f"waivers.state.{line.state}")
        soon = f" ({wording.text('waivers.soon')})" if line.ends_soon else ""
        click.echo(clean_line(f"{line.last_day}  {line.id}  {line.check}  {line.owner}  {state}{soon}"))


@waivers.command()
@click.option("--from", "scan", metavar="SCAN", help="Also fail on waivers that cover nothing in this scan.")
@click.option("--as-of", metavar="DAY", help="As on this day, UTC [default: now].")
@site_option
def check(*, scan: str | None, as_of: str | None, site: Path | None) -> int:
    """Fail (exit 10) on waivers that are expired, too long, not approved, unused or unreadable.

    \b
      hardening waivers check
      hardening waivers check --from latest
    """
    from hardening.app.waiver_check import find_trouble  # noqa: PLC0415
    from hardening.cli.judging import read_moment  # noqa: PLC0415
    from hardening.errors import ContentError  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415

    now = read_moment(as_of)
    try:
        found, loaded = _load(site)
        problems = find_trouble(loaded, now, _read_scan(scan, found))
    except ContentError as error:
        problems = error.problems
    for problem in problems:
        click.echo(clean_line(str(problem)), err=True)
    if problems:
        click.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
        return _TROUBLE
    unused = "" if scan else "; name a scan with --from to find those that nothing needs"
    click.echo(f"{len(loaded.waivers)} waivers are in order{unused}")
    return 0


@waivers.command()
@click.argument("result")
@click.option("--from", "scan", metavar="SCAN", required=True, help="Scan that the result is of.")
@click.option("--id", "name", metavar="ID", help="Name of the waiver [default: from ticket and result].")
@click.option("--reason", required=True, help="Why the gap is lived with.")
@click.option("--owner", required=True, help="Who carries the risk.")
@click.option("--approver", default="", help="Who approved it, somebody else; without one it does not count yet.")
@click.option("--ticket", required=True, help="Where the decision is kept.")
@click.option("--compensating", required=True, help="What is done instead.")
@click.option("--starts", metavar="DAY", help="First day, UTC [default: today].")
@click.option("--expires", metavar="DAY", required=True, help="Last day, UTC.")
@click.option("--print", "only_print", is_flag=True, help="Print the lines; write nothing.")
@site_option
def add(
    *,
    result: str,
    scan: str,
    name: str | None,
    reason: str,
    owner: str,
    approver: str,
    ticket: str,
    compensating: str,
    starts: str | None,
    expires: str,
    only_print: bool,
    site: Path | None,
) -> None:
    """Add a waiver for RESULT (TARGET/CHECK) to waivers.yaml, holding while what was seen stays as it was seen.

    \b
      hardening waivers add web-01/linux-perm-shadow --from latest --owner "Kari Nordmann" --ticket SAK-12 \
        --reason "Old backup agent" --compensating "Read by one account" --expires 2026-12-31
    """
    from hardening.app.waiver_draft import Draft, append_waiver, find_result, render_waiver  # noqa: PLC0415
    from hardening.app.waivers import FILE  # noqa: PLC0415
    from hardening.cli.judging import read_moment  # noqa: PLC0415
    from hardening.errors import UsageError  # noqa: PLC0415
    from hardening.model.evidence import Absent  # noqa: PLC0415
    from hardening.model.waiver import DAY, write_day  # noqa: PLC0415

    if approver and approver.casefold() == owner.casefold():
        msg = f"{owner} cannot both own and approve it; leave --approver out until somebody else has"
        raise UsageError(msg)
    found, _ = _load(site)
    report = _read_scan(scan, found)
    if isinstance(report, Absent):  # pragma: no cover - --from is required
        raise TypeError
    chosen, target_time = find_result(report, result)
    ends = read_moment(expires, "--expires") + DAY
    draft = Draft(
        id=name or f"{ticket}-{result}",
        reason=reason,
        owner=owner,
        approver=approver,
        ticket=ticket,
        compensating=compensating,
        starts=write_day(read_moment(starts, "--starts")),
        expires=write_day(ends - 1),
        ends=ends,
    )
    entry = render_waiver(chosen, draft, target_time)
    if only_print:
        click.echo(entry, nl=False)
        return
    if isinstance(found.folder, Absent):
        msg = "there is no site folder to keep waivers in; name one with --site, or print the lines with --print"
        raise UsageError(msg)
    append_waiver(found.folder / FILE, entry)
    click.echo(f"{found.folder / FILE}: {draft.id} added{'' if approver else '; it counts once it has an approver'}")


def _load(site: Path | None) -> tuple[Site, Waivers]:
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.waivers import load_waivers  # noqa: PLC0415

    found = find_site(site)
    return found, load_waivers(found, load_all_content(found.content_folders))


def _read_scan(scan: str | None, site: Site) -> Report | Absent:
    import os  # noqa: PLC0415

    from hardening.app.again import read_reference  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.model.evidence import ABSENT  # noqa: PLC0415

    return ABSENT if scan is None else read_reference(scan, find_state(os.environ), site)
