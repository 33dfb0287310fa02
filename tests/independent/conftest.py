"""Says at the end of a run how much was compared with the outside judge."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.independent.agreement import load_mapping
from tests.independent.states import STATES, load_states


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the rules that no check is compared with yet."""
    if not STATES.exists():
        return
    states = Counter(state.rule for state in load_states())
    mapped = set(load_mapping())
    compared = sum(count for rule, count in states.items() if rule in mapped)
    left = ", ".join(sorted(set(states) - mapped)) or "none"
    terminalreporter.write_line(
        f"outside judge: {compared} of {sum(states.values())} states compared; rules left: {left}"
    )
