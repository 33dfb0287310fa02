"""Proves that servers which hang, refuse or drop out cost themselves alone: one line each, and all the others whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.scans import Run, Scans
from tests.lab.test_interrupts import slowed

pytestmark = pytest.mark.timeout(400)  # the first test waits for the scan of all

GOOD = ("bastion", "plain", "nosudo", "narrow")
EACH = 5
TARGET_DEADLINE = 25
DEADLINE = 90
MID_ANSWER = "busybox"

HANG = {
    "hang-tcp": "no answer in time",
    "hang-banner": "something listens, but no SSH greeting came",
    "hang-kex": "the server greeted and then said nothing more",
    "hang-shell": f"the visit took longer than {TARGET_DEADLINE} s, and was given up",
    "hang-step": f"the visit took longer than {TARGET_DEADLINE} s, and was given up",
}
REFUSE = {
    "refuse-user": "the login as nobody-we-know was refused",
    "refuse-key": "the login as pwonly was refused",
    "refuse-root": "the login as root was refused",
}
DROP = {"drop-early": "the connection broke", "drop-late": "the connection broke"}


@pytest.fixture(scope="module")
def inventory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an inventory of good servers, under several names each, and of ten that are not."""
    folder = tmp_path_factory.mktemp("fleet")
    folder.chmod(0o700)
    rows = [
        f"  - {{name: {name}-{number}, ssh: {{address: {lab.host(name).address}}}}}"
        for number in range(EACH)
        for name in GOOD
    ]
    peers = {"hang-tcp": "full-backlog", "hang-banner": "silent", "hang-kex": "greets-then-silent"}
    for name, peer in peers.items():
        place = lab.peer(peer)
        rows.append(f"  - {{name: {name}, ssh: {{address: {place.address}, port: {place.port}}}}}")
    for name, host, user in (
        ("hang-shell", "hangs", "audit"),
        ("hang-step", MID_ANSWER, "audit"),
        ("refuse-user", "bastion", "nobody-we-know"),
        ("refuse-key", "plain", "pwonly"),
        ("refuse-root", "nosudo", "root"),
        ("drop-early", "closes", "audit"),
        ("drop-late", "frozen", "audit"),
    ):
        rows.append(f"  - {{name: {name}, ssh: {{address: {lab.host(host).address}, user: {user}}}}}")
    path = folder / "inventory.yaml"
    path.write_text(
        f"credentials: {{lab: {{key: {lab.user_key}}}}}\n"
        "defaults:\n  credential: lab\n  baselines: [linux-server]\n"
        f"  ssh: {{user: audit, known_hosts: {lab.known_hosts}}}\n"
        "targets:\n" + "\n".join(rows) + "\n"
    )
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def fleet(lab: Lab, scans: Scans, inventory: Path) -> Run:
    """Scan all of them at once."""
    pace = ("--workers", 16, "--target-deadline", f"{TARGET_DEADLINE}s", "--deadline", f"{DEADLINE}s")
    with (
        slowed(lab.host(MID_ANSWER), "/usr/bin/dpkg-query", "exec sleep 4242"),
        # The shell that asks is the child of the sshd that serves it: without that one the connection is gone.
        slowed(lab.host("frozen"), "/usr/bin/dpkg-query", "sleep 0.2; pkill -KILL -u audit sshd; sleep 5"),
    ):
        return scans.run("scan", "-i", inventory, *pace, "-o", "json=-")


def test_every_good_server_is_examined_as_alone(scans: Scans, fleet: Run) -> None:
    report = fleet.report
    for name in GOOD:
        alone = scans.scan_once(f"audit@{name}", "-b", "linux-server").outcomes
        for number in range(EACH):
            own = {each["check"]: each["outcome"] for each in report["results"] if each["target"] == f"{name}-{number}"}
            assert own == alone, f"{name}-{number}"


def test_every_server_that_gave_no_answer_is_one_line_with_its_reason(fleet: Run) -> None:
    failures = {
        target["name"]: [endpoint["failure"] for endpoint in target["endpoints"]]
        for target in fleet.report["targets"]
        if not target["reached"]
    }
    expected = {**HANG, **REFUSE}
    assert set(failures) == set(expected), failures
    for name, reason in expected.items():
        assert reason in failures[name][0], failures[name]


def test_a_server_that_drops_out_keeps_what_it_said_and_the_rest_has_the_reason(fleet: Run) -> None:
    for name, reason in DROP.items():
        results = [each for each in fleet.report["results"] if each["target"] == name]
        lost = [each for each in results if each["outcome"] == "error"]
        assert lost
        assert reason in json.dumps(lost)


def test_every_bad_server_is_one_line_of_the_summary(fleet: Run) -> None:
    said = fleet.said
    assert [name for name in (*HANG, *REFUSE, *DROP) if name not in said] == []


def test_the_visits_end_within_their_deadline(fleet: Run) -> None:
    info = fleet.report["info"]
    # Three rounds of those that hang, had they held up the others, would be longer.
    assert info["finished"] - info["started"] <= TARGET_DEADLINE + 10


def test_the_status_says_that_there_are_gaps_or_that_something_was_not_examined(fleet: Run) -> None:
    report = fleet.report
    has_gap = any(each["outcome"] == "fail" and each["severity"] in {"critical", "high"} for each in report["results"])
    assert fleet.status == (10 if has_gap else 3)


def test_a_scan_of_bad_servers_alone_is_incomplete(scans: Scans, inventory: Path) -> None:
    names = ("hang-banner", "hang-shell", "refuse-user")
    run = scans.run("scan", *names, "-i", inventory, "--target-deadline", 8, "-o", "json=-")
    assert (run.status, [target["reached"] for target in run.report["targets"]]) == (3, [False] * 3)


def test_no_process_of_a_target_that_was_given_up_is_left(lab: Lab, fleet: Run) -> None:
    del fleet
    host = lab.host("hangs")
    left = [line for line in host.run("ps", "-ww", "-eo", "user=,args=").splitlines() if line.startswith("audit")]
    assert [line for line in left if "sh" in line] == []
