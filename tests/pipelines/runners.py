"""What GitHub and GitLab do with the action and the component, as far as our tests need it: no service, no container.

Expressions are those that the two files use; any other is an error, so that none is passed over.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from hardening.content.shipped import find_shipped

ROOT: Final = find_shipped()
ACTION: Final = ROOT / "action.yml"
COMPONENT: Final = ROOT / "templates/hardening/template.yml"
HOOKS: Final = ROOT / ".pre-commit-hooks.yaml"
PROGRAM: Final = Path(sys.executable).parent / "hardening"
KEPT: Final = ("PATH", "HOME", "LANG", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")

_GITHUB = re.compile(r"\$\{\{ (.*?) \}\}")
_GITLAB = re.compile(r"\$\[\[ (.*?) \]\]")


@dataclass(frozen=True, slots=True)
class Job:
    """What one job came to."""

    status: int
    log: str
    reports: Path
    summary: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def report(self) -> Any:
        """The JSON report."""
        return json.loads((self.reports / "report.json").read_text("utf-8"))


def read_action() -> Any:
    """Return the action as it stands in its file."""
    return yaml.safe_load(ACTION.read_text("utf-8"))


def read_component() -> tuple[Any, Any]:
    """Return the inputs and the jobs of the component."""
    spec, jobs = yaml.safe_load_all(COMPONENT.read_text("utf-8"))
    return spec["spec"]["inputs"], jobs


def run_action(
    work: Path, inputs: Mapping[str, str], environment: Mapping[str, str], *, program: Path | None = PROGRAM
) -> Job:
    """Run the steps of the composite action in a folder; ``program`` is found installed, ``None`` is installed."""
    action = read_action()
    assert set(inputs) <= set(action["inputs"])
    given = {name: str(each["default"]) for name, each in action["inputs"].items()} | dict(inputs)
    home = work.parent / f"{work.name}-runner"
    home.mkdir(exist_ok=True)
    files = {name: home / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("")
    if program:
        _link(program, home / "hardening/bin/hardening")
    base = _surroundings(environment) | {"RUNNER_TEMP": str(home), "GITHUB_ACTION_PATH": str(ROOT)}
    base |= {name: str(path) for name, path in files.items()}
    status, log = 0, ""
    for step in action["runs"]["steps"]:
        if step["name"].startswith("Install") and program:
            continue
        assert (step["shell"], "${{" in step["run"]) == ("bash", False)
        own = {name: _GITHUB.sub(lambda found: _input(found[1], given), text) for name, text in step["env"].items()}
        script = home / "script.sh"
        script.write_text(step["run"])
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        status, said = _run(words, work, base | own)
        log += said
        if status:
            break
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
    return Job(status, log, work / given["reports"], files["GITHUB_STEP_SUMMARY"].read_text("utf-8"), outputs)


def run_component(
    work: Path, inputs: Mapping[str, str], environment: Mapping[str, str], *, program: Path | None = PROGRAM
) -> Job:
    """Run the script of the component's one job in a folder, by the plainest shell that an image may have."""
    declared, jobs = read_component()
    assert set(inputs) <= set(declared)
    given = {name: each.get("default") for name, each in declared.items()} | {"package": str(ROOT)} | dict(inputs)
    (job,) = _fill(jobs, given).values()
    home = work.parent / f"{work.name}-builds"
    home.mkdir(exist_ok=True)
    if program:
        _link(program, home / "hardening-venv/bin/hardening")
    assert {each["expand"] for each in job["variables"].values()} == {False}
    own = {name: str(each["value"]) for name, each in job["variables"].items()}
    lines = job["script"][1:] if program else job["script"]
    script = home / "script.sh"
    script.write_text("set -e\n" + "\n".join(lines))
    status, log = _run(["dash", str(script)], work, _surroundings(environment) | {"CI_BUILDS_DIR": str(home)} | own)
    return Job(status, log, work / "hardening-reports")


def _run(words: list[str], work: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    run = subprocess.run(words, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return run.returncode, (run.stdout + run.stderr).decode()


def _link(program: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(program)


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | dict(environment)


def _input(expression: str, given: Mapping[str, str]) -> str:
    space, _, name = expression.partition(".")
    assert space == "inputs", expression
    return given[name]


def _fill(node: Any, given: Mapping[str, str]) -> Any:
    """Put the inputs into a tree of YAML, as GitLab does: into each text, after the file was parsed."""
    match node:
        case dict():
            return {_fill(name, given): _fill(value, given) for name, value in node.items()}
        case list():
            return [_fill(each, given) for each in node]
        case str():
            return _GITLAB.sub(lambda found: _input(found[1], given), node)
        case _:
            return node
