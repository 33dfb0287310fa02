"""`hardening baselines`: what there is to judge by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def baselines() -> None:
    """List and show baselines."""


@baselines.command("list")
@site_option
@language_option
def list_baselines(*, site: Path | None, lang: str | None) -> None:
    """List baselines with their version, size and title.

    \b
      hardening baselines list
    """
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.model.baseline import Level, controls_at  # noqa: PLC0415

    found = find_site(site)
    language = choose_language(lang, found.language)
    content = load_all_content(found.content_folders)
    for baseline in content.baselines.values():
        basic = len(controls_at(baseline, Level.BASIC))
        click.echo(
            f"{baseline.id:<32} {baseline.version:<6} {basic:>3} basic, {len(baseline.controls):>3} extended  "
            f"{baseline.title.in_language(language)}"
        )


@baselines.command()
@click.argument("baseline")
@site_option
@language_option
def show(*, baseline: str, site: Path | None, lang: str | None) -> None:
    """Show the controls of a baseline: their checks, questions for people, and what nothing examines.

    \b
      hardening baselines show linux-server
    """
    from hardening.app.content import load_all_content, require_known  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.model.texts import Texts  # noqa: PLC0415

    found = find_site(site)
    language = choose_language(lang, found.language)
    content = load_all_content(found.content_folders)
    require_known(baseline, content.baselines, "baseline", "hardening baselines list")
    shown = content.baselines[baseline]
    click.echo(f"{shown.id} {shown.version}: {shown.title.in_language(language)}")
    for control in shown.controls:
        click.echo(f"\n{control.id}  {control.title.in_language(language)}  [{control.level}]")
        for check in control.checks:
            values = "".join(f" {name}={value}" for name, value in control.parameters.get(check, {}).items())
            click.echo(f"    check      {check}{values}")
        if isinstance(control.manual, Texts):
            click.echo(f"    manual     {control.manual.in_language(language)}")
        if isinstance(control.uncovered, Texts):
            click.echo(f"    uncovered  {control.uncovered.in_language(language)}")
