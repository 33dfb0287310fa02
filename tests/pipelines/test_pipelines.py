"""The action, the component and the hooks: red for a new gap, green for an old one, 3 when something was not seen."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardening.cli import invoke
from hardening.model.step import Completed
from hardening.secrets import Redactor
from hardening.transports.recording import encode_recording, load_recording
from tests.pipelines.runners import Job, read_action, read_component, run_action, run_component

ASKED = "--check\nlinux-perm-passwd\n--check\nlinux-perm-shadow"
PASSWD, SHADOW = (b"/etc/passwd", b"81a4", b"81b6"), (b"/etc/shadow", b"81a0", b"81a4")
DOWN = "  - {name: fag-03, ssh: {address: 127.0.0.1, port: 1, user: audit}, baselines: [linux-server]}\n"
PIP: Mapping[str, str] = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
OWN = re.compile(r"\$\{\{|\$\[\[")

JOBS = {"github": run_action, "gitlab": run_component}
RunJob = Callable[..., Job]


@pytest.fixture(params=JOBS.values(), ids=list(JOBS))
def run_job(request: pytest.FixtureRequest) -> RunJob:
    """Return what runs the job of one service."""
    found: RunJob = request.param
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of this machine with what the two checks ask, as it is on a stock server."""
    path = tmp_path_factory.mktemp("recorded") / "recording.json.gz"
    words = ["collect", "local", *ASKED.split("\n"), "--keep-raw", "-q", "--into", str(path.parent / "scan")]
    assert invoke(words, Redactor()) == 0
    made = load_recording(path.parent / "scan/local.recording.json.gz")
    stock = b"81a4:0:0:1:1292:1795864912:root:root:/etc/passwd\n81a0:0:42:1:654:1795864912:root:shadow:/etc/shadow\n"
    stock += b'\0-rw-r--r-- 1 0  0 1292 Jan  1 00:00 "/etc/passwd"\n'
    stock += b'-rw-r----- 1 0 42  654 Jan  1 00:00 "/etc/shadow"\n=end\n'
    answers = {
        key: replace(answer, stdout=stock)
        if isinstance(answer, Completed) and made.names[key.digest] == "file_status"
        else answer
        for key, answer in made.answers.items()
    }
    path.write_bytes(encode_recording(replace(made, answers=answers)))
    return path


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout with an inventory of one recorded server, whose files can be opened to everybody."""

    folder: Path

    @property
    def recording(self) -> Path:
        """The recording that the inventory names."""
        return self.folder / "web-01.json.gz"

    def open_up(self, change: tuple[bytes, bytes, bytes]) -> None:
        """Have the server say another mode of a file."""
        name, before, after = change
        kept = load_recording(self.recording)
        line = re.compile(b"^" + before + b"(?=:.*:" + re.escape(name) + b"$)", re.MULTILINE)
        answers = {
            key: replace(answer, stdout=line.sub(after, answer.stdout)) if isinstance(answer, Completed) else answer
            for key, answer in kept.answers.items()
        }
        self.recording.write_bytes(encode_recording(replace(kept, answers=answers)))

    def add_target(self, line: str) -> None:
        """Add a line to the inventory."""
        path = self.folder / "inventory.yaml"
        path.write_text(path.read_text() + line)


@pytest.fixture
def repository(tmp_path: Path, recorded: Path) -> Repository:
    """Return a checkout as the services make it."""
    made = Repository(tmp_path / "checkout")
    made.folder.mkdir(mode=0o755)
    shutil.copy(recorded, made.recording)
    inventory = made.folder / "inventory.yaml"
    inventory.write_text("targets:\n  - {name: web-01, recorded: web-01.json.gz, baselines: [linux-server]}\n")
    inventory.chmod(0o644)
    return made


@pytest.fixture
def surroundings(tmp_path: Path) -> Mapping[str, str]:
    """Return the variables of a job that are not the services'."""
    return {"HOME": str(tmp_path), "LANG": "en_GB.UTF-8"}


@pytest.mark.slow
def test_old_gap_is_green_a_new_one_red_and_a_server_that_is_down_incomplete(
    run_job: RunJob, repository: Repository, surroundings: Mapping[str, str]
) -> None:
    repository.open_up(PASSWD)
    first = run_job(repository.folder, {"arguments": ASKED}, surroundings)
    (repository.folder / "known.json").write_bytes((first.reports / "report.json").read_bytes())
    inputs = {"arguments": ASKED, "new-since": "known.json"}
    old = run_job(repository.folder, inputs, surroundings)
    repository.add_target(DOWN)
    down = run_job(repository.folder, inputs, surroundings)
    repository.open_up(SHADOW)
    new = run_job(repository.folder, inputs, surroundings)
    assert [job.status for job in (first, old, down, new)] == [10, 0, 3, 10], old.log + down.log + new.log
    wanted = {"report.json", "junit.xml", "summary.md"}
    assert wanted < {path.name for path in new.reports.iterdir()}


