"""Options that several commands share: each group is written once and reaches a command as one value."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

OUTPUT_HELP = (
    "Write a report, as html=gap.html, html:summary=page.html or json=- (repeatable; - is standard output). Views: "
    "summary, actions, evidence [default: evidence up to 20 targets, else actions]. A path ending in / is a folder."
)
LEVELS = ("critical", "high", "medium", "low", "info", "never")

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


@dataclass(frozen=True, slots=True)
class Output:
    """One `-o FORMAT[:VIEW]=PATH`; the path ``-`` is standard output, an empty view the format's own choice."""

    format: str
    path: str
    view: str = ""


class OutputType(click.ParamType[Output]):
    """Reads `FORMAT[:VIEW]=PATH`."""

    name = "FORMAT[:VIEW]=PATH"

    def convert(self, value: str | Output, param: click.Parameter | None, ctx: click.Context | None) -> Output:
        """Return the output that ``value`` names; fails with the form and the formats there are."""
        if isinstance(value, Output):
            return value
        from hardening.report import FORMATS  # noqa: PLC0415 - keeps `--help` light

        named, sign, path = value.partition("=")
        name, colon, view = named.partition(":")
        known = ", ".join(FORMATS)
        if not sign or not path:
            self.fail(f"{value!r}: write FORMAT=PATH, for example html=gap.html (formats: {known})", param, ctx)
        if name not in FORMATS:
            self.fail(f"no format {name!r}; there are {known}", param, ctx)
        views = FORMATS[name].views
        if colon and view not in views:
            there = f"there are {', '.join(views)}" if views else "it has none"
            self.fail(f"{name} has no view {view!r}; {there}", param, ctx)
        return Output(name, path, view)


class SecretReferenceType(click.ParamType[str]):
    """Reads a reference to a secret; what is none may be the secret itself, and is not repeated."""

    name = "REF"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reference; fails with the references there are."""
        from hardening.secrets.reference import WAYS, is_reference  # noqa: PLC0415 - keeps `--help` light

        if value and not is_reference(value):
            self.fail(f"a secret is given by reference: write {WAYS}", param, ctx)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetArguments:
    """Which targets, and how they are reached; ``None`` and ``""`` mean not said."""

    targets: tuple[str, ...]
    inventory: Path | None
    selector: str = ""
    user: str = ""
    key: str = ""
    known_hosts: str = ""
    host_keys: str = "known"
    ssh_config: str = ""
    jump: str = ""
    become: str | None = None
    sudo_password_from: str = ""
    password_from: str = ""
    ca_file: str = ""
    auth: str | None = None


class DurationType(click.ParamType[float]):
    """Reads a time as `90s`, `15m` or `2h`; a bare number is seconds."""

    name = "TIME"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; fails with the form."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smh]?)", value)
        seconds = float(found[1]) * _SECONDS[found[2]] if found else 0
        if seconds <= 0:
            self.fail(f"{value!r}: write a time as 90s, 15m or 2h", param, ctx)
        return seconds


_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceArguments:
    """How many targets at a time, how fast, how long, and which scan to go on with; ``None`` is no limit."""

    workers: int
    per_zone: int | None
    per_jump: int | None
    logins_per_second: float | None
    target_deadline: float | None
    deadline: float | None
    resume: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentArguments:
    """Which checks; empty means the targets' own baselines, or the default ones."""

    site: Path | None
    baselines: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeArguments:
    """What is written, in which language, and what the exit status depends on."""

    outputs: tuple[Output, ...]
    fail_on: str | None
    min_compliance: float | None
    min_coverage: float | None
    on_incomplete: str | None
    new_since: str | None
    same_scope: bool
    as_of: str | None
    lang: str | None
    quiet: bool


