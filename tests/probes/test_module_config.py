"""The rules of modprobe.d(5) as kmod carries them out, beside the recorded cases."""

from __future__ import annotations

import pytest

from hardening.probes.listing import Entry, Listing, Seen
from hardening.probes.module_config import FOLDERS, ModuleConfig, normalize_module, read_module_config

_FILE = "/etc/modprobe.d/a.conf"


def _read(*lines: str) -> ModuleConfig:
    listing = Listing(entries={FOLDERS[0]: (Entry(_FILE, Seen.FILE),)}, refused={}, rest="", complete=True)
    return read_module_config(listing, {_FILE: list(enumerate(lines, start=1))})


def _refuses(module: str, *lines: str) -> bool:
    command = _read(*lines).find_command(module)
    return command is not None and command.refuses


@pytest.mark.parametrize(
    "line",
    [
        "install usb-storage /bin/false",
        "install usb_storage /bin/true",
        "  install\tusb-storage  /usr/bin/false",
        "install usb-storage true # policy",
        "install usb* :",
    ],
)
def test_commands_that_load_nothing_block(line: str) -> None:
    assert _refuses("usb_storage", line)


@pytest.mark.parametrize(
    "line",
    [
        "# install usb-storage /bin/false",
        "#install usb-storage /bin/false",
        "blacklist usb-storage",
        "install usb-storage",
        "install usb-storage /sbin/modprobe --ignore-install usb-storage",
        "install usb-storage /bin/true && /sbin/insmod x",
        "install uas /bin/false",
        "Install usb-storage /bin/false",
        "",
    ],
)
def test_other_lines_do_not(line: str) -> None:
    assert not _refuses("usb_storage", line)


def test_first_matching_line_counts() -> None:
    assert not _refuses("a", "install a /sbin/modprobe -i a", "install a /bin/false")


def test_backslash_continues_a_line() -> None:
    assert _refuses("a", "install a \\", "/bin/false")


def test_place_is_the_line_that_counts() -> None:
    command = _read("", "install a /bin/false").find_command("a")
    assert command is not None
    assert command.place == f"{_FILE}:2"


def test_blacklist_names_its_place() -> None:
    assert _read("blacklist a-b").find_blacklist("a_b") == f"{_FILE}:1"


@pytest.mark.parametrize(("name", "normal"), [("a-b", "a_b"), ("a[-x]b-c", "a[-x]b_c"), ("a[-", "a[-"), ("", "")])
def test_hyphen_is_an_underscore_outside_of_brackets(name: str, normal: str) -> None:
    assert normalize_module(name) == normal
