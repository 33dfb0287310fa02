"""`hardening measures`: what gaps lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hardening.model.content import Content
    from hardening.model.measure import Framework, Measure
    from hardening.report.wording import Wording


@click.group()
def measures() -> None:
    """List and show the measures that gaps lead to."""


@measures.command("list")
@click.argument("frameworks", nargs=-1, metavar="[FRAMEWORK]...")
@site_option
@language_option
@click.option("--verifiable", is_flag=True, help="Only measures that some check speaks to.")
def list_measures(*, frameworks: tuple[str, ...], site: Path | None, lang: str | None, verifiable: bool) -> None:
    """List measures by framework and principle, with the number of checks that speak to each.

    \b
      hardening measures list --verifiable
      hardening measures list lov ks-digital-robusthet
    """
    from hardening.app.content import require_known  # noqa: PLC0415

    content, words = _load(site, lang)
    for name in frameworks:
        require_known(name, content.frameworks, "framework", "hardening measures list")
    shown = [f for f in content.frameworks.values() if not frameworks or f.id in frameworks]
    for index, framework in enumerate(shown):
        click.echo(("\n" if index else "") + _head(framework, words))
        for group in framework.groups:
            listed = [m for m in framework.measures if m.group == group.id and (m.verifiable or not verifiable)]
            if listed:
                click.echo(f"\n  {group.id} {words.of(group.title)}")
            _list_measures(listed, words)


@measures.command()
@click.argument("measure", metavar="[FRAMEWORK/]MEASURE")
@site_option
@language_option
def show(*, measure: str, site: Path | None, lang: str | None) -> None:
    """Show one measure: who carries it, its effort, and the checks that speak to it with what that rests on.

    \b
      hardening measures show 2.6.4
      hardening measures show lov/EFF-15
    """
    from hardening.app.content import require_known  # noqa: PLC0415

    content, words = _load(site, lang)
    known = {f"{f.id}/{m.id}": (f, m) for f in content.frameworks.values() for m in f.measures}
    found = [pair for name, pair in known.items() if measure in (name, pair[1].id)]
    if not found:
        names = {name: None for full in known for name in (full, full.partition("/")[2])}
        require_known(measure, names, "measure", "hardening measures list")
    for index, (framework, item) in enumerate(found):
        if index:
            click.echo()
        _show_measure(framework, item, content, words)


def _load(site: Path | None, lang: str | None) -> tuple[Content, Wording]:
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.report import render_options  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.cli.judging import local_zone  # noqa: PLC0415
    from hardening.report.wording import load_wording  # noqa: PLC0415

    found = find_site(site)
    options = render_options(choose_language(lang, found.language), local_zone())
    return load_all_content(found.content_folders), load_wording(options.folder, options.language, options.zone)


def _head(framework: Framework, words: Wording) -> str:
    return f"{framework.id}: {words.of(framework.title)} {framework.version}"


def _list_measures(listed: Iterable[Measure], words: Wording) -> None:
    rows = [(measure.id, words.count("word.check", len(measure.checks)), words.of(measure.title)) for measure in listed]
    first, second = (max((len(row[at]) for row in rows), default=0) for at in (0, 1))
    for name, checks, title in rows:
        click.echo(f"    {name:<{first}}  {checks:>{second}}  {title}")


def _show_measure(framework: Framework, item: Measure, content: Content, words: Wording) -> None:
    from hardening.model.texts import Texts  # noqa: PLC0415

    click.echo(f"{framework.id}/{item.id}: {words.of(item.title)}")
    helped = "".join(f"; {words.text(f'helped.{who}')}" for who in item.helped_by)
    click.echo(f"  {words.text(f'carrier.{item.carrier}')}{helped}; {words.text('first.effort', effort=item.effort)}")
    if item.follows:
        click.echo(f"  {words.text('measures.follows', measures=', '.join(item.follows))}")
    for note in (item.note, framework.note):
        if isinstance(note, Texts):
            click.echo(f"  {words.of(note)}")
    width = max((len(link.check) for link in item.checks), default=0)
    for link in item.checks:
        basis = words.text(f"basis.{link.basis.value.replace('-', '_')}")
        click.echo(f"    {link.check:<{width}}  {basis}: {words.of(content.checks[link.check].title)}")
    if not item.checks:
        click.echo(f"  {words.text('measures.unverifiable')}")
