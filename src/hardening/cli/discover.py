"""`hardening discover`: servers that a directory knows, for the inventory, or held against it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hardening.cli.options import SecretReferenceType, inventory_option, site_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hardening.app.discover import Compared, Sorted
    from hardening.inventory.computers import Computer, Computers
    from hardening.inventory.entries import Login
    from hardening.inventory.load import Inventory
    from hardening.model.target import LdapEndpoint, Target

_INCOMPLETE = 3
_TROUBLE = 10
_MOST_NAMED = 5


@click.command()
@click.argument("directory")
@click.option("--user", default="", help="Account, for a directory named by address.")
@click.option(
    "--password-from",
    type=SecretReferenceType(),
    default="",
    help="Where its password is: env:NAME, file:PATH, cred:NAME, prompt: and more.",
)
@click.option("--ca-file", default="", metavar="FILE", help="Authorities to trust [default: those of this machine].")
@click.option(
    "--auth",
    type=click.Choice(["simple", "external", "kerberos", "anonymous"]),
    help="How to log in [default: simple].",
)
@inventory_option
@site_option
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=60,  # model.server.SEEN_DAYS
    show_default=True,
    help="Only servers that were seen in so many days: by log-on, which is told up to 14 days late, or new password.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Add entries to this inventory, which is made if there is none [default: print them].",
)
@click.option(
    "--as",
    "users",
    multiple=True,
    metavar="WAY=USER",
    help="Account of new entries, as ssh=audit (repeatable).",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="WAY=NAME",
    help="Credential of new entries, one of the inventory, as ssh=audit-key (repeatable).",
)
@click.option(
    "--compare", is_flag=True, help="Tell which servers the inventory lacks, and which targets the directory lacks."
)
@click.option("--json", "as_json", is_flag=True, help="With --compare: as JSON.")
@click.option("--plan", "only_plan", is_flag=True, help="Print the searches, and ask nothing.")
@verbose_option
def discover(
    *,
    directory: str,
    user: str,
    password_from: str,
    ca_file: str,
    auth: str | None,
    inventory: Path | None,
    site: Path | None,
    days: int,
    into: Path | None,
    users: tuple[str, ...],
    credentials: tuple[str, ...],
    compare: bool,
    as_json: bool,
    only_plan: bool,
    verbose: int,
) -> int:
    """Find the servers that an Active Directory knows, for the inventory.

    DIRECTORY is an address, as ldaps://dc-01.example.org, or a target with ldap: from the inventory. Servers are told
    by the operating system that they wrote into the directory; what stands in the inventory already is left alone.
    Without --into, entries are printed and nothing is written.

    Exits 0, or 10 where --compare found a difference, 3 where the directory was not reached or showed a part only.

    \b
      hardening discover ldaps://dc-01.example.org --user audit@example.org --password-from prompt:
      hardening discover dc-01 --into inventory.yaml --as ssh=audit --credential ssh=audit-key
      hardening discover dc-01 --compare
      hardening discover dc-01 --compare --json | jq -r '.not_in_inventory[].host'
      hardening discover dc-01 --plan
    """
    from hardening.app.discover import compare as compare_all  # noqa: PLC0415
    from hardening.app.discover import find_computers, sort_servers  # noqa: PLC0415
    from hardening.cli.options import ContentArguments, TargetArguments  # noqa: PLC0415
    from hardening.cli.reaching import look_around, read_targets  # noqa: PLC0415
    from hardening.cli.surroundings import build_context, start_log  # noqa: PLC0415
    from hardening.errors import ConnectError  # noqa: PLC0415
    from hardening.inventory.entries import render_entries  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415

    if compare and (into or users or credentials):
        msg = "--compare writes nothing; leave --into, --as and --credential out"
        raise click.UsageError(msg)
    if as_json and not compare:
        msg = "--json goes with --compare"
        raise click.UsageError(msg)
    if only_plan:
        _print_plan()
        return 0
    redactor = start_log(verbose)
    logins = _read_logins(users, credentials)
    reach = TargetArguments(
        targets=(directory,),
        inventory=inventory,
        user=user,
        password_from=password_from,
        ca_file=ca_file,
        auth=auth,
    )
    reached = read_targets(reach, ContentArguments(site=site, baselines=(), checks=()))
    endpoint = _find_directory(reached.targets, directory)
    own = into or inventory or reached.site.inventory
    targets = _load(own if isinstance(own, Path) else None, must_exist=compare).targets
    context = build_context(lambda _target, _stage: None, redactor)
    try:
        computers = find_computers(endpoint, context.opening, days=days, seconds=context.seconds)
    except ConnectError as error:
        click.echo(f"hardening: {clean_line(redactor.redact(str(error)))}", err=True)
        return _INCOMPLETE
    if compare:
        compared = compare_all(computers, targets)
        _print_compared(compared, as_json=as_json)
        _print_left(computers, days)
        if compared.not_in_inventory or compared.not_in_directory:
            return _TROUBLE
        return _INCOMPLETE if computers.cut else 0
    found = sort_servers(computers, targets)
    if into is None:
        click.echo("targets:" if found.new else "targets: []")
        click.echo(render_entries(found.new, logins), nl=False)
    elif found.new:
        from hardening.app.additions import append_entries  # noqa: PLC0415

        append_entries(into, found.new, logins, look_around())
    _print_found(found, into)
    _print_left(computers, days)
    return _INCOMPLETE if computers.cut else 0


def _read_logins(users: Sequence[str], credentials: Sequence[str]) -> Mapping[str, Login]:
    from dataclasses import replace  # noqa: PLC0415

    from hardening.inventory.entries import KNOWN_WAYS, Login  # noqa: PLC0415

    logins: dict[str, Login] = {}
    for option, name, texts in (("--as", "user", users), ("--credential", "credential", credentials)):
        for text in texts:
            way, sign, value = text.partition("=")
            if not sign or not value or way not in KNOWN_WAYS:
                form = " or ".join(f"{each}=…" for each in sorted(KNOWN_WAYS))
                msg = f"{option} {text}: write {form}"
                raise click.UsageError(msg)
            logins[way] = replace(logins.get(way, Login()), **{name: value})
    return logins


def _find_directory(targets: Sequence[Target], word: str) -> LdapEndpoint:
    from hardening.model.target import LdapEndpoint  # noqa: PLC0415

    endpoints = [endpoint for target in targets for endpoint in target.endpoints if isinstance(endpoint, LdapEndpoint)]
    if not endpoints:
        msg = f"{word}: no way to a directory; name ldaps://HOST, or a target with ldap:"
        raise click.UsageError(msg)
    return endpoints[0]


def _load(path: Path | None, *, must_exist: bool) -> Inventory:
    from hardening.cli.reaching import look_around  # noqa: PLC0415
    from hardening.inventory.load import Inventory, load_inventory  # noqa: PLC0415

    if path is not None and (path.exists() or must_exist):
        return load_inventory(path, look_around())
    if must_exist:
        msg = "there is no inventory to compare with; use -i FILE or --site DIR"
        raise click.UsageError(msg)
    return Inventory(targets=())


def _print_plan() -> None:
    from hardening.app.plan import describe_lines  # noqa: PLC0415
    from hardening.inventory.computers import STEPS  # noqa: PLC0415

    click.echo(f"{len(STEPS)} searches; every one only reads.")
    for step in STEPS:
        for line in describe_lines(step):
            click.echo(line)


def _print_compared(compared: Compared, *, as_json: bool) -> None:
    from hardening.model.clean import clean_line  # noqa: PLC0415

    if as_json:
        document = {
            "not_in_inventory": [_describe(server) for server in compared.not_in_inventory],
            "not_in_directory": [
                {"target": lack.target, "address": lack.address, "reason": lack.reason}
                for lack in compared.not_in_directory
            ],
        }
        click.echo(json.dumps(document, indent=1))
        return
    for server in compared.not_in_inventory:
        told = ", ".join(filter(None, (server.system, server.ou, server.site)))
        click.echo(clean_line(f"not in the inventory: {server.host} ({told})"))
    for lack in compared.not_in_directory:
        click.echo(clean_line(f"not in the directory: {lack.target} ({lack.address}): {lack.reason}"))


def _describe(server: Computer) -> dict[str, object]:
    return {
        "host": server.host,
        "kind": server.kind.value,
        "system": server.system,
        "ou": server.ou,
        "site": server.site,
        "domain_controller": server.controller,
        "last_seen": server.last_seen,
        "dn": server.dn,
    }


def _print_found(found: Sorted, into: Path | None) -> None:
    from hardening.inventory.entries import WAYS  # noqa: PLC0415

    where = f"added to {into}" if into else "new"
    lines = [f"{_count(found.new)} {where}, {len(found.known)} known already"]
    if found.without_way:
        ways = " or ".join(sorted({WAYS[server.kind] for server in found.without_way}))
        names = _name([server.host for server in found.without_way])
        lines.append(f"{_count(found.without_way)} left out: this version has no way {ways} ({names})")
    for line in lines:
        click.echo(line, err=True)


def _count(servers: Sequence[Computer]) -> str:
    return f"{len(servers)} server{'' if len(servers) == 1 else 's'}"


def _print_left(computers: Computers, days: int) -> None:
    for line in _describe_left(computers, days):
        click.echo(line, err=True)


def _describe_left(computers: Computers, days: int) -> Iterator[str]:
    from hardening.inventory.computers import Left  # noqa: PLC0415
    from hardening.model.clean import clean_line  # noqa: PLC0415

    counts = Counter(reason for _, reason in computers.left)
    for reason in Left:
        if not counts[reason]:
            continue
        limit = f" ({days} days)" if reason is Left.STALE else ""
        named = [computer.dn for computer, why in computers.left if why is reason]
        shown = "" if reason is Left.CLIENT else f": {_name(named)}"
        yield clean_line(f"{counts[reason]} left out because {reason.value}{limit}{shown}")
    if computers.unplaced:
        yield clean_line(f"sites are not known, or not all: {computers.unplaced}")
    if computers.cut:
        yield clean_line(f"some computers are missing: {computers.cut}")


def _name(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
