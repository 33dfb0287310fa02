"""Probes of a check: kinds and the literals that are their parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.model.probe import Probe
from tests.content.example import CHECK, load, problems_of_check, write_files

NAME = "checks/linux/perm/linux-perm-shadow.yaml"
PROBE = "{kind: file, path: /etc/shadow}"


def test_defaults_are_filled_in_so_that_equal_questions_are_equal(tmp_path: Path) -> None:
    write_files(tmp_path, {NAME: CHECK.replace(PROBE, "{kind: file, path: /etc/shadow, format: words}")})

    assert load(tmp_path).checks["linux-perm-shadow"].probes["shadow"] == Probe.build(
        "file", {"path": "/etc/shadow", "format": "words", "depth": 1, "also": (), "key": ""}
    )


@pytest.mark.parametrize(
    ("probe", "problem"),
    [
        ("{kind: file}", '11: file needs the parameter "path"; add `path:`, absolute path'),
        ("{kind: file, path: /a, pth: /b}", '34: unknown parameter "pth" of file; did you mean "path"?'),
        ("{kind: file, path: 5}", "30: this must be text, not 5"),
        (
            "{kind: file, path: etc/shadow}",
            '30: "etc/shadow" is no plain absolute path; begin with /, without //, . and .. in it',
        ),
        (
            "{kind: file, path: /etc/../shadow}",
            '30: "/etc/../shadow" is no plain absolute path; begin with /, without //, . and .. in it',
        ),
        (
            "{kind: file, path: /etc/}",
            '30: "/etc/" is no plain absolute path; begin with /, without //, . and .. in it',
        ),
        ('{kind: file, path: "/a\\nb"}', '30: there is a control character in "/a\\nb"'),
        ("{kind: file, path: /a, format: word}", '42: "word" is none of the choices; did you mean "words"?'),
        ('{kind: file, path: /a, depth: "1"}', '41: this must be a whole number, not "1"'),
        ('{kind: file, path: /a, key: "a b"}', '39: "a b" has not the right form: a word'),
        ("{kind: file, path: /a, also: [/b, /b]}", "40: a text stands twice in this list"),
        ("{kind: plain, names: []}", "32: an empty list asks nothing"),
    ],
)
def test_refused_probe(tmp_path: Path, probe: str, problem: str) -> None:
    found = problems_of_check(tmp_path, CHECK.replace(PROBE, probe))

    assert f"10:{problem}" in found


def test_root_is_a_plain_path(tmp_path: Path) -> None:
    write_files(tmp_path, {NAME: CHECK.replace(PROBE, "{kind: file, path: /}")})

    assert load(tmp_path).checks["linux-perm-shadow"].probes["shadow"].text("path") == "/"
