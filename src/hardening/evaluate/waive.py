"""Waivers and failed results: which failure is one that somebody decided to live with.

A waiver never changes an outcome. It is attached to a failed result if each comparison that made it fail is accepted:
by a waiver that counts now, for this target and check, for this record of an `each`, and as long as what is seen is
what was accepted. So a record, a field or a value that nobody has seen before is a gap, whatever was waived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from hardening.evaluate.operators import TargetTime, decide
from hardening.model.check import Outcome
from hardening.model.evidence import Absent
from hardening.model.judgement import ControlResult, ControlState, TargetJudgement
from hardening.model.result import Reason, Result, Verdict
from hardening.model.waiver import Waiver, Waivers, WaiverState


class WaiverBook:
    """The waivers that count at one moment, by check."""

    def __init__(self, waivers: Waivers, now: int) -> None:
        self._by_check: dict[str, list[Waiver]] = {}
        for waiver in sorted(waivers.waivers, key=lambda waiver: waiver.id):
            if waiver.state(now, waivers.longest_days) is WaiverState.VALID:
                self._by_check.setdefault(waiver.check, []).append(waiver)

    def apply(self, judgement: TargetJudgement) -> TargetJudgement:
        """Return a judgement with waivers attached to what they cover, and the states of controls that follow."""
        if not self._by_check:
            return judgement
        snapshot = judgement.snapshot
        covered: dict[str, tuple[str, ...]] = {}
        for result in judgement.results:
            chosen = [
                waiver
                for waiver in self._by_check.get(result.check, ())
                if waiver.is_for(snapshot.target, snapshot.labels)
            ]
            if chosen and (names := find_cover(result, chosen, snapshot.target_time)):
                covered[result.id] = names
        if not covered:
            return judgement
        results = tuple(replace(result, waivers=covered.get(result.id, ())) for result in judgement.results)
        open_fails = {result.id for result in results if result.outcome is Outcome.FAIL and not result.waivers}
        errors = {result.id for result in results if result.outcome is Outcome.ERROR}
        return replace(
            judgement,
            results=results,
            controls=tuple(_reconsider(control, open_fails, errors) for control in judgement.controls),
        )


def find_cover(result: Result, waivers: Iterable[Waiver], time: TargetTime) -> tuple[str, ...]:
    """Return the ids of the waivers that together cover a failed result; none if any part of it is not covered."""
    failed = list_failed(result)
    if result.outcome is not Outcome.FAIL or not failed or not _are_all_listed(result, failed):
        return ()
    offered = tuple(waivers)
    used: set[str] = set()
    for reason in failed:
        accepting = {waiver.id for waiver in offered if accepts(waiver, reason, time)}
        if not accepting:
            return ()
        used |= accepting
    return tuple(sorted(used))


def list_failed(result: Result) -> tuple[Reason, ...]:
    """Return the comparisons that made a result fail."""
    return tuple(reason for reason in result.reasons if reason.decisive and reason.verdict is Verdict.FALSE)


def accepts(waiver: Waiver, reason: Reason, time: TargetTime) -> bool:
    """Say whether a waiver names this comparison and what is seen is still what it accepted."""
    if reason.key and reason.key not in waiver.keys:
        return False
    named = [
        accepted
        for accepted in waiver.holds
        if accepted.field == reason.field and (not accepted.key or accepted.key == reason.key)
    ]
    return bool(named) and all(
        not isinstance(reason.type, Absent)
        and decide(accepted.operator, reason.type, reason.actual, accepted.operand, time=time) is True
        for accepted in named
    )


def _are_all_listed(result: Result, failed: tuple[Reason, ...]) -> bool:
    """Say whether each record that failed has its reasons listed: a waiver for what nobody sees covers nothing."""
    return not result.failed_keys_omitted and Counter(result.failed_keys) <= Counter(reason.key for reason in failed)


def _reconsider(control: ControlResult, open_fails: set[str], errors: set[str]) -> ControlResult:
    if control.state is not ControlState.FAIL or not open_fails.isdisjoint(control.results):
        return control
    unsettled = not control.complete or not errors.isdisjoint(control.results)
    return replace(control, state=ControlState.ERROR if unsettled else ControlState.WAIVED)
