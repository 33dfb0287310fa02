"""What assessment results and a plan of action share in OSCAL 1.2.1: names, properties, observations and risks.

The form is that of https://pages.nist.gov/OSCAL/reference/. UUIDs are made from names (version 5): those of a target, a
risk and an item of work stay the same from scan to scan, those of observations and of the document are the scan's.
Text is Markdown there, so whatever a target says is escaped.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.report.markdown_report import escape
from hardening.report.telling import LONGEST_LINE, tell_result, tell_waiver, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hardening.report.codec import JsonData
    from hardening.report.target_values import ResultEntry, TargetEntry
    from hardening.report.values import CheckEntry, Summary, WaiverLine
    from hardening.report.wording import Wording

OSCAL_VERSION = "1.2.1"
LONGEST_NAME = 300
NAMES = UUID("0d9a3c38-4a5e-4b0c-9d3a-6a0f5a1c7e42")
"""The name space of all our UUIDs; as a URI also that of our properties."""
PROPERTIES = f"urn:uuid:{NAMES}"
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]")

JsonObject = dict[str, "JsonData"]


def lasting_id(kind: str, name: str) -> str:
    """Return the UUID of a thing that outlives one scan."""
    return str(uuid5(NAMES, f"{kind}/{name}".encode("utf-8", "surrogatepass").hex()))


def scan_id(summary: Summary) -> UUID:
    """Return the UUID of a scan: made from its times, its content, its plan and its targets."""
    info = summary.info
    words = [str(info.started), str(info.finished), info.content_digest, info.plan_digest]
    words += [f"{target.name} {target.time}" for target in summary.targets]
    return uuid5(NAMES, "\n".join(words).encode("utf-8", "surrogatepass").hex())


def own_id(scan: UUID, kind: str, name: str) -> str:
    """Return the UUID of a thing that belongs to one scan."""
    return str(uuid5(scan, f"{kind}/{name}".encode("utf-8", "surrogatepass").hex()))


def markup(text: str, longest: int = LONGEST_LINE) -> str:
    """Return text as a line of Markdown that shows it as it is; never empty."""
    return escape(text, longest).strip() or "–"


def token(text: str) -> str:
    """Return text as a name that OSCAL takes: a letter first, then letters, digits, dots, dashes, underscores."""
    shown = _NO_TOKEN.sub("_", text[:LONGEST_NAME])
    return shown if shown[:1].isalpha() else f"_{shown}"


def build_property(name: str, value: str) -> JsonObject:
    """Return a property of our own."""
    # Plain text, unlike all else: programs compare it. OSCAL wants no blank at its ends, and not nothing.
    return {"name": name, "ns": PROPERTIES, "value": clean_line(value, LONGEST_NAME).strip() or "–"}


def build_metadata(summary: Summary, title: str) -> JsonObject:
    """Return the head of a document; it was last changed when the scan ended."""
    return {
        "title": markup(title),
        "last-modified": time_of(summary.info.finished),
        "version": time_of(summary.info.started),
        "oscal-version": OSCAL_VERSION,
        "props": [
            build_property("tool-version", summary.info.tool_version),
            build_property("content-digest", summary.info.content_digest),
            build_property("plan-digest", summary.info.plan_digest),
        ],
    }


def build_inventory(targets: Iterable[TargetEntry]) -> list[JsonData]:
    """Return each target as an item of the inventory."""
    return [
        {
            "uuid": lasting_id("target", target.name),
            "description": markup(target.name),
            "props": [
                build_property("target", target.name),
                build_property("reached", "yes" if target.reached else "no"),
                *([] if isinstance(target.system, Absent) else [build_property("system", target.system.title)]),
                *(build_property(f"label-{token(name)}", value) for name, value in sorted(target.labels.items())),
            ],
        }
        for target in targets
    ]


def build_observation(
    scan: UUID, result: ResultEntry, target: TargetEntry, check: CheckEntry, wording: Wording
) -> JsonObject:
    """Return what was seen of one check on one target."""
    told = tell_result(result, wording)
    observation: JsonObject = {
        "uuid": own_id(scan, "observation", result.id),
        "title": markup(f"{result.target}: {result.check}"),
        "description": markup(wording.of(check.title)),
        "props": [
            build_property("outcome", result.outcome.value),
            build_property("check", result.check),
            build_property("check-version", result.check_version),
            build_property("severity", result.severity.value),
            *(build_property("waiver", name) for name in result.waivers),
        ],
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": lasting_id("target", result.target), "type": "inventory-item"}],
        "collected": time_of(target.time),
    }
    if told:
        observation["relevant-evidence"] = [{"description": markup(line)} for line in told]
    return observation


def build_risk(
    scan: UUID, result: ResultEntry, check: CheckEntry, waivers: Mapping[str, WaiverLine], wording: Wording
) -> JsonObject:
    """Return a gap as a risk; while a waiver covers it, it is an approved deviation until the waiver's last day."""
    covering = [waivers[name] for name in result.waivers if name in waivers]
    risk: JsonObject = {
        "uuid": lasting_id("risk", result.id),
        "title": markup(f"{result.target}: {wording.of(check.title)}"),
        "description": markup(wording.of(check.title)),
        "statement": markup(wording.of(check.rationale), 4 * LONGEST_LINE),
        "props": [
            build_property("severity", result.severity.value),
            *(build_property("measure", measure) for measure in result.measures),
        ],
        "status": "deviation-approved" if result.waivers else "open",
        "remediations": [
            {
                "uuid": own_id(scan, "remediation", result.id),
                "lifecycle": "recommendation",
                "title": markup(wording.of(check.title)),
                "description": markup(wording.of(check.remediation), 4 * LONGEST_LINE),
            }
        ],
        "related-observations": [{"observation-uuid": own_id(scan, "observation", result.id)}],
    }
    if covering:
        risk["mitigating-factors"] = [
            {
                "uuid": lasting_id("waiver", f"{waiver.id}/{result.id}"),
                "description": markup(tell_waiver(waiver, wording)),
            }
            for waiver in covering
        ]
        risk["deadline"] = time_of(min(waiver.ends for waiver in covering) - 1)
    return risk


def stream_list(name: str, items: Iterable[JsonObject]) -> Iterator[bytes]:
    """Yield a member that is a list, one item at a time; OSCAL knows no empty list, so without items there is none."""
    separator = f'"{name}": [\n'
    empty = True
    for item in items:
        yield f"{separator}{dump(item)}".encode()
        separator, empty = ",\n", False
    if not empty:
        yield b"],\n"


def dump(value: JsonData) -> str:
    """Return JSON in ASCII, so that nothing in it acts on a terminal."""
    return json.dumps(value, ensure_ascii=True)
