"""OpenSCAP and this scanner on the same booted host: both verdicts on every rule that has a counterpart here.

OpenSCAP runs inside the host, over all rules of `live.yaml` and nothing else. Judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import parse

import yaml

from hardening.evaluate.judge import judge_check, resolve_parameters
from hardening.model.check import Check, Constant
from hardening.model.result import Origin, Result
from hardening.model.snapshot import Snapshot
from hardening.snapshots.folder import read_snapshot
from tests.independent.agreement import FIELDS, FOLDER, say_why
from tests.lab.commands import LabError
from tests.lab.hosts import Host
from tests.lab.judges import PLACE, Judges
from tests.lab.scans import EXTENDED, Scans

HOSTS = {
    "hardened": ("--become", "sudo", "--sudo-password-from", "env:LAB_SUDO_PASSWORD"),
    "weak": ("--become", "sudo"),
}
"""Both look like machines of their own; a host that is seen to be a container is asked less."""

XCCDF = "http://checklists.nist.gov/xccdf/1.2"
PREFIX = "xccdf_org.ssgproject.content_rule_"
PROFILE = "xccdf_no.example_profile_counterparts"
FAILED_RULES = 2
"""The status with which oscap ends where a rule fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """A check, the rules that ask together what it asks, and the values that they ask for."""

    check: str
    rules: tuple[str, ...]
    parameters: Mapping[str, Constant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A check that says something else on a host: what both say, of which kind that is, and why we are right."""

    check: str
    host: str
    judge: str
    ours: str
    because: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What both say on one host."""

    counterpart: Counterpart
    host: str
    verdicts: tuple[str, ...]
    result: Result

    @property
    def judge(self) -> str:
        """The judge's verdict; `not judged` where it leaves every rule out, as not applicable."""
        return next((word for word in ("fail", "pass") if word in self.verdicts), "not judged")

    @property
    def ours(self) -> str:
        """Our outcome."""
        return str(self.result.outcome)

    @property
    def place(self) -> tuple[str, str]:
        """The check and the host."""
        return self.counterpart.check, self.host

    @property
    def words(self) -> str:
        """Both verdicts in one line, with what ours rests on."""
        return f"{' on '.join(self.place)}: judge {self.judge}, ours {self.ours} {say_why(self.result)}"


def load_counterparts() -> tuple[Counterpart, ...]:
    """Return what is compared."""
    rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / "live.yaml").read_text("utf-8"))
    return tuple(
        Counterpart(
            check=row["check"],
            rules=tuple(row["rules"]),
            parameters={
                name: tuple(value) if isinstance(value, list) else value
                for name, value in row.get("parameters", {}).items()
            },
        )
        for row in rows
    )


def load_differences() -> tuple[Difference, ...]:
    """Return the differences that are explained."""
    rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / "live_differences.yaml").read_text("utf-8"))
    return tuple(Difference(**{**row, "host": host}) for row in rows for host in row.pop("hosts"))


def ask_oscap(host: Host, judges: Judges, rules: Sequence[str]) -> Mapping[str, str]:
    """Run OpenSCAP in a host that has it, over some rules; return its verdicts."""
    place = host.root / PLACE.relative_to("/")
    (place / "tailoring.xml").write_text(_render_tailoring(judges, rules))
    command = (
        f"cd /run && oscap xccdf eval --tailoring-file {PLACE}/tailoring.xml --profile {PROFILE}"
        f" --results /run/oscap.xml {PLACE}/{judges.data_stream.name} >/dev/null 2>/run/oscap.err"
        f" || [ $? = {FAILED_RULES} ] || {{ tail -n 5 /run/oscap.err >&2; exit 1; }}"
    )
    host.run("sh", "-euc", command)
    tree = parse(host.root / "run/oscap.xml")  # noqa: S314 - written by an oscap of our own
    verdicts = {}
    for result in tree.iter(f"{{{XCCDF}}}rule-result"):
        said = result.find(f"{{{XCCDF}}}result")
        verdicts[result.attrib["idref"].removeprefix(PREFIX)] = "" if said is None else said.text or ""
    return verdicts


def _render_tailoring(judges: Judges, rules: Sequence[str]) -> str:
    # Each element stands on a line of its own: oscap skips an element that follows another without a space.
    chosen = "\n".join(f'<select idref="{PREFIX}{rule}" selected="true"/>' for rule in rules)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Tailoring xmlns="{XCCDF}" id="xccdf_no.example_tailoring_own">\n'
        f'<benchmark href="{PLACE}/{judges.data_stream.name}"/>\n<version time="2026-01-01T00:00:00">1</version>\n'
        f'<Profile id="{PROFILE}">\n<title>counterparts</title>\n{chosen}\n</Profile>\n</Tailoring>\n'
    )


def take_snapshot(scans: Scans, name: str) -> Snapshot:
    """Scan a host with the extended baseline; return what was seen."""
    run = scans.scan(f"audit@{name}", *HOSTS[name], *EXTENDED)
    folder = run.kept_in
    paths = tuple(folder.glob("*.snapshot.json.gz"))
    if len(paths) != 1:
        message = f"lab: the scan of {name} left no snapshot: {run.err[-1000:]}"
        raise LabError(message)
    return read_snapshot(paths[0])


def pair_verdicts(
    host: str,
    verdicts: Mapping[str, str],
    snapshot: Snapshot,
    counterparts: Sequence[Counterpart],
    checks: Mapping[str, Check],
) -> tuple[Pair, ...]:
    """Judge a snapshot with the values that the rules ask for, and put both verdicts side by side."""
    return tuple(
        Pair(each, host, tuple(verdicts.get(rule, "missing") for rule in each.rules), _judge(each, snapshot, checks))
        for each in counterparts
    )


def _judge(counterpart: Counterpart, snapshot: Snapshot, checks: Mapping[str, Check]) -> Result:
    check = checks[counterpart.check]
    parameters = resolve_parameters(check, [(Origin.BASELINE, "live.yaml", counterpart.parameters)])
    return judge_check(check, snapshot, parameters, kinds=FIELDS)
