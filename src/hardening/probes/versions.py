"""Which of two package versions is newer, by the rules of deb-version(7) and of rpm-version(7)."""

from __future__ import annotations

import re
from itertools import zip_longest

_DPKG_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
_RPM_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
_ALPHABET = 256
_DPKG_END = ([0], 0)


def compare_dpkg(left: str, right: str) -> int:
    """Return -1, 0 or 1: epoch, upstream version and Debian revision are compared in this order."""
    for one, other in zip(_split_dpkg(left), _split_dpkg(right), strict=True):
        for key, other_key in zip_longest(_dpkg_key(one), _dpkg_key(other), fillvalue=_DPKG_END):
            if key != other_key:
                return -1 if key < other_key else 1
    return 0


def compare_rpm(left: str, right: str) -> int:
    """Return -1, 0 or 1 for ``[epoch:]version[-release]``; a release that one side lacks is not compared."""
    one, other = _split_rpm(left), _split_rpm(right)
    order = _sign(_number(one[0]) - _number(other[0])) or _compare_rpm_part(one[1], other[1])
    if order or not one[2] or not other[2]:
        return order
    return _compare_rpm_part(one[2], other[2])


def _split_dpkg(version: str) -> tuple[str, str, str]:
    epoch, colon, rest = version.strip().partition(":")
    if not colon:
        epoch, rest = "0", epoch
    upstream, hyphen, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if hyphen else (epoch, rest, "0")


def _dpkg_key(part: str) -> list[tuple[list[int], int]]:
    """Return the alternating non-digit and digit parts as a key; the end of a part sorts after a tilde only."""
    return [
        ([_dpkg_order(letter) for letter in text] + [0], _number(digits)) for text, digits in _DPKG_PARTS.findall(part)
    ]


def _dpkg_order(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isascii() and letter.isalpha() else ord(letter) + _ALPHABET


def _split_rpm(version: str) -> tuple[str, str, str]:
    epoch, colon, rest = version.strip().partition(":")
    if not colon:
        epoch, rest = "0", epoch
    upstream, hyphen, release = rest.rpartition("-")
    return (epoch, upstream, release) if hyphen else (epoch, rest, "")


def _compare_rpm_part(left: str, right: str) -> int:
    for one, other in zip_longest(_RPM_SEGMENT.findall(left), _RPM_SEGMENT.findall(right), fillvalue=""):
        order = _compare_rpm_segment(one, other)
        if order:
            return order
    return 0


def _compare_rpm_segment(one: str, other: str) -> int:
    """Compare two segments: a tilde is older than the end, a caret newer than the end but older than the rest."""
    if one == other:
        return 0
    for operator, order in (("~", -1), ("^", 1)):
        if operator in {one, other}:
            return _tilt(one, other, operator, order)
    if one.isdigit() and other.isdigit():
        return _sign(_number(one) - _number(other))
    if one.isdigit() or other.isdigit():
        return 1 if one.isdigit() else -1
    return 1 if one > other else -1


def _tilt(one: str, other: str, operator: str, order: int) -> int:
    rest = other if one == operator else one
    if operator == "^" and rest:
        order = -1
    return order if one == operator else -order


def _number(digits: str) -> int:
    # Digits from a target may be endless; Python refuses to convert more than 4300.
    return int(digits[:4000] or "0") if digits.isascii() and (digits.isdigit() or not digits) else 0


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
