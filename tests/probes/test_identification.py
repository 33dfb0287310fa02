"""What a target is and who we are on it, from the first step of every batch."""

from __future__ import annotations

import pytest

from hardening.model.evidence import Unreadable
from hardening.model.platform import OperatingSystem
from hardening.model.step import Answer, Completed, NotRun
from hardening.probes.identification import parse_identification

_DEBIAN = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_ID="12"
ID=debian
running=yes
container=
time=1767225600
id=uid=1000(audit) gid=1000(audit) groups=1000(audit),27(sudo)
uname=Linux web-01 6.1.0-28-amd64 x86_64
"""


def _answer(text: str, *, cut: bool = False) -> Answer:
    return Completed(exit_status=0, stdout=text.encode("utf-8", "surrogateescape"), cut=cut)


def _system(text: str) -> OperatingSystem:
    system = parse_identification(_answer(text)).platform.os
    assert isinstance(system, OperatingSystem)
    return system


def test_debian_is_recognised() -> None:
    assert _system(_DEBIAN) == OperatingSystem(
        family="linux",
        distribution="debian",
        version="12",
        title="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-28-amd64",
        architecture="x86_64",
        hostname="web-01",
    )


def test_account_and_time_are_read() -> None:
    found = parse_identification(_answer(_DEBIAN))
    assert (found.user, found.uid, found.target_time) == ("audit", 1000, 1767225600)


def test_likeness_is_a_list_of_words() -> None:
    assert _system('ID="rocky"\nID_LIKE="rhel centos fedora"\n' + _DEBIAN).like == ("rhel", "centos", "fedora")


@pytest.mark.parametrize("name", ["docker", "podman", "systemd-nspawn", "other"])
def test_containers_are_marked(name: str) -> None:
    assert _system(_DEBIAN.replace("container=", f"container={name}")).container is True


def test_windows_subsystem_for_linux_is_a_container() -> None:
    text = _DEBIAN.replace("6.1.0-28-amd64", "5.15.153.1-microsoft-standard-WSL2")
    assert _system(text).container is True


def test_tree_has_no_kernel_of_its_own() -> None:
    system = _system(_DEBIAN.replace("running=yes", "running="))
    assert (system.running, system.kernel) == (False, "")


def test_rolling_release_has_no_version() -> None:
    assert _system(_DEBIAN.replace('VERSION_ID="12"\n', "")).version == ""


def test_quotes_that_do_not_close_are_survived() -> None:
    assert _system(_DEBIAN.replace("ID=debian", 'ID="debian')).distribution == "debian"


def test_account_without_a_name_is_known_by_number() -> None:
    found = parse_identification(_answer(_DEBIAN.replace("1000(audit) gid", "1000 gid")))
    assert (found.user, found.uid) == ("", 1000)


def test_missing_account_is_no_root() -> None:
    assert parse_identification(_answer(_DEBIAN.replace("id=uid=1000(audit)", "id="))).uid == -1


@pytest.mark.parametrize("time", ["", "%s", "-5", "٣"])
def test_clock_that_gives_no_number_is_unreadable(time: str) -> None:
    text = _DEBIAN.replace("time=1767225600", f"time={time}")
    assert parse_identification(_answer(text)).target_time == Unreadable("date gave no number")


def test_host_name_may_hold_anything() -> None:
    assert _system(_DEBIAN.replace("web-01", "a b\x1b[31m\udce5")).hostname == "a b\x1b[31m\\xe5"


def test_step_that_did_not_run_leaves_everything_open() -> None:
    found = parse_identification(NotRun("the host hangs"))
    assert (found.platform.os, found.uid, found.target_time) == (
        Unreadable("the host hangs"),
        -1,
        Unreadable("the host hangs"),
    )


def test_cut_answer_leaves_the_platform_open() -> None:
    assert parse_identification(_answer(_DEBIAN[:60], cut=True)).platform.os == Unreadable("the output was cut")


def test_silence_leaves_the_platform_open() -> None:
    expected = Unreadable("the target does not say what system it is")
    assert parse_identification(_answer("")).platform.os == expected