def test_summary_and_status_of_a_red_job_are_handed_on(repository: Repository, surroundings: Mapping[str, str]) -> None:
    repository.open_up(PASSWD)
    job = run_action(repository.folder, {"arguments": ASKED}, surroundings)
    assert job.summary == (job.reports / "summary.md").read_text("utf-8")
    assert ("linux-perm-passwd" in job.summary, job.outputs) == (True, {"status": "10"})


@pytest.mark.slow
@pytest.mark.parametrize("installs", [run_action, run_component], ids=["github", "gitlab"])
@pytest.mark.timeout(600)
def test_job_installs_what_it_runs(installs: RunJob, repository: Repository, surroundings: Mapping[str, str]) -> None:
    job = installs(repository.folder, {"arguments": ASKED}, {**surroundings, **PIP}, program=None)
    assert job.status == 0, job.log


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """Return a program that stands in for the scanner and says what it was called with."""
    path = tmp_path / "echo"
    path.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def said(
    run_job: RunJob, repository: Repository, surroundings: Mapping[str, str], echo: Path
) -> Callable[[Mapping[str, str]], list[str]]:
    """Return a function that gives the words which a job calls the scanner with, those of the reports left out."""

    def call(inputs: Mapping[str, str]) -> list[str]:
        job = run_job(repository.folder, inputs, surroundings, program=echo)
        assert job.status == 0, job.log
        words: list[str] = json.loads(job.log)
        assert words[0] == "scan"
        assert words[1:9:2] == ["-o"] * 4
        return words[9:]

    return call


Said = Callable[[Mapping[str, str]], list[str]]


def test_job_without_inputs_scans_the_inventory(said: Said) -> None:
    assert said({}) == ["--"]


def test_inputs_become_arguments(said: Said) -> None:
    inputs = {
        "targets": "web-01\nchroot:./my image\n",
        "site": "site",
        "select": "zone=dmz",
        "baselines": "linux-server:extended\nown\n",
        "fail-on": "medium",
        "new-since": "known.json",
        "arguments": "--become\nsudo\n",
    }
    options = ["--site", "site", "--select", "zone=dmz", "--fail-on", "medium", "--new-since", "known.json"]
    options += ["-b", "linux-server:extended", "-b", "own", "--become", "sudo"]
    assert said(inputs) == [*options, "--", "web-01", "chroot:./my image"]


@pytest.mark.parametrize(
    "text",
    ["$(touch owned)", "`touch owned`", "'; touch owned; '", '"; touch owned; "', "${IFS}*", "\\n\\", "-h", " a  b "],
)
def test_input_is_one_argument_and_never_a_command(said: Said, repository: Repository, text: str) -> None:
    names = ("site", "select", "fail-on", "new-since")
    words = said(dict.fromkeys((*names, "baselines", "targets"), text))
    options = [word for name in names for word in (f"--{name}", text)]
    assert words == [*options, "-b", text, "--", text]
    assert not (repository.folder / "owned").exists()


def test_no_expression_stands_in_a_script() -> None:
    _, jobs = read_component()
    scripts = [step["run"] for step in read_action()["runs"]["steps"]]
    scripts += [line for job in jobs.values() for line in job["script"]]
    assert [script for script in scripts if OWN.search(script)] == []


def test_action_and_component_take_the_same_inputs() -> None:
    declared, _ = read_component()
    here, there = set(read_action()["inputs"]), set(declared)
    assert (here - there, there - here) == (
        {"reports", "as-root", "python"},
        {"job", "stage", "image", "package"},
    )


def test_artifacts_of_the_component_are_what_it_writes() -> None:
    _, jobs = read_component()
    (job,) = jobs.values()
    script = "\n".join(job["script"])
    assert [path for path in job["artifacts"]["reports"].values() if f"={path}" not in script] == []
    assert job["artifacts"]["when"] == "always"


def test_checkout_that_everybody_may_write_is_closed_by_the_component(
    repository: Repository, surroundings: Mapping[str, str], echo: Path
) -> None:
    files = [repository.folder, *repository.folder.iterdir()]
    for path in files:
        path.chmod(0o777)
    run_component(repository.folder, {}, surroundings, program=echo)
    assert [path for path in files if path.stat().st_mode & 0o022] == []


def test_scan_as_root_goes_through_sudo_and_gives_the_reports_back(
    repository: Repository, surroundings: Mapping[str, str], tmp_path: Path, echo: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    log = tmp_path / "log"
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")
    (programs / "sudo").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >>{log}\n[ "$1" != --preserve-env ] || shift\n[ "$1" = chown ] || exec "$@"\n'
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    environment = {**surroundings, "PATH": f"{programs}:{os.environ['PATH']}"}
    job = run_action(repository.folder, {"as-root": "true"}, environment, program=echo)
    first, last = log.read_text().splitlines()
    assert job.status == 0, job.log
    assert first.split()[::2][:2] == ["--preserve-env", "scan"]
    assert last.split()[:5] == ["chown", "-R", "1000:1000", "--", "hardening-reports"]
