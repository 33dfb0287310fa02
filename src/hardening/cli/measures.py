"""`hardening measures`: what gaps lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def measures() -> None:
    """List and show the measures that gaps lead to."""


@measures.command("list")
@site_option
@language_option
@click.option("--verifiable", is_flag=True, help="Only measures that some check speaks to.")
def list_measures(*, site: Path | None, lang: str | None, verifiable: bool) -> None:
    """List measures by framework and principle, with the number of checks that speak to each.

    \b
      hardening measures list --verifiable
    """
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    found = find_site(site)
    language = choose_language(lang, found.language)
    for framework in load_all_content(found.content_folders).frameworks.values():
        click.echo(f"{framework.id}: {framework.title.in_language(language)} {framework.version}")
        for group in framework.groups:
            listed = [m for m in framework.measures if m.group == group.id and (m.verifiable or not verifiable)]
            if listed:
                click.echo(f"\n  {group.id} {group.title.in_language(language)}")
            for measure in listed:
                click.echo(
                    f"    {measure.id:<8} {len(measure.checks):>3} checks  {measure.title.in_language(language)}"
                )


@measures.command()
@click.argument("measure")
@site_option
@language_option
def show(*, measure: str, site: Path | None, lang: str | None) -> None:
    """Show one measure: who carries it, its effort, and the checks that speak to it.

    \b
      hardening measures show 2.6.4
    """
    from hardening.app.content import load_all_content, require_known  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    found = find_site(site)
    language = choose_language(lang, found.language)
    content = load_all_content(found.content_folders)
    known = {(f.id, m.id): m for f in content.frameworks.values() for m in f.measures}
    require_known(measure, {name: None for _, name in known}, "measure", "hardening measures list")
    for (framework, name), item in known.items():
        if name != measure:
            continue
        click.echo(f"{framework} {item.id}: {item.title.in_language(language)}")
        click.echo(f"carried by {item.carrier}, effort {item.effort} of 5")
        for link in item.checks:
            click.echo(
                f"    {link.check:<40} {link.basis:<12} {content.checks[link.check].title.in_language(language)}"
            )
        if not item.checks:
            click.echo("    no check speaks to it: it cannot be settled from settings")
