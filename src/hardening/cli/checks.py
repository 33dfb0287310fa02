"""`hardening checks`: what is asked, whether it is well written, and how to write another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.cli.language import choose_language
from hardening.cli.options import language_option, site_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.check import Check
    from hardening.model.content import Content
    from hardening.model.place import Problem
    from hardening.model.texts import Language

_TROUBLE = 10


@click.group()
def checks() -> None:
    """List, show, lint, test, compare and write checks."""


@checks.command("list")
@click.option("--platform", default="", help="Only those whose id begins so, as linux.")
@site_option
@language_option
def list_checks(*, platform: str, site: Path | None, lang: str | None) -> None:
    """List checks with severity, recommended measure and title.

    \b
      hardening checks list
      hardening checks list --platform linux --lang en
    """
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    found = find_site(site)
    language = choose_language(lang, found.language)
    content = load_all_content(found.content_folders)
    for check in content.checks.values():
        if check.id.startswith(platform):
            measure = content.recommended.get(check.id, "-")
            click.echo(f"{check.id:<40} {check.severity:<9} {measure:<7} {check.title.in_language(language)}")


@checks.command()
@click.argument("check")
@site_option
@language_option
def show(*, check: str, site: Path | None, lang: str | None) -> None:
    """Show one check: why, what it asks, how to close the gap.

    \b
      hardening checks show linux-perm-shadow
    """
    from hardening.app.content import load_all_content, require_known  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    found = find_site(site)
    content = load_all_content(found.content_folders)
    require_known(check, content.checks, "check", "hardening checks list")
    _print_check(content.checks[check], content, choose_language(lang, found.language))


def _print_check(check: Check, content: Content, language: Language) -> None:
    from hardening.model.texts import Texts  # noqa: PLC0415

    click.echo(f"{check.id} ({check.severity}, version {check.version})")
    click.echo(check.title.in_language(language))
    click.echo(f"\n{check.rationale.in_language(language)}")
    click.echo(f"\nremediation: {check.remediation.in_language(language)}")
    if isinstance(check.danger, Texts):
        click.echo(f"danger:      {check.danger.in_language(language)}")
    click.echo(f"action:      {content.actions[check.action].title.in_language(language)}")
    click.echo(f"measure:     {content.recommended.get(check.id, '-')}")
    for name, probe in check.probes.items():
        click.echo(f"asks:        {name} = {probe.key}")
    for name, spec in check.parameters.items():
        click.echo(
            f"parameter:   {name} ({spec.type}, default {spec.default}): {spec.description.in_language(language)}"
        )
    for reference in check.references:
        click.echo(f"reference:   {reference}")
    click.echo(f"file:        {check.place.file}")


@checks.command()
@click.option("--missing", type=click.Choice(["nn"]), help="List texts that lack this language instead.")
@site_option
def lint(*, missing: str | None, site: Path | None) -> int:
    """Check the form of all content and that its names lead somewhere; exits 10 if there is trouble.

    Every text must be there in English and bokmål. One that lacks nynorsk is shown in bokmål.

    \b
      hardening checks lint
      hardening checks lint --site /etc/hardening
      hardening checks lint --missing nn
    """
    from hardening.app.checks import lint_problems, list_untranslated  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    if missing:
        lacking = list_untranslated(find_site(site).content_folders, missing)
        return _report(lacking, f"every text is there in {missing}")
    count, problems = lint_problems(find_site(site).content_folders)
    return _report(problems, f"{count} checks are well formed")


@checks.command()
@click.argument("names", nargs=-1, metavar="[CHECK]...")
@site_option
def test(*, names: tuple[str, ...], site: Path | None) -> int:
    """Run the samples of checks and prove that each comparison matters; exits 10 if there is trouble.

    A check is proven when its samples agree, one passes and one fails, forcing any comparison changes a sample, and
    nothing seen never passes.

    \b
      hardening checks test
      hardening checks test linux-perm-shadow
    """
    from hardening.app.checks import prove  # noqa: PLC0415
    from hardening.app.content import load_all_content  # noqa: PLC0415
    from hardening.app.site import find_site  # noqa: PLC0415

    content = load_all_content(find_site(site).content_folders)
    count, problems = prove(content, names)
    return _report(problems, f"{count} checks are proven by their samples")


@checks.command()
@click.argument("check")
@click.option("--kind", default="file_status", show_default=True, help="Kind of probe that it asks.")
@click.option("--group", default="", help="Folder under the platform [default: second word of the id].")
@click.option("--into", type=click.Path(path_type=Path), default=Path(), help="Folder that holds checks/ [default: .].")
def new(*, check: str, kind: str, group: str, into: Path) -> None:
    """Write the file of a new check with blanks to fill in, which `checks lint` then accepts.

    \b
      hardening checks new linux-perm-motd --kind file_status
    """
    from hardening.content.new import write_new_check  # noqa: PLC0415
    from hardening.probes import KINDS  # noqa: PLC0415

    click.echo(str(write_new_check(check, kind=kind, group=group, folder=into, kinds=KINDS)))


@checks.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW", default="shipped")
@site_option
def changed(*, old: str, new: str, site: Path | None) -> None:
    """Tell which checks an upgrade adds, retires and changes, by check version.

    OLD and NEW are folders of content (a checkout), JSON reports (only what was asked for then), or `shipped`.

    \b
      hardening checks changed gap.json
      hardening checks changed ../hardening-1.0 ../hardening-1.1
    """
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.app.upgrade import compare_checks, list_checks  # noqa: PLC0415

    folders = find_site(site).content_folders
    changes = compare_checks(list_checks(old, folders), list_checks(new, folders))
    for change in changes:
        details = f": {', '.join(change.details)}" if change.details else ""
        click.echo(f"{change.what:<8} {change.check}{details}")
    if not changes:
        click.echo("no check is added, retired or changed")


@checks.command()
@click.argument("name", default="check")
def schema(*, name: str) -> None:
    """Print a JSON Schema for editors: check, baseline, inventory, site, waivers, gate and others.

    \b
      hardening checks schema > check.schema.json
      hardening checks schema inventory
    """
    from hardening.app.schema import build_all_schemas  # noqa: PLC0415

    schemas = build_all_schemas()
    file = f"{name}.schema.json"
    if file not in schemas:
        known = ", ".join(each.removesuffix(".schema.json") for each in schemas)
        msg = f"no schema {name!r}; there are {known}"
        raise click.UsageError(msg)
    click.echo(json.dumps(schemas[file], indent=2, ensure_ascii=False))


def _report(problems: Sequence[Problem], otherwise: str) -> int:
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        click.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
        return _TROUBLE
    click.echo(otherwise)
    return 0