def _bundle(kind: type[Any], name: str, options: tuple[Decorator, ...]) -> Decorator:
    """Return a decorator that adds options and hands their values over as one value of ``kind``, called ``name``."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(**values: object) -> object:
            own = {field.name: values.pop(field.name) for field in dataclasses.fields(kind)}
            return command(**values, **{name: kind(**own)})

        wrapped: Command = call
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return decorate


_SITE = click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="HARDENING_SITE",
    help="Folder with inventory.yaml, site.yaml, checks/ and baselines/ "
    "[default: . if it has an inventory.yaml, else /etc/hardening].",
)
_LANGUAGE = click.option(
    "--lang", type=click.Choice(["nb", "nn", "en"]), help="Language of texts [default: site, locale, nb]."
)

site_option: Decorator = _SITE
language_option: Decorator = _LANGUAGE
verbose_option: Decorator = click.option(
    "-v", "--verbose", count=True, help="Log milestones (-v) or each step (-vv) to standard error."
)

_INVENTORY = click.option(
    "-i",
    "--inventory",
    type=click.Path(path_type=Path),
    help="Inventory file [default: inventory.yaml of the site].",
)

inventory_option: Decorator = _INVENTORY

target_arguments = _bundle(
    TargetArguments,
    "reach",
    (
        click.argument("targets", nargs=-1, metavar="[TARGET]..."),
        _INVENTORY,
        click.option("--select", "selector", default="", metavar="LABELS", help="Only these, as zone=dmz,role!=db."),
        click.option("--user", default="", help="Account, for targets named by address."),
        click.option("--key", default="", metavar="FILE", help="Private key, for targets named by address."),
        click.option("--known-hosts", default="", metavar="FILE", help="Host keys [default: ~/.ssh/known_hosts]."),
        click.option(
            "--host-keys",
            type=click.Choice(["known", "accept-new"]),
            default="known",
            help="accept-new keeps the key of a new host, for targets named by address; a changed one is refused.",
        ),
        click.option(
            "--ssh-config",
            default="",
            metavar="FILE",
            help="For targets named by address; none for none [default: ~/.ssh/config].",
        ),
        click.option(
            "--jump",
            default="",
            metavar="USER@HOST:PORT,…",
            help="Jump hosts, nearest first, for targets named by address; none for none.",
        ),
        click.option(
            "--become",
            type=click.Choice(["sudo", "kit"]),
            help="Reach root rights through sudo, or through what `plan --kit` installed.",
        ),
        click.option(
            "--sudo-password-from",
            type=SecretReferenceType(),
            default="",
            help="Where sudo's password is: env:NAME, file:PATH, cred:NAME, prompt: and more.",
        ),
        click.option(
            "--password-from",
            type=SecretReferenceType(),
            default="",
            help="Where the login password is, likewise.",
        ),
        click.option(
            "--ca-file",
            default="",
            metavar="FILE",
            help="Authorities to trust, for what is named by address and speaks TLS [default: those of this machine].",
        ),
        click.option(
            "--auth",
            type=click.Choice(["simple", "external", "kerberos", "anonymous", "ntlm"]),
            help="How to log in to what is named by address [default: simple to a directory, ntlm to Windows].",
        ),
    ),
)

_WORKERS = click.option(
    "--workers", type=click.IntRange(1, 256), default=16, show_default=True, help="Targets at a time."
)

workers_option: Decorator = _WORKERS

pace_arguments = _bundle(
    PaceArguments,
    "pace",
    (
        _WORKERS,
        click.option(
            "--per-zone", type=click.IntRange(1), metavar="N", help="Targets at a time with the same label `zone`."
        ),
        click.option("--per-jump", type=click.IntRange(1), metavar="N", help="Targets at a time behind a jump host."),
        click.option(
            "--logins-per-second",
            type=click.FloatRange(0.001, 1000),
            metavar="N",
            help="Begin no more visits a second than this, evenly spaced.",
        ),
        click.option("--target-deadline", type=DurationType(), help="Give up a target after this, as 15m."),
        click.option("--deadline", type=DurationType(), help="Give up what is left after this, as 2h."),
        click.option(
            "--resume", metavar="SCAN", help="Go on with a scan that was interrupted: a folder, an id, or latest."
        ),
    ),
)

content_arguments = _bundle(
    ContentArguments,
    "asked",
    (
        click.option(
            "-b",
            "--baseline",
            "baselines",
            multiple=True,
            metavar="ID[:LEVEL]",
            help="Judge by this baseline, as linux-server:extended (repeatable).",
        ),
        click.option("--check", "checks", multiple=True, metavar="ID", help="Only this check (repeatable)."),
        _SITE,
    ),
)

judge_arguments = _bundle(
    JudgeArguments,
    "judged",
    (
        click.option(
            "-o",
            "--output",
            "outputs",
            type=OutputType(),
            multiple=True,
            help=OUTPUT_HELP,
        ),
        click.option(
            "--fail-on",
            type=click.Choice(LEVELS),
            help="Exit 10 if a gap is at least this severe [default: gate.yaml, else high].",
        ),
        click.option("--min-compliance", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit 10 below this."),
        click.option("--min-coverage", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit 3 below this."),
        click.option(
            "--on-incomplete",
            type=click.Choice(["fail", "warn"]),
            help="What an incomplete scan does to the exit status [default: gate.yaml, else fail].",
        ),
        click.option(
            "--new-since", metavar="SCAN", help="Only gaps that this earlier scan (a JSON report …) lacks count."
        ),
        click.option(
            "--same-scope", is_flag=True, help="With --new-since: what was asked then and is not now is incomplete."
        ),
        click.option(
            "--as-of",
            metavar="DAY",
            help="Waivers and support tables count as on this day, UTC [default: start of the scan].",
        ),
        _LANGUAGE,
        click.option("-q", "--quiet", is_flag=True, help="No progress and no summary."),
    ),
)
