"""Where only the visit itself runs, no step takes the kernel and the processes that it sees for the target's."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from hardening.model.platform import AT_REST, OperatingSystem
from hardening.model.step import Completed, select_shell_steps
from hardening.probes import KINDS
from hardening.probes.identification import STEP, parse_identification
from tests.probes.cases import CASES, load_probes

_ASKS = re.compile(r"-d \"?/proc/sys/kernel(?!\$" + AT_REST + r"\b)")


def _identify(environment: dict[str, str]) -> OperatingSystem:
    done = subprocess.run(
        ["/bin/sh", "-c", STEP.script], check=True, capture_output=True, env={"PATH": os.environ["PATH"], **environment}
    )
    system = parse_identification(Completed(exit_status=0, stdout=done.stdout)).platform.os
    assert isinstance(system, OperatingSystem)
    return system


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_running_system_is_asked_for_in_one_way(name: str) -> None:
    probes = sorted({probe for case in CASES for probe in load_probes(case) if probe.kind == name})
    scripts = [step.script for step in select_shell_steps(KINDS[name].steps(probes))]
    assert [script for script in scripts if _ASKS.search(script)] == []


def test_a_target_at_rest_is_no_running_system() -> None:
    assert (_identify({AT_REST: "yes"}).running, _identify({AT_REST: "yes"}).kernel) == (False, "")


def test_this_machine_is_a_running_system() -> None:
    assert _identify({}).running
