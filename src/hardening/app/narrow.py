"""Looking again: only what was a gap in an earlier scan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.model.baseline import BaselineReference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.target import Target
    from hardening.report.values import Report


def narrow_to_gaps(
    targets: Sequence[Target], earlier: Report, *, keep_baselines: bool
) -> tuple[tuple[Target, ...], Mapping[str, frozenset[str]]]:
    """Return the targets that had gaps, and which checks these were, by target.

    They are judged by the baselines of then, unless ``keep_baselines`` says that others were asked for.
    """
    checks: dict[str, set[str]] = defaultdict(set)
    for gap in earlier.summary.gaps:
        checks[gap.target].add(gap.check)
    then = {entry.name: tuple(map(BaselineReference.parse, entry.baselines)) for entry in earlier.summary.targets}
    chosen = tuple(
        target if keep_baselines else replace(target, baselines=then[target.name])
        for target in targets
        if target.name in checks
    )
    return chosen, {target.name: frozenset(checks[target.name]) for target in chosen}
