"""From an address to exit status and report: Windows behind WinRM, with a check of a site, on the lab's server."""
# ruff: noqa: D102 - methods of a fixture

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardening.app.plan import plan_for
from hardening.app.site import find_site
from hardening.model.step import Answer, NotRun, PowerShellStep
from hardening.probes.windows_identification import ADMINISTRATORS
from hardening.probes.windows_identification import STEP as IDENTIFICATION
from tests.cli.conftest import Command, Run
from tests.lab.directory.authority import Authority
from tests.lab.wsman.replies import Mangling, PowerShell, answer_error, answer_items, reply_from
from tests.lab.wsman.server import ACCESS_DENIED, PASSWORD, Behaviour, Trouble, WsManServer, serve

AUTHORITY = Authority("Lab")
LSA = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Lsa"
CHECK = """\
id: win-site-lm-hash
title:
  en: No LM hashes are stored
  nb: Ingen LM-hasher lagres
severity: high
rationale:
  en: LM hashes are broken in minutes.
  nb: LM-hasher knekkes på minutter.
applies_to:
  - {os_family: windows, role: [member, domain_controller]}
probes:
  value: {kind: registry_value, path: HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa, name: NoLMHash}
expect: {field: value.number, equals: 1}
remediation:
  en: Set it by group policy.
  nb: Sett den med gruppepolicy.
action: fix-file-permissions
references: [https://learn.microsoft.com/en-us/troubleshoot/windows-server/windows-security/prevent-windows-store-lm-hash-password]
samples:
  - name: set
    evidence: {value: {number: 1}}
    outcome: pass
  - name: not set
    evidence: {value: {number: 0}}
    outcome: fail
"""
BASELINE = """\
id: site-windows
title: {en: Our Windows servers, nb: Windows-serverne våre}
version: "1.0"
controls:
  - id: "1"
    title: {en: No LM hashes, nb: Ingen LM-hasher}
    level: basic
    checks: [win-site-lm-hash]
"""
MACHINE: dict[str, object] = {
    "product": "Windows Server 2022 Standard",
    "build": "20348",
    "revision": 2700,
    "installation": "Server",
    "type": "ServerNT",
    "computer": "SRV-01",
    "architecture": "AMD64",
    "powershell": "5.1.20348.2700",
    "language_mode": "FullLanguage",
    "account": "EXAMPLE\\audit",
    "time": 1_790_000_000,
    "domain_role": 3,
    "sid": "S-1-5-21-1-2-3-1105",
    "groups": [ADMINISTRATORS],
    "denied": [],
}


def answers(value: int, **machine: object) -> dict[str, Answer]:
    return {
        IDENTIFICATION.name: answer_items({**MACHINE, **machine}, {"end": IDENTIFICATION.name}),
        "registry_value": answer_items(
            {"key": LSA, "name": "NoLMHash", "type": "dword", "data": value}, {"read": LSA}, {"end": "registry_value"}
        ),
    }


@dataclass
class Windows:
    """A server, and the command that scans it."""

    server: WsManServer
    folder: Path
    hardening: Command

    def scan(self, *words: object) -> Run:
        return self.run("scan", self.address, "-b", "site-windows", "-o", "json=-", "-q", *words)

    @property
    def address(self) -> str:
        return f"winrm+https://EXAMPLE%5Caudit@127.0.0.1:{self.server.port}"

    def run(self, command: str, *words: object) -> Run:
        reach = ("--ca-file", self.folder / "ca.pem", "--password-from", "env:AUDIT_PASSWORD", "--site", self.folder)
        return self.hardening(command, *words, *reach)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site that asks one thing of Windows."""
    site = tmp_path_factory.mktemp("windows") / "site"
    for path, text in {
        "checks/windows/own/win-site-lm-hash.yaml": CHECK,
        "baselines/site-windows.yaml": BASELINE,
        "ca.pem": AUTHORITY.pem.decode(),
    }.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
    site.chmod(0o700)
    return site


@pytest.fixture(scope="session")
def steps(site: Path) -> tuple[PowerShellStep, ...]:
    """Return the steps of the plan, as the site's content gives them."""
    return plan_for(find_site(site), ["site-windows"], frozenset()).powershell_steps


