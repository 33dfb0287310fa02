"""Which value of a key is effective when its files have been read, and what stays open where one could not be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, Field, FieldSpec, FieldType, Known, Partial, Unreadable
from hardening.probes.config_files import order_files
from hardening.probes.config_lines import READERS, NumberedLines, select
from hardening.probes.shell import clean, number_field, parse_c_integer, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.probes.listing import Listing

FIELDS = {
    "value": FieldSpec(FieldType.TEXT, "the effective value; absent when the key is not set"),
    "values": FieldSpec(FieldType.TEXTS, "all values in reading order"),
    "number": FieldSpec(FieldType.INTEGER, "the effective value as a whole number"),
    "set": FieldSpec(FieldType.BOOLEAN, "whether the key is set"),
}
_SECRET = re.compile(r"(?i)(passw(or)?d|passphrase|secret|(bind|root)_?pw|token|community|psk|(private|api)_?key)$")


def is_secret(key: str) -> bool:
    """Say whether a key looks as if its value were a secret: such a value is only ever told as ``set``."""
    return _SECRET.search(key) is not None


def build_value(probe: Probe, listing: Listing, lines: Mapping[str, NumberedLines]) -> Evidence:
    """Walk the files in reading order; a file that cannot be read leaves open what it would decide."""
    last_wins = probe.text("precedence") == "last" or probe.text("format") == "systemd"
    found: list[tuple[str, str]] = []
    problems: list[str] = []
    doubt = ""
    for file in order_files(probe, listing):
        if file.problem:
            problems.append(file.problem)
            doubt = doubt or (file.problem if last_wins or not found else "")
            continue
        for value, place in _find_values(probe, file.name, lines.get(file.name, [])):
            if not value and probe.text("format") == "systemd":
                found.clear()
            else:
                found.append((value, place))
            doubt = "" if last_wins else doubt
    return _build_fields(probe, found, problems, doubt, last_wins=last_wins)


def _find_values(probe: Probe, name: str, lines: NumberedLines) -> list[tuple[str, str]]:
    assignments = list(READERS[probe.text("format")](lines))
    chosen = select(assignments, probe.text("key"), probe.text("section"), ignore_case=probe.text("case") == "ignore")
    secret = is_secret(probe.text("key"))
    return [("set" if secret else clean(item.value), f"{clean(name)}:{item.line}") for item in chosen]


def _build_fields(
    probe: Probe, found: Sequence[tuple[str, str]], problems: Sequence[str], doubt: str, *, last_wins: bool
) -> Evidence:
    path = probe.text("path")
    texts = tuple(value for value, _ in found)
    values: Field = Partial(texts, "; ".join(problems[:3]), path) if problems else Known(texts, path)
    if doubt:
        # Whether the key is set is known as soon as one file sets it, unless a later file could take it back.
        is_set: Field = (
            Known(value=True, place=found[0][1])
            if found and probe.text("format") != "systemd"
            else Unreadable(doubt, path)
        )
        return {"value": Unreadable(doubt, path), "values": values, "number": Unreadable(doubt, path), "set": is_set}
    if not found:
        return {"value": Absent(path), "values": values, "number": Absent(path), "set": Known(value=False, place=path)}
    text, place = found[-1] if last_wins else found[0]
    number = parse_c_integer(text) if probe.text("format") == "words" else parse_decimal(text)
    return {
        "value": Known(text, place),
        "values": values,
        "number": number_field(number, text, place),
        "set": Known(value=True, place=place),
    }
