"""Reference pages made from the code: what each probe kind takes and tells, and what Windows does without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Known
from hardening.probes import KINDS
from hardening.probes.tls_protocols import (
    PROTOCOLS,
    PROTOCOLS_OF_2025_SOURCE,
    PROTOCOLS_SOURCE,
    find_protocol,
)
from hardening.probes.windows_defaults import DEFAULTS, NEWEST, OLDEST, WindowsState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.model.evidence import FieldSpec
    from hardening.probes.kind import ProbeKind, ProbeParameter

_SERVERS = {"2012 R2": 9600, "2016": 14393, "2019": 17763, "2022": 20348, "2025": 26100}


def render_kinds() -> str:
    """Return the page of all probe kinds as Markdown."""
    lines = [
        "# Probe kinds",
        "",
        "Generated from the code by `make schema`; do not edit.",
        "A check asks a kind under `probes:` with its parameters, and compares its fields.",
    ]
    for kind in KINDS.values():
        lines.extend(_render_kind(kind))
    return "\n".join(lines) + "\n"


def render_windows_defaults() -> str:
    """Return the page of what a server does where a value is missing, as Markdown."""
    lines = [
        "# What Windows does without a value",
        "",
        "Generated from the code by `make schema`; do not edit.",
        "`registry_value` takes `effective` from here where neither group policy nor the registry sets a value.",
        f"The rows are of updated servers, from Windows Server 2012 R2 (build {OLDEST}) to 2025 (build {NEWEST}).",
        "Of other builds, and of values without a row, nothing is claimed: they are unreadable, or absent.",
        "",
        "| key | value | from build | does as if it were | source |",
        "|---|---|---|---|---|",
    ]
    rows = sorted(DEFAULTS, key=lambda row: (row.key.lower(), row.name.lower(), row.since))
    lines += [f"| `{row.key}` | `{row.name}` | {row.since} | {row.value} | <{row.source}> |" for row in rows]
    lines += [
        "",
        "## Versions of SSL and TLS",
        "",
        f"`tls_protocols` takes this from <{PROTOCOLS_SOURCE}>, for 2025 from <{PROTOCOLS_OF_2025_SOURCE}>.",
        "",
        f"| protocol | {' | '.join(_SERVERS)} |",
        f"|---|{'---|' * len(_SERVERS)}",
        *(_render_protocol(protocol) for protocol in PROTOCOLS),
    ]
    return "\n".join(lines) + "\n"


def _render_protocol(protocol: str) -> str:
    cells = []
    for build in _SERVERS.values():
        supported, is_on = find_protocol(protocol, WindowsState(build, "ServerNT"))
        is_there = isinstance(supported, Known) and supported.value is True
        cells.append(
            "not there" if not is_there else "on" if isinstance(is_on, Known) and is_on.value is True else "off"
        )
    return f"| {protocol} | {' | '.join(cells)} |"


def _render_kind(kind: ProbeKind) -> Iterator[str]:
    yield from ("", f"## {kind.name}", "", f"{kind.summary[:1].upper()}{kind.summary[1:].rstrip('.')}.", "")
    if kind.parameters:
        yield from ("| parameter | type | default | what |", "|---|---|---|---|")
        for name, parameter in kind.parameters.items():
            yield f"| `{name}` | {_type(parameter)} | {_default(parameter)} | {_cell(parameter.description)} |"
        yield ""
    yield from ("| field | type | what |", "|---|---|---|")
    yield from _render_fields(kind.fields, "")


def _render_fields(fields: Mapping[str, FieldSpec], prefix: str) -> Iterator[str]:
    for name, spec in fields.items():
        yield f"| `{prefix}{name}` | {spec.type} | {_cell(spec.description)} |"
        yield from _render_fields(spec.record, f"{prefix}{name}[].")


def _type(parameter: ProbeParameter) -> str:
    return " or ".join(f"`{choice}`" for choice in parameter.choices) or parameter.type.value


def _default(parameter: ProbeParameter) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if isinstance(default, tuple):
        return ", ".join(f"`{item}`" for item in default) or "none"
    return f"`{default}`" if default != "" else "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
