"""What the first step of a PowerShell batch says of the target and of the account."""

from __future__ import annotations

import json

import pytest

from hardening.model.evidence import Unreadable
from hardening.model.platform import OperatingSystem
from hardening.model.step import Answer, Completed, NotRun
from hardening.probes.windows_identification import ADMINISTRATORS, STEP, WindowsIdentification
from hardening.probes.windows_identification import parse_windows_identification as parse

SERVER: dict[str, object] = {
    "product": "Windows Server 2022 Standard",
    "edition": "ServerStandard",
    "build": "20348",
    "revision": 2700,
    "installation": "Server Core",
    "type": "ServerNT",
    "computer": "SRV-01",
    "architecture": "AMD64",
    "powershell": "5.1.20348.2700",
    "language_mode": "FullLanguage",
    "account": "EXAMPLE\\audit",
    "time": 1_790_000_000,
    "domain_role": 3,
    "sid": "S-1-5-21-1-2-3-1105",
    "groups": ["S-1-1-0", ADMINISTRATORS],
    "denied": [],
}


def answer(*leave_out: str, **changes: object) -> Answer:
    seen = {name: value for name, value in {**SERVER, **changes}.items() if name not in leave_out}
    return Completed(exit_status=0, stdout=json.dumps([seen, {"end": STEP.name}]).encode())


def system_of(identity: WindowsIdentification) -> OperatingSystem:
    assert isinstance(identity.system, OperatingSystem)
    return identity.system


def test_a_server_is_known_by_its_numbers() -> None:
    assert parse(answer()).system == OperatingSystem(
        family="windows",
        distribution="windows-server",
        version="2022",
        title="Windows Server 2022 Standard",
        kernel="10.0.20348.2700",
        architecture="amd64",
        hostname="srv-01",
        build=20348,
        role="member",
        installation="core",
        powershell="5.1.20348.2700",
        language_mode="FullLanguage",
    )


@pytest.mark.parametrize(
    ("build", "version"),
    [("9600", "2012r2"), ("14393", "2016"), ("17763", "2019"), ("20348", "2022"), ("25398", "2022"), ("26100", "2025")],
)
def test_the_build_tells_the_version(build: str, version: str) -> None:
    assert system_of(parse(answer(build=build))).version == version


def test_an_older_windows_has_an_older_number() -> None:
    assert system_of(parse(answer(build="9600", revision=20000))).kernel == "6.3.9600.20000"


@pytest.mark.parametrize(
    ("role", "expected"),
    [(2, "stand_alone"), (3, "member"), (4, "domain_controller"), (5, "domain_controller"), (9, ""), ("3", "")],
)
def test_the_role_is_a_number(role: object, expected: str) -> None:
    assert system_of(parse(answer(domain_role=role))).role == expected


def test_the_registry_knows_a_domain_controller_too() -> None:
    seen = parse(answer("domain_role", type="LanmanNT"))
    assert system_of(seen).role == "domain_controller"


def test_a_role_that_nobody_tells_is_unknown() -> None:
    assert system_of(parse(answer("domain_role"))).role == ""


def test_a_client_is_no_server() -> None:
    seen = system_of(parse(answer(type="WinNT", build="22631", domain_role=1)))
    assert (seen.distribution, seen.version) == ("windows-client", "11")


def test_an_administrator_is_one_in_any_language() -> None:
    assert parse(answer()).privileges.root


def test_a_filtered_administrator_is_told_apart() -> None:
    privileges = parse(answer(groups=["S-1-1-0"], denied=[ADMINISTRATORS])).privileges
    assert (privileges.root, "User Account Control" in privileges.refused) == (False, True)


def test_a_plain_account_lacks_rights() -> None:
    privileges = parse(answer(groups=["S-1-1-0"])).privileges
    assert privileges.refused == "the account is not a local administrator"


def test_where_the_token_may_not_be_looked_at_nothing_is_claimed() -> None:
    seen = parse(answer("sid", "groups", "denied", token_error="MethodInvocationNotSupportedInConstrainedLanguage"))
    assert (seen.privileges.user, seen.privileges.sid, seen.privileges.root, seen.privileges.refused) == (
        "EXAMPLE\\audit",
        "",
        False,
        "",
    )


def test_the_clock_is_that_of_the_target() -> None:
    assert parse(answer()).target_time == 1_790_000_000


def test_a_clock_that_says_nothing_is_unreadable() -> None:
    assert isinstance(parse(answer("time")).target_time, Unreadable)


@pytest.mark.parametrize(
    "bad",
    [
        NotRun("no end marker"),
        Completed(exit_status=0, stdout=b""),
        Completed(exit_status=0, stdout=b"[]"),
        Completed(exit_status=0, stdout=json.dumps([SERVER]).encode()),
        Completed(exit_status=0, stdout=json.dumps([SERVER, SERVER, {"end": STEP.name}]).encode()),
        answer("build"),
        answer(build="many"),
        answer(build=20348),
        Completed(exit_status=1, stdout=b"", stderr=b'{"type": "System.Exception"}'),
    ],
)
def test_what_does_not_say_what_it_is_stays_unknown(bad: Answer) -> None:
    assert isinstance(parse(bad).system, Unreadable)
