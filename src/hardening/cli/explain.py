"""`hardening explain`: from a verdict back to what was asked and seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.check import Check
    from hardening.model.texts import Language
    from hardening.report.target_values import ReasonEntry, ResultEntry
    from hardening.report.wording import Wording


@click.command()
@click.argument("check")
@click.option("--from", "scan", metavar="SCAN", help="JSON report, snapshot folder, scan id, latest or previous.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target of the scan (repeatable).")
@site_option
@language_option
def explain(*, check: str, scan: str | None, targets: tuple[str, ...], site: Path | None, lang: str | None) -> None:
    """Tell what a check asks and, from a scan, what was seen, how it was judged and what would make it pass.

    \b
      hardening explain linux-perm-shadow
      hardening explain linux-perm-shadow --from latest --target web-01
      hardening explain linux-ssh-root-login --from gap.json
    """
    import os  # noqa: PLC0415

    from hardening.app.again import read_report  # noqa: PLC0415
    from hardening.app.content import load_all_content, require_known  # noqa: PLC0415
    from hardening.app.earlier import find_scan  # noqa: PLC0415
    from hardening.app.explain import find_results  # noqa: PLC0415
    from hardening.app.report import render_options  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.state import find_state  # noqa: PLC0415
    from hardening.cli.judging import local_zone  # noqa: PLC0415
    from hardening.report.wording import load_wording  # noqa: PLC0415

    if targets and not scan:
        msg = "--target needs --from SCAN: without a scan there is no target"
        raise click.UsageError(msg)
    found = find_site(site)
    language = choose_language(lang, found.language)
    content = load_all_content(found.content_folders)
    require_known(check, content.checks, "check", "hardening checks list")
    shown = content.checks[check]
    _print_question(shown, language)
    if scan:
        options = render_options(language, local_zone())
        wording = load_wording(options.folder, language, options.zone)
        for result in find_results(read_report(find_scan(scan, find_state(os.environ)), found), check, targets):
            _print_result(result, wording)
    click.echo(f"\nto make it pass: {shown.remediation.in_language(language)}")


def _print_question(check: Check, language: Language) -> None:
    from hardening.app.plan import describe_lines  # noqa: PLC0415
    from hardening.collect.plan import build_plan  # noqa: PLC0415

    click.echo(f"{check.id}: {check.title.in_language(language)}")
    click.echo(check.rationale.in_language(language))
    click.echo("\nasked, by these commands or searches on the target:")
    for step in build_plan([check]).steps[1:]:
        for text in describe_lines(step):
            for line in text.splitlines():
                click.echo(f"  {line}")
    for name, probe in check.probes.items():
        click.echo(f"  {name} = {probe.key}")


def _print_result(result: ResultEntry, wording: Wording) -> None:
    from hardening.model.clean import clean_line  # noqa: PLC0415

    click.echo(f"\nseen on {clean_line(result.target, 200)}: {result.outcome}")
    if result.waivers:
        click.echo(f"  {wording.text('state.waived')}: {clean_line(', '.join(result.waivers))}")
    if result.note:
        click.echo(f"  {clean_line(wording.phrase(result.note).text)}")
    for name, value in result.parameters.items():
        source = f" ({clean_line(value.source)})" if value.source else ""
        click.echo(f"  parameter {name} = {wording.constant(value.value)}, set by {value.origin}{source}")
    for reason in result.reasons:
        click.echo(f"  {clean_line(_word(reason, wording))}")
    if result.reasons_omitted:
        click.echo(f"  … and {result.reasons_omitted} more comparisons")


def _word(reason: ReasonEntry, wording: Wording) -> str:
    """Return one comparison on one line: verdict, field, key, expected, seen and where."""
    seen = wording.seen(reason)
    what = ", ".join(part for part in (seen.value, seen.note) if part)
    told = f" ({words})" if (words := wording.told(reason)) else ""
    key = f" [{reason.key}{told}]" if reason.key else ""
    place = f" ({reason.seen.place})" if reason.seen.place else ""
    mark = {"true": "+", "false": "-"}.get(reason.verdict.value, "?")
    return f"{mark} {reason.field}{key}: {wording.expected(reason)}: {what}{place}"
