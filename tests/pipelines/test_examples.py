"""The examples of docs/pipelines.md are careful ones, and pre-commit runs the hooks as the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.examples import PAGE, inputs_of, load_examples
from tests.pipelines.runners import HOOKS, ROOT, read_action, read_component

GITHUB = [name for name in load_examples() if name.startswith("github ")]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def workflows() -> list[Any]:
    own = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")]
    return own + [load_examples()[name] for name in GITHUB]


def steps() -> list[dict[str, Any]]:
    return [step for workflow in workflows() for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_is_an_example_of_each_kind() -> None:
    assert set(load_examples()) == {
        "github image",
        "github container",
        "github server",
        "gitlab server",
        "pre-commit",
    }


def test_no_workflow_has_rights_that_it_does_not_name() -> None:
    assert [workflow["permissions"] for workflow in workflows()] == [{}] * len(workflows())


def test_every_action_is_pinned_by_its_hash() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) > 5
    assert [name for name in used if not PINNED.fullmatch(name)] == []


def test_no_checkout_leaves_credentials_behind() -> None:
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(checkouts)


def test_no_expression_stands_in_a_command_of_an_example() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_examples_name_inputs_that_there_are() -> None:
    declared = {"github": set(read_action()["inputs"]), "gitlab": set(read_component()[0])}
    named = {name: set(inputs_of(name)) for name in (*GITHUB, "gitlab server")}
    assert [name for name, inputs in named.items() if not inputs <= declared[name.split()[0]]] == []


def test_hooks_of_the_example_are_those_that_there_are() -> None:
    (repository,) = load_examples()["pre-commit"]["repos"]
    hooks = yaml.safe_load(HOOKS.read_text("utf-8"))
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in hooks]


def test_every_job_status_of_the_page_is_one_of_ours() -> None:
    page = PAGE.read_text("utf-8")
    assert re.findall(r"^\| ([\d, ]+) \| (\w+) \|", page, re.MULTILINE) == [
        ("0", "green"),
        ("3", "red"),
        ("10", "red"),
        ("2, 4", "red"),
    ]


OWN = "checks/linux/own/linux-own-motd.yaml"
CHECK = """\
id: linux-own-motd
title: {en: Everybody can read the greeting, nb: Alle kan lese velkomsten}
severity: low
rationale: {en: It is meant for all., nb: Den er ment for alle.}
applies_to:
  - {os_family: linux}
probes:
  motd: {kind: file_status, path: /etc/motd}
expect: {field: motd.mode, equals: "0644"}
remediation: {en: Run `chmod 0644 /etc/motd`., nb: "Kjør `chmod 0644 /etc/motd`."}
action: fix-file-permissions
references: [https://manpages.debian.org/bookworm/manpages/motd.5.en.html]
samples:
  - {name: open, evidence: {motd: {mode: "0644"}}, outcome: pass}
  - {name: closed, evidence: {motd: {mode: "0600"}}, outcome: fail}
"""


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Kari", "-c", "user.email=kari@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with what of this checkout git knows, as a pack would name it."""
    folder = tmp_path_factory.mktemp("scanner") / "hardening"
    folder.mkdir()
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    packed = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-"], cwd=ROOT, input=files, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "--extract"], cwd=folder, input=packed, check=True)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


@dataclass(frozen=True, slots=True)
class PreCommit:
    """pre-commit as it comes from the package index, and where it keeps what it installs."""

    program: Path
    home: Path

    def run(self, pack: Path) -> tuple[int, str]:
        """Run all hooks of a repository."""
        environment = {**os.environ, "PRE_COMMIT_HOME": str(self.home), "HOME": str(self.home), "COLUMNS": "200"}
        words = [str(self.program), "run", "--all-files", "--color=never"]
        run = subprocess.run(words, cwd=pack, env=environment, capture_output=True, text=True, check=False)
        return run.returncode, run.stdout + run.stderr


@pytest.fixture(scope="module")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> PreCommit:
    """Install pre-commit from the package index."""
    folder = tmp_path_factory.mktemp("pre-commit")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin/python"), "-m", "pip", "-q", "install", "pre-commit>=4.5,<5"], check=True)
    return PreCommit(folder / "bin/pre-commit", tmp_path_factory.mktemp("home"))


@pytest.fixture
def pack(committed: Path, tmp_path: Path) -> Path:
    """Return a repository with one check of its own and the hooks of the example."""
    folder = tmp_path / "pack"
    (folder / "checks/linux/own").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / OWN).write_text(CHECK)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=committed, check=True, capture_output=True, text=True)
    (repository,) = load_examples()["pre-commit"]["repos"]
    here = {**repository, "repo": str(committed), "rev": head.stdout.strip()}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [here]}))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("before", "after", "failed"),
    [
        ("", "", {}),
        ("equals:", "mode_at_most:", {"hardening-checks-test": "10"}),
        ("severity:", "colour: red\nseverity:", {"hardening-checks-lint": "10", "hardening-checks-test": "2"}),
    ],
    ids=["sound", "untrue sample", "unknown field"],
)
def test_pre_commit_proves_a_check_pack(
    pre_commit: PreCommit, pack: Path, before: str, after: str, failed: dict[str, str]
) -> None:
    (pack / OWN).write_text(CHECK.replace(before, after) if before else CHECK)
    git(pack, "add", "--all")
    status, said = pre_commit.run(pack)
    found = re.findall(r"^- hook id: (.*)\n(?:- duration.*\n)?- exit code: (\d+)$", said, re.MULTILINE)
    assert (status, dict(found)) == (1 if failed else 0, failed), said
