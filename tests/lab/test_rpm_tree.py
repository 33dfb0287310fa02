"""Packages as rpm itself tells them: a tree with rpm, packages built for it, and changed files of theirs."""

from __future__ import annotations

import os

import pytest

from tests.lab.cache import cache_folder
from tests.lab.catalogue import STOCK
from tests.lab.commands import run
from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, Run, Scans
from tests.lab.trees import build_layer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scanned(lab: Lab, scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> Run:
    base = lab.materials.trees[STOCK][0]
    layer = build_layer(cache_folder(os.environ), lab.materials.keys, base, "rpm")
    tree = tmp_path_factory.mktemp("rpm")
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={layer}:{base}", str(tree))
    try:
        return scans.run("scan", f"chroot:{tree}", "-o", "json=-", *EXTENDED)
    finally:
        run("umount", str(tree))


def _words(run: Run, check: str) -> str:
    return str(next(result for result in run.report["results"] if result["check"] == check))


def test_a_package_that_rpm_has_is_found(scanned: Run) -> None:
    assert scanned.outcomes["linux-services-legacy-clients"] == "fail"
    assert "'rpm database'" in _words(scanned, "linux-services-legacy-clients")


def test_a_package_that_must_be_there_is_found(scanned: Run) -> None:
    assert scanned.outcomes["linux-sudo-installed"] == "pass"


def test_packages_that_rpm_does_not_have_are_missing(scanned: Run) -> None:
    assert scanned.outcomes["linux-services-legacy-clients-rsh"] == "pass"


def test_files_that_rpm_finds_changed_are_found(scanned: Run) -> None:
    assert scanned.outcomes["linux-package-verify"] == "fail"
    assert "/etc/sudo/file" in _words(scanned, "linux-package-verify")
