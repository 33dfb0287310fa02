"""The whole command against real directories, with two checks of a site's own: scan, collect, replay, plan, doctor."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.catalogue import PASSWORD
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.scans import SUDO_PASSWORD, WRONG_PASSWORD, Run, Scans

QUOTA = """\
id: ad-own-quota
title: {en: Only administrators join computers, nb: Bare administratorer melder inn maskiner}
severity: high
rationale: {en: A machine account is a foothold., nb: En maskinkonto er et fotfeste.}
applies_to:
  - {directory: active-directory}
probes:
  head: {kind: ldap_search, scope: base, filter: "(objectClass=domain)", attributes: [ms-DS-MachineAccountQuota]}
expect:
  each: head.objects
  key: dn
  expect: {field: ms_ds_machineaccountquota, equals: 0}
  when_empty: error
remediation: {en: Set it to 0., nb: Sett den til 0.}
action: own-action
references: [https://learn.microsoft.com/windows/win32/adschema/a-ms-ds-machineaccountquota]
samples:
  - name: nobody may
    evidence: {head: {objects: [{dn: DC=a, ms_ds_machineaccountquota: 0}]}}
    outcome: pass
  - name: everybody may
    evidence: {head: {objects: [{dn: DC=a, ms_ds_machineaccountquota: 10}]}}
    outcome: fail
"""
NOBODY = """\
id: ldap-own-nobody
title: {en: Who has not logged in sees nothing, nb: Den som ikke har logget inn ser ingenting}
severity: critical
rationale: {en: Names and mail addresses are personal data., nb: Navn og e-postadresser er personopplysninger.}
applies_to:
  - {directory: [active-directory, openldap]}
probes:
  server: {kind: directory_server}
  session: {kind: connection, endpoint: ldap}
expect:
  all:
    - {field: server.nobody_reads, equals: false}
    - {field: server.plain_login_refused, equals: true}
    - {field: session.encrypted, equals: true}
remediation: {en: Close it., nb: Steng.}
action: own-action
references: [https://www.openldap.org/doc/admin26/access-control.html]
samples:
  - name: closed
    evidence: {server: {nobody_reads: false, plain_login_refused: true}, session: {encrypted: true}}
    outcome: pass
  - name: open
    evidence: {server: {nobody_reads: true, plain_login_refused: true}, session: {encrypted: true}}
    outcome: fail
  - name: logs in over plain LDAP
    evidence: {server: {nobody_reads: false, plain_login_refused: false}, session: {encrypted: true}}
    outcome: fail
  - name: plain
    evidence: {server: {nobody_reads: false, plain_login_refused: true}, session: {encrypted: false}}
    outcome: fail
"""
BASELINE = """\
id: own-directory
title: {en: Own directory, nb: Egen katalog}
version: "1"
controls:
  - id: "1"
    title: {en: Closed, nb: Stengt}
    level: basic
    checks: [ldap-own-nobody, ad-own-quota]
"""
ACTIONS = """\
actions:
  - {id: own-action, title: {en: Own, nb: Egen}, effort: 1, how: directory}
"""
OWN = ("-b", "own-directory")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a site folder with the two checks and their baseline."""
    folder = tmp_path / "site"
    files = {
        "checks/ad/own/ad-own-quota.yaml": QUOTA,
        "checks/openldap/own/ldap-own-nobody.yaml": NOBODY,
        "checks/actions.yaml": ACTIONS,
        "baselines/own-directory.yaml": BASELINE,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


def words(
    server: Directory, site: Path, *, scheme: str = "ldaps", user: str = "", password: str = ""
) -> tuple[str, ...]:
    login = ("--user", user or server.user, "--password-from", f"env:{password or SUDO_PASSWORD}")
    return (f"{scheme}://{server.address}", *login, "--ca-file", str(server.ca_file), "--site", str(site), *OWN)


def scan(scans: Scans, server: Directory, site: Path, *more: str, **how: str) -> Run:
    return scans.run("scan", *words(server, site, **how), *more, "-o", "json=-")


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("dc-clean", {"ldap-own-nobody": "pass", "ad-own-quota": "pass"}),
        ("dc-seeded", {"ldap-own-nobody": "fail", "ad-own-quota": "fail"}),
        ("slapd-hard", {"ldap-own-nobody": "pass", "ad-own-quota": "not_applicable"}),
        ("slapd-weak", {"ldap-own-nobody": "fail", "ad-own-quota": "not_applicable"}),
    ],
)
def test_what_is_seeded_is_found_and_nothing_else(
    scans: Scans, directory: StartDirectory, site: Path, name: str, outcomes: dict[str, str]
) -> None:
    assert scan(scans, directory(name), site).outcomes == outcomes


def test_starttls_sees_the_same(scans: Scans, directory: StartDirectory, site: Path) -> None:
    server = directory("dc-clean")
    assert scan(scans, server, site, scheme="ldap").outcomes == scan(scans, server, site).outcomes


def test_a_wrong_password_is_an_error_of_all_checks_but_those_of_the_session(
    scans: Scans, directory: StartDirectory, site: Path
) -> None:
    run = scan(scans, directory("dc-clean"), site, password=WRONG_PASSWORD)
    assert (run.status, set(run.outcomes.values())) == (3, {"error"})
    assert "the name or the password is wrong (result 49" in run.said
    assert "Traceback" not in run.err


def test_the_report_tells_the_directory(scans: Scans, directory: StartDirectory, site: Path, tmp_path: Path) -> None:
    page = tmp_path / "gap.html"
    run = scan(scans, directory("dc-clean"), site, "-o", f"html={page}")
    (target,) = run.report["targets"]
    assert target["directory"]["kind"] == "active-directory"
    assert "Active Directory, DC=kommune,DC=test" in page.read_text(encoding="utf-8")


def test_a_check_that_needs_a_directory_is_a_usage_error_where_there_is_none(scans: Scans, site: Path) -> None:
    run = scans.run("scan", "local", "--site", site, *OWN)
    assert run.status == 2
    assert "cannot be asked: kind ldap_search needs a directory; give the target an endpoint `ldap:`" in run.said


def test_a_check_that_needs_a_shell_is_a_usage_error_where_there_is_none(
    scans: Scans, directory: StartDirectory, site: Path
) -> None:
    run = scans.run("scan", *words(directory("slapd-hard"), site)[:-2], "-b", "linux-server")
    assert run.status == 2
    assert "needs a way to a shell" in run.said


def inventory(site: Path, text: str) -> Path:
    path = site / "inventory.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def both_ways(scans: Scans, server: Directory, site: Path, *, ssh_port: int = 22) -> Run:
    host, hosts = scans.lab.host("plain"), scans.lab.known_hosts
    text = f"""\
credentials:
  key: {{key: {host.key}}}
  domain: {{password: "env:{SUDO_PASSWORD}"}}
targets:
  - name: dc-01
    ssh: {{address: {host.address}, port: {ssh_port}, user: audit, known_hosts: {hosts}, credential: key}}
    ldap: {{address: {server.address}, user: {server.user}, ca_file: {server.ca_file}, credential: domain}}
    baselines: [own-directory, linux-server]
"""
    check = ("--check", "ad-own-quota", "--check", "linux-perm-shadow")
    return scans.run("scan", "-i", inventory(site, text), "--site", site, *check, "-o", "json=-")


def test_a_target_may_be_seen_through_a_shell_and_a_directory(
    scans: Scans, directory: StartDirectory, site: Path
) -> None:
    run = both_ways(scans, directory("dc-clean"), site)
    assert run.outcomes == {"ad-own-quota": "pass", "linux-perm-shadow": "pass"}
    (target,) = run.report["targets"]
    assert [endpoint["channel"] for endpoint in target["endpoints"]] == ["ssh", "ldap"]


def test_an_endpoint_that_fails_costs_its_own_checks_only(scans: Scans, directory: StartDirectory, site: Path) -> None:
    run = both_ways(scans, directory("dc-clean"), site, ssh_port=9)
    assert run.outcomes == {"ad-own-quota": "pass", "linux-perm-shadow": "error"}
    assert run.status == 3


def collect(scans: Scans, server: Directory, site: Path, into: Path, *more: str) -> Run:
    return scans.run("collect", *words(server, site), "--keep-raw", "--into", into, *more)


def test_a_recording_is_judged_as_the_directory_was(
    scans: Scans, directory: StartDirectory, site: Path, tmp_path: Path
) -> None:
    server = directory("dc-seeded")
    assert collect(scans, server, site, tmp_path / "raw").status == 0
    (path,) = (tmp_path / "raw").glob("*.ldap.recording.json.gz")
    replayed = scans.run("scan", f"recorded:{path}", "--site", site, *OWN, "-o", "json=-")
    assert replayed.outcomes == scan(scans, server, site).outcomes


def test_no_password_is_kept_anywhere(scans: Scans, directory: StartDirectory, site: Path, tmp_path: Path) -> None:
    server = directory("slapd-weak")
    assert collect(scans, server, site, tmp_path / "raw", "-vv").status == 0
    kept = [gzip.decompress(path.read_bytes()).decode() for path in (tmp_path / "raw").glob("*.gz")]
    assert len(kept) == 2
    assert [text for text in kept if PASSWORD in text] == []


def test_a_recording_of_a_directory_is_not_said_to_be_clean(
    scans: Scans, directory: StartDirectory, site: Path, tmp_path: Path
) -> None:
    run = collect(scans, directory("dc-clean"), site, tmp_path / "raw", "--redact")
    assert (run.status, (tmp_path / "raw").exists()) == (2, False)
    assert "what a directory answers cannot be cleaned yet" in run.said


def test_the_plan_shows_every_search(scans: Scans, site: Path) -> None:
    text = scans.run("plan", "--site", site, *OWN).out
    assert "filter (objectClass=domain)" in text
    assert "attributes ms-DS-MachineAccountQuota" in text
    assert "one simple bind over plain LDAP, with a made-up account and a made-up password" in text


def test_nothing_is_sent_that_the_plan_does_not_show(
    scans: Scans, directory: StartDirectory, site: Path, tmp_path: Path
) -> None:
    plan = json.loads(scans.run("plan", "--site", site, *OWN, "--json").out)
    run = scan(scans, directory("dc-clean"), site)
    (target,) = run.report["targets"]
    del tmp_path
    assert [step["name"] for step in target["steps"]] == [step["name"] for step in plan["steps"]]


def examine(scans: Scans, server: Directory, site: Path, **how: str) -> list[dict[str, Any]]:
    run = scans.run("doctor", *words(server, site, **how), "--json")
    (target,) = json.loads(run.out)["targets"]
    return list(target["stages"])


def test_the_doctor_passes_every_stage_of_a_healthy_directory(
    scans: Scans, directory: StartDirectory, site: Path
) -> None:
    stages = examine(scans, directory("dc-clean"), site)
    assert [(stage["stage"], stage["state"]) for stage in stages if stage["stage"] != "certificate"] == [
        (name, "ok") for name in ("credential", "name", "port", "login", "root_dse", "rights", "clock")
    ]


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("slapd-expired", SUDO_PASSWORD, ("certificate", "fail", "openssl")),
        ("slapd-unknown", SUDO_PASSWORD, ("certificate", "fail", "openssl")),
        ("slapd-hard", WRONG_PASSWORD, ("login", "fail", "ldapwhoami")),
    ],
)
def test_the_doctor_names_the_stage_that_fails(  # noqa: PLR0917 - fixtures and a row of the table
    scans: Scans, directory: StartDirectory, site: Path, name: str, password: str, expected: tuple[str, ...]
) -> None:
    last = examine(scans, directory(name), site, password=password)[-1]
    assert (last["stage"], last["state"], last["line"].split()[0]) == expected
    assert last["remedy"]