@pytest.fixture
def windows(
    request: pytest.FixtureRequest,
    hardening: Command,
    site: Path,
    steps: tuple[PowerShellStep, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Windows]:
    """Return a server with the answers that the test is given."""
    monkeypatch.setenv("AUDIT_PASSWORD", PASSWORD)
    given: Mapping[str, Answer] = getattr(request, "param", answers(1))
    powershell = PowerShell(reply_from(given, steps))
    with serve(powershell, paper=AUTHORITY.issue(["127.0.0.1"])) as server:
        yield Windows(server, site, hardening)


def only_result(run: Run) -> tuple[str, str]:
    assert run.out, run.err
    (result,) = run.report["results"]
    return result["outcome"], json.dumps(result["reasons"])


def test_a_hardened_server_passes(windows: Windows) -> None:
    run = windows.scan()
    assert (run.status, only_result(run)[0]) == (0, "pass"), json.dumps(run.report["targets"])


@pytest.mark.parametrize("windows", [answers(0)], indirect=True)
def test_a_weak_server_has_a_gap(windows: Windows) -> None:
    run = windows.scan()
    assert (run.status, only_result(run)[0]) == (10, "fail"), run.err


@pytest.mark.parametrize("windows", [answers(1, domain_role=2)], indirect=True)
def test_the_role_decides_what_applies(windows: Windows) -> None:
    assert only_result(windows.scan())[0] == "not_applicable"


def test_a_scan_costs_eight_requests_and_one_shell(windows: Windows) -> None:
    windows.scan()
    server = windows.server
    assert (server.requests, server.opened, server.closed) == (8, 1, 1)


def test_what_the_server_is_stands_in_the_report(windows: Windows) -> None:
    (target,) = windows.scan().report["targets"]
    system = target["system"]
    assert [system[name] for name in ("version", "build", "role", "installation", "language_mode")] == [
        "2022",
        20348,
        "member",
        "desktop",
        "FullLanguage",
    ]


@pytest.mark.parametrize(
    "windows",
    [
        {
            **answers(1),
            "registry_value": answer_error("System.UnauthorizedAccessException", -2147024891, "Ingen tilgang."),
        }
    ],
    indirect=True,
)
def test_access_denied_is_an_error_that_names_the_right(windows: Windows) -> None:
    run = windows.scan()
    outcome, reasons = only_result(run)
    assert (run.status, outcome, "access denied: needs an administrator" in reasons) == (3, "error", True)


@pytest.mark.parametrize("windows", [{**answers(1), "registry_value": NotRun("")}], indirect=True)
def test_an_answer_that_is_missing_is_an_error(windows: Windows) -> None:
    assert only_result(windows.scan())[0] == "error"


@pytest.mark.parametrize("windows", [answers(1, language_mode="ConstrainedLanguage")], indirect=True)
def test_what_constrained_language_costs_is_said(windows: Windows) -> None:
    (target,) = windows.scan().report["targets"]
    assert target["system"]["language_mode"] == "ConstrainedLanguage"


def test_a_stub_that_says_nothing_is_an_error(windows: Windows) -> None:
    windows.server.powershell.mangling = Mangling.SAYS_NOTHING
    run = windows.scan()
    assert run.status == 3
    assert "said nothing" in json.dumps(run.report["targets"])


def test_a_refused_shell_is_one_line_with_the_remedy(windows: Windows) -> None:
    windows.server.behaviour = Behaviour(faults={"Create": (ACCESS_DENIED, "Ingen tilgang.")})
    run = windows.run("scan", windows.address, "-b", "site-windows")
    lines = [line for line in run.out.splitlines() if "access denied" in line]
    assert (run.status, len(lines) >= 1, "Traceback" in run.err) == (3, True, False)


def test_the_password_is_nowhere(windows: Windows, tmp_path: Path) -> None:
    run = windows.scan("-o", "html=win.html")
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(PASSWORD.encode() in data for data in [*kept, run.out.encode(), run.err.encode()])


def test_a_recording_is_judged_as_the_server_was(windows: Windows, tmp_path: Path) -> None:
    at_once = windows.scan().report
    kept = tmp_path / "kept"
    windows.run("collect", windows.address, "-b", "site-windows", "--keep-raw", "--into", kept, "-q")
    (recording,) = kept.glob("*.recording.json.gz")
    later = windows.run("scan", f"recorded:{recording}", "-b", "site-windows", "-o", "json=-", "-q").report
    assert [result["outcome"] for result in later["results"]] == [result["outcome"] for result in at_once["results"]]


def test_an_inventory_names_windows(windows: Windows, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "credentials:\n  audit: {password: 'env:AUDIT_PASSWORD'}\n"
        "targets:\n  - name: srv-01\n"
        f"    winrm: {{address: 127.0.0.1, port: {windows.server.port}, user: 'EXAMPLE\\audit',\n"
        f"            ca_file: {windows.folder}/ca.pem}}\n"
        "    credential: audit\n    baselines: [site-windows]\n"
    )
    inventory.chmod(0o600)
    run = windows.hardening("scan", "-i", inventory, "-o", "json=-", "-q", "--site", windows.folder)
    assert (run.status, [target["name"] for target in run.report["targets"]]) == (0, ["srv-01"])


def test_the_plan_shows_every_script(windows: Windows) -> None:
    run = windows.hardening("plan", "-b", "site-windows", "--endpoint", "winrm", "--site", windows.folder)
    assert "# registry_value (PowerShell; at most" in run.out
    assert "# windows_identification (PowerShell; at most" in run.out


def test_a_linux_baseline_needs_another_way(windows: Windows) -> None:
    run = windows.run("scan", windows.address, "-b", "linux-server")
    assert (run.status, windows.server.requests) == (2, 0)
    assert "needs a way to a shell" in run.err


def stages(run: Run) -> dict[str, str]:
    return {line["stage"]: line["state"] for line in json.loads(run.out)["targets"][0]["stages"]}


def test_the_doctor_finds_nothing_wrong_with_a_server_in_order(windows: Windows) -> None:
    run = windows.run("doctor", windows.address, "-b", "site-windows", "--json")
    assert set(stages(run)) == {
        "credential",
        "name",
        "port",
        "certificate",
        "login",
        "shell",
        "powershell",
        "administrator",
        "rights",
        "clock",
    }
    assert [stages(run)[stage] for stage in ("certificate", "login", "shell", "powershell")] == [
        "warn",
        "ok",
        "ok",
        "ok",
    ]


def test_the_doctor_names_a_refused_shell(windows: Windows) -> None:
    windows.server.behaviour = Behaviour(faults={"Create": (ACCESS_DENIED, "Ingen tilgang.")})
    run = windows.run("doctor", windows.address, "-b", "site-windows", "--json")
    assert (run.status, stages(run)["login"], stages(run)["shell"]) == (10, "ok", "fail")


@pytest.mark.parametrize("windows", [answers(1, groups=[], denied=[ADMINISTRATORS])], indirect=True)
def test_the_doctor_names_an_account_that_uac_filters(windows: Windows) -> None:
    run = windows.run("doctor", windows.address, "-b", "site-windows")
    assert "User Account Control" in run.out


@pytest.mark.parametrize("windows", [answers(1, language_mode="ConstrainedLanguage")], indirect=True)
def test_the_doctor_names_constrained_language(windows: Windows) -> None:
    run = windows.run("doctor", windows.address, "-b", "site-windows", "--json")
    assert stages(run)["powershell"] == "warn"


def test_the_doctor_names_a_stub(windows: Windows) -> None:
    windows.server.powershell.mangling = Mangling.SAYS_NOTHING
    run = windows.run("doctor", windows.address, "-b", "site-windows", "--json")
    assert (run.status, stages(run)["powershell"]) == (10, "fail")


def test_a_cleaned_recording_is_judged_alike_and_names_nobody(windows: Windows, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    words = ("-b", "site-windows", "--keep-raw", "--redact", "--into", kept, "-q")
    assert windows.run("collect", windows.address, *words).status == 0
    (recording,) = kept.glob("redacted-*.recording.json.gz")
    run = windows.run("scan", f"recorded:{recording}", "-b", "site-windows", "-o", "json=-", "-q")
    (target,) = run.report["targets"]
    assert (run.status, only_result(run)[0], target["system"]["hostname"]) == (0, "pass", "host1")
    assert "EXAMPLE" not in gzip.decompress(recording.read_bytes()).decode()
    assert "srv-01" not in json.dumps(run.report["targets"]).lower()


def test_a_kit_makes_an_endpoint_that_gives_the_same_results(windows: Windows, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    words = ("-b", "site-windows", "--kit", kit, "--account", "EXAMPLE\\audit", "--site", windows.folder)
    assert windows.hardening("plan", *words).status == 0
    windows.server.configurations = {"HardeningScan": (kit / "HardeningScan.psrc").read_text()}
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "credentials:\n  audit: {password: 'env:AUDIT_PASSWORD'}\n"
        "targets:\n  - name: srv-01\n    credential: audit\n    baselines: [site-windows]\n"
        f"    winrm: {{address: 127.0.0.1, port: {windows.server.port}, user: 'EXAMPLE\\audit', backend: psrp,\n"
        f"            configuration: HardeningScan, ca_file: {windows.folder}/ca.pem}}\n"
    )
    inventory.chmod(0o600)
    run = windows.hardening("scan", "-i", inventory, "-o", "json=-", "-q", "--site", windows.folder)
    assert (run.status, only_result(run)[0]) == (0, "pass"), json.dumps(run.report["targets"])


def test_the_doctor_finds_the_backend_that_an_account_can_use(windows: Windows) -> None:
    windows.server.behaviour = Behaviour(faults={"shell.Create": (ACCESS_DENIED, "Ingen tilgang.")})
    run = windows.run("doctor", windows.address, "-b", "site-windows")
    assert "a PowerShell session opens: backend psrp works" in run.out
    assert (run.status, windows.server.opened, windows.server.closed) == (10, 1, 1)


@pytest.mark.parametrize("windows", [answers(1, language_mode="ConstrainedLanguage", sid="")], indirect=True)
def test_a_page_says_what_the_server_is_and_as_whom_it_was_asked(windows: Windows, tmp_path: Path) -> None:
    windows.scan("-o", "html=win.html", "--lang", "nb")
    page = (tmp_path / "win.html").read_text()
    assert "10.0.20348.2700, medlem av et domene, med skrivebord, PowerShell i ConstrainedLanguage" in page
    assert "EXAMPLE\\audit, uten administratorrettigheter" in page


def test_a_server_that_breaks_off_a_session_is_one_line(windows: Windows, tmp_path: Path) -> None:
    windows.server.behaviour = Behaviour(troubles={"any": Trouble.DROP_BEFORE})
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "credentials:\n  audit: {password: 'env:AUDIT_PASSWORD'}\n"
        "targets:\n  - name: srv-01\n    credential: audit\n    baselines: [site-windows]\n"
        f"    winrm: {{address: 127.0.0.1, port: {windows.server.port}, user: 'EXAMPLE\\audit', backend: psrp,\n"
        f"            ca_file: {windows.folder}/ca.pem}}\n"
    )
    inventory.chmod(0o600)
    run = windows.hardening("scan", "-i", inventory, "-o", "json=-", "--site", windows.folder)
    assert "Traceback" not in run.err
    assert "the peer closed the connection without an answer" in run.report["targets"][0]["endpoints"][0]["failure"]


def test_the_plan_shows_the_whole_text_that_is_sent(windows: Windows) -> None:
    words = ("--endpoint", "winrm", "--script", "--site", windows.folder)
    shown = windows.hardening("plan", "-b", "site-windows", *words).out
    windows.scan()
    (line,) = windows.server.command_lines
    assert shown.startswith(f"# batch: PowerShell, on the standard input of {line}\n")
    assert all(script.replace("'", "''") in shown for script in windows.server.powershell.asked)


def test_an_interrupted_scan_leaves_no_shell_behind(windows: Windows, tmp_path: Path) -> None:
    windows.server.powershell.mangling = Mangling.HANGS
    words = ["scan", windows.address, "-b", "site-windows", "--site", str(windows.folder), "-q"]
    reach = ["--ca-file", str(windows.folder / "ca.pem"), "--password-from", "env:AUDIT_PASSWORD"]
    program = [sys.executable, "-c", "from hardening.cli import run; run()", *words, *reach]
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path / "other"), "AUDIT_PASSWORD": PASSWORD}
    with subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as scan:
        until = time.monotonic() + 60
        while not windows.server.actions["Receive"] and time.monotonic() < until:
            time.sleep(0.05)
        scan.send_signal(signal.SIGINT)
        status = scan.wait(60)
    assert (status, windows.server.opened, windows.server.closed) == (130, 1, 1)
