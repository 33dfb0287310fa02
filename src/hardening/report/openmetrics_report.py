"""OpenMetrics text, for the text-file collector of a node exporter: numbers a target, no single results.

No time stamps stand at the samples, as that collector wants it; when the scan was is a sample of its own.
The form is that of https://prometheus.io/docs/specs/om/open_metrics_spec/.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hardening.model.check import Severity
from hardening.model.clean import clean_line
from hardening.report.format import OutputFile, RenderOptions
from hardening.report.values import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hardening.report.target_values import TargetEntry
    from hardening.report.values import Report, Summary

LONGEST_NAME = 300

Sample = tuple[dict[str, str], int | float]


def render_openmetrics(report: Report, options: RenderOptions) -> Iterator[OutputFile]:
    """Yield the one file of the report; it is the same in every language."""
    del options
    yield OutputFile("hardening.prom", _render_chunks(report.summary))


def _render_chunks(summary: Summary) -> Iterator[bytes]:
    targets = summary.targets
    yield _family("hardening_results", "Results by outcome.", (row for each in targets for row in _results(each)))
    yield _family("hardening_gaps", "Failed checks by severity.", (row for each in targets for row in _gaps(each)))
    yield _family("hardening_compliance_ratio", "pass / (pass + fail).", _ratios(targets, "compliance"))
    yield _family("hardening_coverage_ratio", "(pass + fail) / (pass + fail + error).", _ratios(targets, "coverage"))
    yield _family(
        "hardening_target_reached",
        "1 if the target answered.",
        (({"target": each.name}, int(each.reached)) for each in targets),
    )
    yield _family(
        "hardening_controls_not_examined",
        "Controls that this scan says nothing about.",
        [({}, summary.control_coverage.not_examined)],
    )
    if isinstance(gate := summary.info.gate, Gate):
        yield _family("hardening_exit_code", "Exit status of the scan.", [({}, gate.exit_code)])
    yield _family(
        "hardening_scan_end_time_seconds",
        "When the scan ended, in seconds since 1970-01-01 UTC.",
        [({}, summary.info.finished)],
    )
    yield b"# EOF\n"


def _results(target: TargetEntry) -> Iterator[Sample]:
    for outcome in ("passed", "failed", "errors", "not_applicable"):
        yield {"target": target.name, "outcome": outcome}, getattr(target.counts, outcome)


def _gaps(target: TargetEntry) -> Iterator[Sample]:
    for severity in Severity:
        yield {"target": target.name, "severity": severity.value}, target.gaps.get(severity, 0)


def _ratios(targets: Iterable[TargetEntry], name: str) -> Iterator[Sample]:
    """Yield a share of each target; one that has none has no sample."""
    for target in targets:
        share = getattr(target.counts, name)
        if isinstance(share, Fraction):
            yield {"target": target.name}, round(float(share), 6)


def _family(name: str, description: str, samples: Iterable[Sample]) -> bytes:
    lines = [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        words = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{words}}} {value}" if words else f"{name} {value}")
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _escape(text: str) -> str:
    return clean_line(text, LONGEST_NAME).replace("\\", "\\\\").replace('"', '\\"')
