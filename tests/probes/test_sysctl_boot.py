"""The rules of sysctl.d(5), beside the recorded cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.config_files import FileToRead
from hardening.probes.sysctl_boot import dotted, kernel_default, matches, normalize, read_boot_settings


def _find(path: str, *lines: str) -> Field:
    return read_boot_settings([FileToRead("f")], {"f": list(enumerate(lines, start=1))}).find(path)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("kernel.domainname", "kernel/domainname"),
        ("kernel/domainname", "kernel/domainname"),
        ("net.ipv4.conf.enp3s0/200.forwarding", "net/ipv4/conf/enp3s0.200/forwarding"),
        ("net/ipv4/conf/enp3s0.200/forwarding", "net/ipv4/conf/enp3s0.200/forwarding"),
        ("/kernel/panic", "kernel/panic"),
        ("panic", "panic"),
        ("", ""),
    ],
)
def test_first_separator_decides(key: str, path: str) -> None:
    assert normalize(key) == path


@given(st.text(st.sampled_from("ab_-"), min_size=1).map(lambda name: f"net/{name}.1/x"))
def test_dots_and_slashes_come_back(path: str) -> None:
    assert normalize(dotted(path)) == path


def test_later_assignment_wins() -> None:
    assert _find("a/b", "a.b=1", "a.b = 2") == Known("2", "f:2")


def test_named_key_beats_a_later_glob() -> None:
    assert _find("a/b/c", "a.b.c=1", "a.*.c=2") == Known("1", "f:1")


def test_exclusion_keeps_globs_away() -> None:
    assert _find("a/b/c", "-a.b.c", "a.*.c=2") == Absent("f:1")


def test_last_glob_wins() -> None:
    assert _find("a/b/c", "a.*.c=1", "a.b?.c=3", "a.[b].c=2") == Known("2", "f:3")


def test_glob_repeated_with_its_value_keeps_its_turn() -> None:
    assert _find("a/b/c", "a.*.c=1", "a.b*.c=2", "a.*.c=1") == Known("2", "f:2")


def test_minus_in_front_of_an_assignment_only_forgives() -> None:
    assert _find("a/b", "-a.b=1") == Known("1", "f:1")


@pytest.mark.parametrize("line", ["#a.b=1", " ; a.b=1", "a.b 1", ""])
def test_lines_that_set_nothing(line: str) -> None:
    assert _find("a/b", line) == Absent()


def test_file_that_cannot_be_read_leaves_earlier_settings_open() -> None:
    files = [FileToRead("f"), FileToRead("g", "refused")]
    assert read_boot_settings(files, {"f": [(1, "a.b=1")]}).find("a/b") == Unreadable("refused")


def test_file_that_cannot_be_read_does_not_touch_later_settings() -> None:
    files = [FileToRead("g", "refused"), FileToRead("f")]
    assert read_boot_settings(files, {"f": [(1, "a.b=1")]}).find("a/b") == Known("1", "f:1")


def test_globs_stay_within_a_component() -> None:
    assert (matches("a/b/c", "a/*/c"), matches("a/b/c", "a/*"), matches("a/b/c", "*")) == (True, False, False)


@pytest.mark.parametrize(
    ("path", "value"), [("fs/suid_dumpable", "0"), ("net/ipv4/conf/default/accept_source_route", "1")]
)
def test_documented_defaults(path: str, value: str) -> None:
    assert kernel_default(path) == Known(value, "kernel default")


def test_default_that_a_build_option_decides_is_not_guessed() -> None:
    assert kernel_default("kernel/dmesg_restrict") == Absent()
