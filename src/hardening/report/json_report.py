"""The JSON report: everything that was judged, ids everywhere, texts in every language; written target by target.

The first members are small. ``results`` and ``control_results`` come last, one entry a line, in the order of
``targets``, so that neither writing nor reading holds more than one target's entries as values.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import fields
from typing import TYPE_CHECKING, get_type_hints

from hardening.report.codec import JsonData, build_schema, encode
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.target_values import ControlResultEntry, ResultEntry, TargetReport
from hardening.report.values import SCHEMA_VERSION, Report, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

# JSON allows these as they are; a terminal would obey them, and a reader would be misled.
_UNFIT = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]")

ENTRY_LISTS: dict[str, type[ResultEntry | ControlResultEntry]] = {
    "results": ResultEntry,
    "control_results": ControlResultEntry,
}
"""The long lists of a JSON report and what stands in them."""


def render_json(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the JSON report; it is the same in every language."""
    del options
    yield OutputFile("report.json", render_json_chunks(report))


def render_json_chunks(report: Report) -> Iterator[bytes]:
    """Yield the JSON report piece by piece."""
    yield f'{{"schema_version": {SCHEMA_VERSION}'.encode()
    for field in fields(Summary):
        value = encode(getattr(report.summary, field.name))
        yield f',\n"{field.name}": '.encode()
        if isinstance(value, list):
            yield from _render_list(iter(value))
        else:
            yield _dump(value)
    # A walk may judge every target anew, so both lists come of one: the second waits, compressed.
    waiting: list[bytes] = []
    yield b',\n"results": '
    yield from _render_list(encode(result) for target in _set_aside(report, waiting) for result in target.results)
    yield b',\n"control_results": '
    separator = b"[\n"
    for packed in waiting:
        yield separator + zlib.decompress(packed)
        separator = b",\n"
    yield b"\n]\n}\n" if waiting else b"[]\n}\n"


def _set_aside(report: Report, waiting: list[bytes]) -> Iterator[TargetReport]:
    """Yield the targets, and put their controls by, written and compressed."""
    for target in report.targets:
        if target.controls:
            written = b",\n".join(_dump(encode(control)) for control in target.controls)
            waiting.append(zlib.compress(written, level=1))
        yield target


def _render_list(items: Iterator[JsonData]) -> Iterator[bytes]:
    separator = b"[\n"
    for item in items:
        yield separator + _dump(item)
        separator = b",\n"
    yield b"[]" if separator == b"[\n" else b"\n]"


def _dump(data: JsonData) -> bytes:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return _UNFIT.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def build_report_schema() -> dict[str, JsonData]:
    """Return the JSON Schema of the JSON report, as it stands in ``schemas/report.schema.json``."""
    definitions: dict[str, JsonData] = {}
    hints = get_type_hints(Summary)
    members: dict[str, JsonData] = {"schema_version": {"const": SCHEMA_VERSION}}
    members.update({field.name: build_schema(hints[field.name], definitions) for field in fields(Summary)})
    members.update(
        {name: {"type": "array", "items": build_schema(kind, definitions)} for name, kind in ENTRY_LISTS.items()}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Gap report of the hardening scanner",
        "description": "What was examined on which target, what was found, and what to do first. "
        "Members keep their meaning within one schema_version.",
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }
