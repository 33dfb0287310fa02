"""Which firewall managers start at boot, what their files say, and what keeps us from saying it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Unreadable
from hardening.probes.firewall_boot import Boot, read_boot
from hardening.probes.firewall_rules import Packet, follow
from hardening.probes.firewall_script import SOURCES
from hardening.probes.listing import Entry, Listing, Seen, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS = "/usr/lib/systemd/system"
WANTS = "/etc/systemd/system/multi-user.target.wants"
DROP = "table inet t {\n chain i {\n type filter hook input priority 0; policy drop;\n }\n}\n"
SAVED = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
ZONE = '<zone target="{}"></zone>\n'


def _finds(source: Source, path: str) -> bool:
    if not source.pattern:
        return source.text == path
    wanted, parts = source.text.split("/"), path.split("/")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _read(files: Mapping[str, str | Seen], refused: str = "") -> Boot | Unreadable:
    entries = {
        source: tuple(
            Entry(path, content if isinstance(content, Seen) else Seen.FILE)
            for path, content in sorted(files.items())
            if _finds(source, path)
        )
        for source in SOURCES
    }
    closed = {source: (refused,) for source in SOURCES if refused and source.text.startswith(f"{refused}/")}
    lines = {
        path: list(enumerate(content.rstrip("\n").split("\n"), 1))
        for path, content in files.items()
        if not isinstance(content, Seen)
    }
    return read_boot(Listing(entries=entries, refused=closed, rest="", complete=True), lines)


def _enable(unit: str) -> dict[str, str | Seen]:
    text = "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n"
    return {
        f"{UNITS}/{unit}.service": text,
        f"{WANTS}/{unit}.service": text,
        "/usr/lib/systemd/systemd": "x",
    }


def _fate(boot: Boot | Unreadable, *, family: str = "ipv4", interface: str = "eth0") -> str:
    assert isinstance(boot, Boot)
    if isinstance(boot.tables, Unreadable):
        return boot.tables.reason
    return follow(boot.tables, Packet(family=family, protocol="tcp", interface=interface)).outcome


UFW = {"/etc/ufw/ufw.conf": "ENABLED=yes\n", "/etc/default/ufw": 'IPV6=no\nDEFAULT_INPUT_POLICY="REJECT"\n'}
SAVER = "netfilter-persistent"


@pytest.mark.parametrize(
    ("unit", "files", "outcome"),
    [
        ("nftables", {"/etc/nftables.conf": DROP}, "drop"),
        ("nftables", {"/etc/nftables.conf": 'include "./nftables.d/*.nft"\n', "/etc/nftables.d/a.nft": DROP}, "drop"),
        ("nftables", {"/etc/nftables.conf": 'include "/etc/nftables.d/*.nft"\n' + DROP}, "drop"),
        (
            "nftables",
            {"/etc/nftables.conf": 'include "/etc/nftables/a.nft"\n', "/etc/nftables/a.nft": DROP},
            "drop",
        ),
        (
            "nftables",
            {"/etc/nftables.conf": 'include "/etc/nftables/a.nft"\n'},
            "nftables: /etc/nftables/a.nft is not among the files that are read",
        ),
        (
            "nftables",
            {"/etc/nftables.conf": 'include "/etc/nftables.conf"\n'},
            "nftables: /etc/nftables.conf is included twice",
        ),
        ("nftables", {}, "nftables: /etc/nftables.conf is not among the files that are read"),
        ("nftables", {f"{UNITS}/nftables.service": "[Service]\n"}, "nftables: its unit names no file of rules"),
        (
            "nftables",
            {"/etc/nftables.conf": Seen.UNREADABLE},
            "nftables: /etc/nftables.conf: may not be read, needs root",
        ),
        ("ufw", UFW, "reject"),
        ("ufw", {**UFW, "/etc/ufw/user.rules": "*filter\n"}, "ufw: /etc/ufw/user.rules: a table has no end"),
        ("ufw", {**UFW, "/etc/default/ufw": Seen.UNREADABLE}, "ufw: /etc/default/ufw: may not be read, needs root"),
        ("ufw", {**UFW, "/etc/ufw/ufw.conf": "ENABLED=no\n"}, "none"),
        ("ufw", {}, "none"),
        (SAVER, {"/etc/iptables/rules.v4": SAVED}, "drop"),
        (SAVER, {}, "none"),
        (SAVER, {"/etc/iptables/rules.v4": "x\n"}, f"{SAVER}: /etc/iptables/rules.v4: not understood: x"),
        ("iptables", {"/etc/sysconfig/iptables": SAVED}, "drop"),
        ("ip6tables", {"/etc/sysconfig/ip6tables": SAVED}, "none"),
        ("firewalld", {"/usr/lib/firewalld/zones/public.xml": "<zone>\n"}, "reject"),
        (
            "firewalld",
            {"/etc/firewalld/firewalld.conf": "DefaultZone=x\n", "/etc/firewalld/zones/x.xml": ZONE.format("ACCEPT")},
            "accept",
        ),
        ("firewalld", {}, "firewalld: no file of the default zone public"),
    ],
)
def test_files_of_a_manager_decide_what_the_next_boot_does(
    unit: str, files: dict[str, str | Seen], outcome: str
) -> None:
    assert _fate(_read({**_enable(unit), **files})) == outcome


def test_a_zone_of_our_own_comes_before_the_shipped_one() -> None:
    files = {"/usr/lib/firewalld/zones/public.xml": "<zone>\n", "/etc/firewalld/zones/public.xml": ZONE.format("DROP")}
    assert _fate(_read({**_enable("firewalld"), **files})) == "drop"


@pytest.mark.parametrize(("interface", "outcome"), [("eth0", "reject"), ("eth1", "accept")])
def test_a_trusted_zone_holds_for_its_interface(interface: str, outcome: str) -> None:
    files = {
        "/usr/lib/firewalld/zones/public.xml": "<zone>\n",
        "/etc/firewalld/zones/trusted.xml": '<zone target="ACCEPT">\n<interface name="eth1"/>\n</zone>\n',
    }
    assert _fate(_read({**_enable("firewalld"), **files}), interface=interface) == outcome


def test_where_ufw_does_not_look_after_ipv6_it_closes_it() -> None:
    assert _fate(_read({**_enable("ufw"), **UFW}), family="ipv6") == "drop"


def test_a_rule_of_ufw_that_opens_everything_counts() -> None:
    rules = "*filter\n:ufw-user-input - [0:0]\n-A ufw-user-input -j ACCEPT\nCOMMIT\n"
    assert _fate(_read({**_enable("ufw"), **UFW, "/etc/ufw/user.rules": rules})) == "accept"


@pytest.mark.parametrize(
    "mask",
    [{f"/etc/systemd/system/{SAVER}.service": Seen.CHARACTER_DEVICE}, {f"{UNITS}/{SAVER}.service": Seen.DANGLING}],
)
def test_a_unit_that_is_masked_or_missing_does_not_start(mask: dict[str, Seen]) -> None:
    boot = _read({**_enable(SAVER), "/etc/iptables/rules.v4": SAVED, **mask})
    assert isinstance(boot, Boot)
    assert boot.managers == ()


def test_one_manager_that_is_not_known_leaves_all_rules_open() -> None:
    boot = _read({**_enable("nftables"), **_enable(SAVER), "/etc/iptables/rules.v4": SAVED})
    assert isinstance(boot, Boot)
    assert isinstance(boot.tables, Unreadable)


@pytest.mark.parametrize(
    ("unit", "folder"), [("firewalld", "/etc/firewalld"), ("firewalld", "/etc/firewalld/zones"), ("ufw", "/etc/ufw")]
)
def test_a_refused_folder_leaves_the_rules_open(unit: str, folder: str) -> None:
    assert _fate(_read(_enable(unit), refused=folder)) == f"{unit}: {folder}: folder refused"


def test_a_switch_of_ufw_that_may_not_be_read_leaves_the_managers_open() -> None:
    boot = _read({**_enable("ufw"), "/etc/ufw/ufw.conf": Seen.UNREADABLE})
    assert isinstance(boot, Boot)
    assert boot.unsure == "ufw: /etc/ufw/ufw.conf: may not be read, needs root"


def test_a_zone_that_may_not_be_read_leaves_the_rules_open() -> None:
    files = {**_enable("firewalld"), "/etc/firewalld/zones/public.xml": Seen.UNREADABLE}
    assert _fate(_read(files)) == "firewalld: /etc/firewalld/zones/public.xml: may not be read, needs root"


def test_without_systemd_nothing_is_known_of_the_next_boot() -> None:
    assert isinstance(_read({}), Unreadable)
