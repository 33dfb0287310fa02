"""Our verdicts on the states, and how they compare. The data beside this module says what is compared with what."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hardening.collect.plan import build_plan
from hardening.collect.visit import VisitContext, visit
from hardening.evaluate.judge import judge_check, resolve_parameters
from hardening.model.check import Check, Constant
from hardening.model.result import Origin, Result
from hardening.model.target import ChrootEndpoint, Target
from hardening.probes import KINDS
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import Opening
from tests.independent.states import State, laid_over

FOLDER = Path(__file__).parent
WORST_FIRST = ("fail", "error", "pass", "not_applicable")
FIELDS = {name: kind.fields for name, kind in KINDS.items()}

Mapping_ = Mapping[str, Mapping[str, Mapping[str, Constant]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A disagreement that is known: ``because`` says of which kind it is, ``reason`` why we are right."""

    rule: str
    scenario: str
    ours: str
    because: str
    reason: str

    @property
    def name(self) -> str:
        """The state's name."""
        return f"{self.rule}/{self.scenario}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we said about a state: the worst of the results."""

    state: State
    results: tuple[Result, ...]

    @property
    def ours(self) -> str:
        """Our outcome."""
        return min((str(result.outcome) for result in self.results), key=WORST_FIRST.index)

    @property
    def agrees(self) -> bool:
        """Whether it is the judge's; a configuration that sshd refuses may not be examinable either."""
        return self.ours == self.state.verdict or (self.state.is_refused and self.ours in {"fail", "error"})

    @property
    def words(self) -> str:
        """Both verdicts in one line, with what ours rests on."""
        notes = "; ".join(f"{result.check}: {result.outcome} {say_why(result)}" for result in self.results)
        return f"{self.state.name}: judge {self.state.verdict}, ours {self.ours} ({notes})"


def say_why(result: Result) -> str:
    """Say in words what a result rests on."""
    seen = [f"{reason.field} {reason.actual}" for reason in result.reasons if reason.decisive]
    return "; ".join(part for part in (result.note, *seen) if part)[:400]


def load_mapping() -> Mapping_:
    """Return the checks that ask what a rule asks, with the values of their parameters, by rule."""
    data = yaml.safe_load((FOLDER / "mapping.yaml").read_text("utf-8"))
    return {
        rule: {
            check: {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
            for check, values in checks.items()
        }
        for rule, checks in data.items()
    }


def load_listed() -> tuple[Listed, ...]:
    """Return the disagreements that are known."""
    rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / "disagreements.yaml").read_text("utf-8")) or []
    return tuple(Listed(**row) for row in rows)


def judge_states(
    states: Sequence[State], mapping: Mapping_, checks: Mapping[str, Check], stock: Path, folder: Path
) -> tuple[Verdict, ...]:
    """Scan each state with the checks of its rule, as a root tree."""
    plans = {rule: build_plan([checks[check] for check in asked]) for rule, asked in mapping.items()}
    context = VisitContext(
        open_session=lambda _, endpoint: open_session(endpoint, Opening(resolve=Secret)),
        seconds=time.time,
        ticks=time.monotonic,
        progress=lambda *_: None,
        tool_version="0",
        content_digest="",
    )

    def judge(number: int) -> Verdict:
        state = states[number]
        with laid_over(stock, state, folder / str(number)) as tree:
            snapshot = visit(Target(name="state", endpoints=(ChrootEndpoint(str(tree)),)), plans[state.rule], context)
        results = []
        for name, values in mapping[state.rule].items():
            parameters = resolve_parameters(checks[name], [(Origin.BASELINE, "mapping.yaml", values)])
            results.append(judge_check(checks[name], snapshot, parameters, kinds=FIELDS))
        return Verdict(state, tuple(results))

    with ThreadPoolExecutor(max_workers=4) as pool:
        return tuple(pool.map(judge, range(len(states))))
