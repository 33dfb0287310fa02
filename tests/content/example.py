"""A small, valid content folder, and kinds of questions that only these tests know."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.content.load import load_content
from hardening.errors import ContentError
from hardening.model.content import Content
from hardening.model.evidence import FieldSpec, FieldType
from hardening.probes.kind import ProbeKind, ProbeParameter, ProbeParameterType

_RECORD = {
    "name": FieldSpec(FieldType.TEXT, "its name"),
    "uid": FieldSpec(FieldType.INTEGER, "its number"),
    "groups": FieldSpec(FieldType.TEXTS, "its groups"),
    "mode": FieldSpec(FieldType.MODE, "its mode"),
}
_FIELDS = {
    "mode": FieldSpec(FieldType.MODE, "permission bits"),
    "owner": FieldSpec(FieldType.TEXT, "owner by name"),
    "size": FieldSpec(FieldType.INTEGER, "size in bytes"),
    "linked": FieldSpec(FieldType.BOOLEAN, "whether it is a link"),
    "modified": FieldSpec(FieldType.TIME, "when it was written"),
    "lines": FieldSpec(FieldType.TEXTS, "its lines"),
    "users": FieldSpec(FieldType.RECORDS, "who may read it", _RECORD),
}

FILE = ProbeKind(
    name="file",
    summary="one file",
    parameters={
        "path": ProbeParameter(type=ProbeParameterType.PATH, description="absolute path"),
        "format": ProbeParameter(
            type=ProbeParameterType.CHOICE,
            description="how it is read",
            required=False,
            default="words",
            choices=("words", "lines"),
        ),
        "depth": ProbeParameter(type=ProbeParameterType.INTEGER, description="how deep", required=False, default=1),
        "also": ProbeParameter(type=ProbeParameterType.PATHS, description="further paths", required=False, default=()),
        "key": ProbeParameter(
            type=ProbeParameterType.TEXT, description="a word", required=False, default="", pattern=r"\w+"
        ),
    },
    fields=_FIELDS,
    steps=lambda _: (),
    parse=lambda _probes, _answers: {},
)
PLAIN = ProbeKind(
    name="plain",
    summary="nothing but a few names",
    parameters={"names": ProbeParameter(type=ProbeParameterType.TEXTS, description="names to look for")},
    fields={"found": FieldSpec(FieldType.TEXTS, "which there are")},
    steps=lambda _: (),
    parse=lambda _probes, _answers: {},
)
KINDS = {"file": FILE, "plain": PLAIN}

CHECK = """\
id: linux-perm-shadow
title: {en: Only root reads it, nb: Bare root leser den}
severity: high
rationale: {en: Others guess., nb: Andre gjetter.}
applies_to:
  - {os_family: linux}
parameters:
  owners: {type: texts, default: [root], description: {en: who may own it, nb: hvem som kan eie den}}
probes:
  shadow: {kind: file, path: /etc/shadow}
expect:
  all:
    - {field: shadow.mode, mode_at_most: "0640"}
    - {field: shadow.owner, one_of: {param: owners}}
remediation: {en: Run chmod., nb: Kjør chmod.}
action: fix-permissions
references: [https://example.org/shadow]
samples:
  - name: as installed
    evidence: {shadow: {mode: "0640", owner: root}}
    outcome: pass
  - name: open to all
    evidence: {shadow: {mode: "0644", owner: root}}
    outcome: fail
"""
EXPECTATION = CHECK[CHECK.index("expect:") : CHECK.index("remediation:")]
SAMPLES = CHECK[CHECK.index("samples:") :]

ACTIONS = """\
actions:
  - {id: fix-permissions, title: {en: Fix permissions, nb: Rett rettigheter}, effort: 1, how: file}
"""

BASELINE = """\
id: server
title: {en: Servers, nb: Servere}
version: "1.0"
default_for:
  - {os_family: linux}
controls:
  - id: "1.1"
    title: {en: Hashes are protected, nb: Hasher er beskyttet}
    level: basic
    checks: [linux-perm-shadow]
"""

FRAMEWORK = """\
id: nsm-gp-ikt-2.1
title: {en: Principles, nb: Prinsipper}
version: "2.1"
publisher: {en: The authority, nb: Myndigheten}
source: https://example.org/principles
groups:
  - {id: "2.6", title: {en: Access, nb: Tilgang}}
measures:
  - id: 2.6.4
    group: "2.6"
    title: {en: Least privilege, nb: Minste privilegium}
    carrier: municipality
    effort: 2
    checks:
      - {id: linux-perm-shadow, basis: judgement}
""".replace("id: 2.6.4", 'id: "2.6.4"')

FILES = {
    "checks/linux/perm/linux-perm-shadow.yaml": CHECK,
    "checks/actions.yaml": ACTIONS,
    "baselines/server.yaml": BASELINE,
    "baselines/measures/nsm-gp-ikt-2.1.yaml": FRAMEWORK,
}


def write_files(folder: Path, *changes: dict[str, str]) -> Path:
    """Write the example into ``folder``, with files replaced or added; return the folder."""
    files = dict(FILES)
    for change in changes:
        files.update(change)
    write_only(folder, files)
    return folder


def write_only(folder: Path, files: dict[str, str]) -> Path:
    """Write some files into ``folder``, which others may not write; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    return folder


def load(folder: Path, *extra: Path) -> Content:
    """Load a folder with the kinds of these tests."""
    return load_content(folder, extra, kinds=KINDS)


def problems_of(folder: Path, *extra: Path) -> list[str]:
    """Return what is wrong with a folder, one line a problem."""
    with pytest.raises(ContentError) as caught:
        load(folder, *extra)
    return [str(problem) for problem in caught.value.problems]


def problems_of_check(folder: Path, text: str) -> list[str]:
    """Return what is wrong with the example when its check is ``text``, without the name of the file."""
    name = "checks/linux/perm/linux-perm-shadow.yaml"
    write_files(folder, {name: text})
    return [problem.removeprefix(f"{name}:") for problem in problems_of(folder)]


def with_expectation(text: str) -> str:
    """Return the example check with another expectation, and no parameter unless it names the one there is."""
    check = CHECK.replace(EXPECTATION, text)
    if "owners" not in text:
        start, end = check.index("parameters:"), check.index("probes:")
        check = check[:start] + check[end:]
    return check


def with_samples(text: str) -> str:
    """Return the example check with other samples."""
    return CHECK.replace(SAMPLES, text)
