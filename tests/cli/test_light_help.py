"""Help and version are quick: they import click and the standard library only."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hardening.cli import COMMANDS

PROBE = """
import json, sys
before = set(sys.modules)
from hardening.cli import Redactor, invoke
status = invoke(sys.argv[1:], Redactor())
loaded = {name.partition('.')[0] for name in set(sys.modules) - before}
print(json.dumps([status, sorted(loaded - set(sys.stdlib_module_names) - {'click', 'hardening'})]))
"""


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_click_and_the_standard_library_only(words: list[str]) -> None:
    run = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[-1]) == [0, []]
