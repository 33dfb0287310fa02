"""`hardening inventory`: what there is to scan, who said so, and where more of it can be taken from."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

import click

from hardening.cli.options import inventory_option, site_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hardening.app.inventory_view import GroupView, InventoryGraph, TargetView
    from hardening.app.site import Site
    from hardening.model.place import Problem

_TROUBLE = 10
_SHOWN = 12
_DEEPEST = 20

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def inventory() -> None:
    """Look at the inventory, and take in targets from elsewhere."""


@inventory.command()
@inventory_option
@site_option
@_json_option
@click.option("--strict", is_flag=True, help="Exit 10 on warnings too.")
def lint(*, inventory: Path | None, site: Path | None, as_json: bool, strict: bool) -> int:
    """Find what is wrong with the inventory; exits 10 if there is an error.

    A warning is what is likely not meant: an empty group, a group without credential, one server under two names.

    \b
      hardening inventory lint
      hardening inventory lint -i inventory.yaml --json --strict
    """
    from hardening.app.estimates import load_site_content  # noqa: PLC0415
    from hardening.app.inventory_lint import lint_inventory  # noqa: PLC0415
    from hardening.cli.reaching import look_around  # noqa: PLC0415

    found, path = _find(site, inventory)
    linted = lint_inventory(path, look_around(), found, load_site_content(found))
    if as_json:
        problems = [*_describe_problems("error", linted.errors), *_describe_problems("warning", linted.warnings)]
        click.echo(_dump({"targets": linted.targets, "groups": linted.groups, "problems": problems}))
    else:
        _print_problems("error", linted.errors)
        _print_problems("warning", linted.warnings)
        if not linted.errors:
            click.echo(f"{_count(linted.targets, 'target')}, {_count(linted.groups, 'group')}")
    return _TROUBLE if linted.errors or (strict and linted.warnings) else 0


@inventory.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@inventory_option
@site_option
@click.option("--select", "selector", default="", metavar="LABELS", help="Only these, as zone=dmz,group=web,role!=db.")
@_json_option
def show(*, targets: tuple[str, ...], inventory: Path | None, site: Path | None, selector: str, as_json: bool) -> None:
    """Show targets as they count: each value with who said it (target, group, defaults, site, ssh_config) and where.

    \b
      hardening inventory show web-01
      hardening inventory show --select group=dmz --json | jq -r '.targets[].name'
    """
    from hardening.app.estimates import load_site_content  # noqa: PLC0415
    from hardening.app.inventory_view import view_targets  # noqa: PLC0415
    from hardening.cli.reaching import look_around  # noqa: PLC0415
    from hardening.inventory.load import load_merged  # noqa: PLC0415

    found, path = _find(site, inventory)
    views = view_targets(load_merged(path, look_around()), found.settings, load_site_content(found), targets, selector)
    if as_json:
        click.echo(_dump({"targets": [_describe(view) for view in views]}))
        return
    for view in views:
        _print_view(view)


@inventory.command()
@inventory_option
@site_option
@_json_option
def graph(*, inventory: Path | None, site: Path | None, as_json: bool) -> None:
    """Draw the groups with their targets, and the jump hosts with what lies behind them.

    Long lists are cut in text and whole in JSON.

    \b
      hardening inventory graph
      hardening inventory graph --json | jq '.groups[] | {name, targets: (.targets | length)}'
    """
    from hardening.app.inventory_view import build_graph  # noqa: PLC0415
    from hardening.cli.reaching import look_around  # noqa: PLC0415
    from hardening.inventory.load import load_merged  # noqa: PLC0415

    _, path = _find(site, inventory)
    drawn = build_graph(load_merged(path, look_around()))
    if as_json:
        click.echo(_dump(_describe_graph(drawn)))
        return
    for line in _draw(drawn):
        _echo(line)


@inventory.command("import")
@click.argument("kind", type=click.Choice(["ansible", "csv", "ssh-config", "ansible-inventory"]), metavar="KIND")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=pathlib.Path), metavar="FILE...")
@click.option(
    "--into", type=click.Path(path_type=pathlib.Path), metavar="INVENTORY", help="Add it here [default: print]."
)
@click.option("--credential", default="", metavar="NAME", help="Credential of servers without one.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Label of all new targets (repeatable).")
@click.option(
    "-b", "--baseline", "baselines", multiple=True, metavar="ID[:LEVEL]", help="Baseline of them (repeatable)."
)
def import_targets(
    *,
    kind: str,
    sources: tuple[Path, ...],
    into: Path | None,
    credential: str,
    labels: tuple[str, ...],
    baselines: tuple[str, ...],
) -> int:
    """Take in servers from elsewhere, as entries that are printed, or added to an inventory.

    KIND is ansible (INI or YAML, with group_vars and host_vars beside it; nothing is run), csv (the first line names
    the columns: name, address, port, user, jump, become, credential, baselines, groups, label:NAME), ssh-config (its
    Host lines), or ansible-inventory, which runs that program, and through it whatever the inventory names.
    What stands in the inventory stays as it is. Exits 10 if something disagrees or cannot be taken in; the rest is.

    \b
      hardening inventory import ansible hosts.ini
      hardening inventory import csv servers.csv --into inventory.yaml --credential audit --label zone=dmz
      hardening inventory import ssh-config ~/.ssh/config --into inventory.yaml
      hardening inventory import ansible-inventory aws_ec2.yml --into inventory.yaml
    """
    from hardening.app.inventory_import import ImportRequest  # noqa: PLC0415
    from hardening.app.inventory_import import import_targets as import_all  # noqa: PLC0415
    from hardening.app.inventory_sources import SourceKind  # noqa: PLC0415
    from hardening.cli.reaching import look_around  # noqa: PLC0415

    request = ImportRequest(
        kind=SourceKind(kind),
        sources=sources,
        into=into,
        credential=credential,
        labels=dict(_split_label(label) for label in labels),
        baselines=baselines,
    )
    done = import_all(request, look_around())
    _print_problems("note", done.notes)
    _print_problems("error", done.problems)
    if into is None:
        click.echo(done.text, nl=False)
    said = f"{_count(done.added, 'target')} {'found' if into is None else f'added to {into}'}"
    _echo(f"{said}, {done.known} known already" if into is not None else said, err=True)
    return _TROUBLE if done.problems else 0


def _split_label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign or not value:
        msg = f"--label {text}: write NAME=VALUE"
        raise click.UsageError(msg)
    return name, value


def _find(named: Path | None, inventory: Path | None) -> tuple[Site, Path]:
    """Return the site and the inventory that is meant; raises ``UsageError`` if there is none."""
    from hardening.app.site import find_site  # noqa: PLC0415
    from hardening.errors import UsageError  # noqa: PLC0415
    from hardening.model.evidence import Absent  # noqa: PLC0415

    found = find_site(named)
    path = found.inventory if inventory is None else inventory
    if isinstance(path, Absent):
        msg = "there is no inventory; name one with -i FILE or --site DIR, or write inventory.yaml here"
        raise UsageError(msg)
    return found, path


def _print_problems(kind: str, problems: Sequence[Problem]) -> None:
    for problem in problems:
        _echo(f"{kind}: {problem}", err=True)


def _describe_problems(kind: str, problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [
        {
            "kind": kind,
            "file": problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "what": problem.what,
            "remedy": problem.remedy,
        }
        for problem in problems
    ]


def _print_view(view: TargetView) -> None:
    _echo(f"{view.name}  {view.place}")
    if view.groups:
        _echo(f"  groups: {', '.join(view.groups)}")
    width = max((len(line.name) for line in view.values), default=0)
    for line in view.values:
        place = f"  {line.place}" if line.place else ""
        _echo(f"  {line.name:<{width}}  {_words(line.value)}  [{line.who}]{place}")


def _describe(view: TargetView) -> dict[str, object]:
    values = [{"name": line.name, "value": line.value, "from": line.who, "place": line.place} for line in view.values]
    return {"name": view.name, "place": view.place, "groups": list(view.groups), "values": values}


def _draw(drawn: InventoryGraph) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [(name, 0) for name in reversed(drawn.outermost)]
    while waiting:
        name, depth = waiting.pop()
        group = drawn.groups[name]
        indent = "  " * min(depth, _DEEPEST)
        if name in seen:
            yield f"{indent}{name} (see above)"
            continue
        seen.add(name)
        yield f"{indent}{_draw_group(group)}"
        waiting.extend((inner, depth + 1) for inner in reversed(group.groups))
    if drawn.ungrouped:
        yield f"in no group: {_list(drawn.ungrouped)}"
    for hops, names in drawn.jumps.items():
        yield f"through {' → '.join(hops)}: {_list(names)}"


def _draw_group(group: GroupView) -> str:
    told = {"select": group.select, "credential": group.credential}
    more = ", ".join(f"{word} {value}" for word, value in told.items() if value)
    return f"{group.name}{f' ({more})' if more else ''}{f': {_list(group.targets)}' if group.targets else ''}"


def _describe_graph(drawn: InventoryGraph) -> dict[str, object]:
    return {
        "groups": [
            {
                "name": group.name,
                "place": group.place,
                "groups": list(group.groups),
                "targets": list(group.targets),
                "select": group.select,
                "credential": group.credential,
            }
            for group in drawn.groups.values()
        ],
        "ungrouped": list(drawn.ungrouped),
        "jumps": [{"through": list(hops), "targets": list(names)} for hops, names in drawn.jumps.items()],
    }


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _dump(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=True)


def _echo(line: str, *, err: bool = False) -> None:
    from hardening.model.clean import clean_line  # noqa: PLC0415

    click.echo(clean_line(line, 2000), err=err)
