"""Package versions are ordered as dpkg and rpm order them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.probes.versions import compare_dpkg, compare_rpm

_COMPARE = {"dpkg": compare_dpkg, "rpm": compare_rpm}
_VERSION = st.text(st.sampled_from("0019azA.+~^-:"), max_size=9)
_DEBIAN_VERSION = st.from_regex(r"([0-9]:)?[0-9][0-9a-c.+~]{0,5}(-[0-9a-c.+~]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.0.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0~~a", "1.0~"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("9.9", "1:0.1"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("1.0-1~bpo12+1", "1.0-1"),
        ("1:9.2p1-2+deb12u2", "1:9.2p1-2+deb12u10"),
        ("1.0-1", "1.0-1ubuntu0.1"),
    ],
)
def test_dpkg_orders_versions(older: str, newer: str) -> None:
    assert (compare_dpkg(older, newer), compare_dpkg(newer, older)) == (-1, 1)


@pytest.mark.parametrize(("left", "right"), [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.01", "1.1"), ("1.0.0", "1.0.")])
def test_dpkg_sees_equal_versions(left: str, right: str) -> None:
    assert compare_dpkg(left, right) == 0


# The vectors of rpm's own test suite (tests/rpmvercmp.at) and the examples of rpm-version(7).
@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "2.0"),
        ("2.0", "2.0.1"),
        ("5.5p1", "5.5p2"),
        ("5.5p1", "5.5p10"),
        ("10xyz", "10.1xyz"),
        ("xyz10", "xyz10.1"),
        ("xyz.4", "8"),
        ("xyz.4", "2"),
        ("5.5p2", "5.6p1"),
        ("5.6p1", "6.5p1"),
        ("6.0", "6.0.rc1"),
        ("10a2", "10b2"),
        ("1.0a", "1.0aa"),
        ("1.0aa", "1.0b"),
        ("2.0.1", "2.0.1a"),
        ("1.0~rc1", "1.0"),
        ("1.0~rc1~git123", "1.0~rc1"),
        ("1.0", "1.0^"),
        ("1.0", "1.0^git1"),
        ("1.0^git1", "1.0^git2"),
        ("1.0^git1", "1.01"),
        ("1.0^20160101", "1.0.1"),
        ("1.0^20160101", "1.0^20160101^git1"),
        ("1.0~rc1", "1.0~rc1^git1"),
        ("1.0^git1~pre", "1.0^git1"),
        ("1.xyz", "1.0"),
        ("0", "0.0"),
        ("6.0-1", "5:3.0-1"),
        ("8.7p1-38.el9", "8.7p1-38.el9_4.1"),
        ("1.0-9.el8", "1.0-10.el8"),
    ],
)
def test_rpm_orders_versions(older: str, newer: str) -> None:
    assert (compare_rpm(older, newer), compare_rpm(newer, older)) == (-1, 1)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.0", "1+0"), ("2_0", "2.0"), ("abc123", "abc.000123"), ("1.0", "0:1.0"), ("1.05", "1.5"), ("1.0-5", "1.0")],
)
def test_rpm_sees_equal_versions(left: str, right: str) -> None:
    assert compare_rpm(left, right) == 0


@pytest.mark.parametrize("database", sorted(_COMPARE))
@given(left=_VERSION, right=_VERSION)
def test_turning_a_comparison_turns_its_answer(database: str, left: str, right: str) -> None:
    assert _COMPARE[database](left, right) == -_COMPARE[database](right, left)


@given(st.lists(_VERSION, min_size=3, max_size=3))
def test_dpkg_order_is_transitive(versions: list[str]) -> None:
    low, middle, high = versions
    if compare_dpkg(low, middle) <= 0 and compare_dpkg(middle, high) <= 0:
        assert compare_dpkg(low, high) <= 0


@given(st.lists(st.text(st.sampled_from("019az.~^"), max_size=8), min_size=3, max_size=3))
def test_rpm_order_is_transitive(versions: list[str]) -> None:
    low, middle, high = versions
    if compare_rpm(low, middle) <= 0 and compare_rpm(middle, high) <= 0:
        assert compare_rpm(low, high) <= 0


@pytest.mark.parametrize("database", sorted(_COMPARE))
@given(left=st.text(max_size=20), right=st.text(max_size=20))
def test_any_text_is_compared(database: str, left: str, right: str) -> None:
    assert _COMPARE[database](left, right) in {-1, 0, 1}


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed here")
@settings(max_examples=25, deadline=None)
@given(left=_DEBIAN_VERSION, right=_DEBIAN_VERSION)
def test_dpkg_itself_agrees(left: str, right: str) -> None:
    words = {-1: "lt", 0: "eq", 1: "gt"}
    done = subprocess.run(
        ["dpkg", "--compare-versions", left, words[compare_dpkg(left, right)], right], capture_output=True, check=False
    )
    assert done.returncode == 0


def test_endless_digits_are_compared() -> None:
    assert compare_dpkg("1" * 9000, "2") == 1
