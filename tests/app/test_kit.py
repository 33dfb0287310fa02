"""The kit: equal input gives equal files, each file fits the others, and what is not said yet opens nothing."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
import yaml

from hardening.app.kit import ADDRESS_TO_FILL_IN, KEY_TO_FILL_IN, Kit, KitRequest, build_kit, write_kit
from hardening.app.plan import plan_for
from hardening.app.site import Site
from hardening.errors import UsageError
from hardening.inventory.load import SiteSettings
from hardening.model.evidence import ABSENT
from hardening.model.step import Privilege
from hardening.transports.framing import render_batch

SITE = Site(ABSENT, SiteSettings())
BASELINES = ("linux-server",)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEg="


def build(account: str = "audit", source: str = "", public_key: str = "") -> Kit:
    request = KitRequest(account=account, source=source, public_key=public_key)
    return build_kit(SITE, BASELINES, frozenset(), request, version="1.0")


@pytest.fixture(scope="module")
def kit() -> Kit:
    return build(source="192.0.2.7", public_key=f"{KEY} audit@scanner\n")


def test_equal_input_gives_equal_files(kit: Kit) -> None:
    assert build(source="192.0.2.7", public_key=KEY).files == kit.files


@pytest.mark.parametrize(("name", "privilege"), [("hardening-root", Privilege.ROOT), ("hardening-scan", Privilege.ANY)])
def test_a_script_ends_with_the_batch_of_the_plan(kit: Kit, name: str, privilege: Privilege) -> None:
    plan = plan_for(SITE, BASELINES, frozenset())
    assert kit.files[name].endswith(render_batch(plan.steps_as(privilege)))


def test_a_script_names_the_plan(kit: Kit) -> None:
    plan = plan_for(SITE, BASELINES, frozenset())
    assert (kit.plan, f"# plan {plan.digest}\n" in kit.files["hardening-root"]) == (plan.digest, True)


def test_sudoers_allows_the_script_of_the_kit_without_arguments(kit: Kit) -> None:
    digest = hashlib.sha256(kit.files["hardening-root"].encode()).hexdigest()
    line = f'audit ALL=(root) NOPASSWD: sha256:{digest} /usr/local/libexec/hardening-root ""'
    assert [text for text in kit.files["sudoers"].splitlines() if not text.startswith("#")] == [line]


def test_the_key_opens_one_command_from_one_place(kit: Kit) -> None:
    line = f'restrict,command="/usr/local/libexec/hardening-scan",from="192.0.2.7" {KEY}\n'
    assert kit.files["authorized_keys"] == line


def test_what_was_not_said_opens_nothing() -> None:
    words = build().files["authorized_keys"]
    assert (ADDRESS_TO_FILL_IN in words, KEY_TO_FILL_IN in words) == (True, True)


def test_the_sums_are_those_of_the_files(kit: Kit) -> None:
    lines = [line.split("  ") for line in kit.files["SHA256SUMS"].splitlines()]
    sums = {name: digest for digest, name in lines}
    others = {name: text for name, text in kit.files.items() if name != "SHA256SUMS"}
    assert sums == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in others.items()}


def test_the_ansible_tasks_install_what_the_note_installs(kit: Kit) -> None:
    tasks = yaml.safe_load(kit.files["ansible.yml"])
    placed = [task["ansible.builtin.copy"]["dest"] for task in tasks if "ansible.builtin.copy" in task]
    assert placed == [
        "/usr/local/libexec/hardening-root",
        "/usr/local/libexec/hardening-scan",
        "/etc/sudoers.d/hardening",
        "{{ hardening_account.home }}/.ssh/authorized_keys",
    ]


def test_both_notes_hold_the_same_commands(kit: Kit) -> None:
    commands = [
        [line for line in kit.files[f"INSTALL.{language}.md"].splitlines() if line.startswith("       ")]
        for language in ("en", "nb")
    ]
    assert (commands[0], len(commands[0]) > 5) == (commands[1], True)


@pytest.mark.parametrize("account", ["", "Audit", "a b", "root ALL", "x" * 40, "a\nb"])
def test_a_strange_account_is_refused(account: str) -> None:
    with pytest.raises(UsageError, match="no name of an account"):
        build(account=account)


@pytest.mark.parametrize("source", ['1.2.3.4",command="sh', "a b", "a\nb"])
def test_a_strange_address_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="no list of addresses"):
        build(source=source)


@pytest.mark.parametrize(
    "key", ['command="sh" ' + KEY, KEY + "\n" + KEY, "hello", "-----BEGIN OPENSSH PRIVATE KEY-----"]
)
def test_a_strange_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="the public key is not one line"):
        build(public_key=key)


def test_files_are_for_their_owner_alone(kit: Kit, tmp_path: Path) -> None:
    write_kit(kit, tmp_path / "kit")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kit").iterdir()}
    assert (modes, sorted(path.name for path in (tmp_path / "kit").iterdir())) == ({0o600}, sorted(kit.files))
