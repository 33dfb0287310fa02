"""What a computer is by the words in the directory, and whether somebody names the same host."""

from __future__ import annotations

import pytest

from hardening.model.server import HostNames, ServerKind, is_ip_address, tell_server


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        ("Windows Server 2022 Standard", ServerKind.WINDOWS_SERVER),
        ("Windows Server® 2008 Enterprise", ServerKind.WINDOWS_SERVER),
        ("Windows 2000 Server", ServerKind.WINDOWS_SERVER),
        ("Hyper-V Server 2019", ServerKind.WINDOWS_SERVER),
        ("Windows NT", ServerKind.WINDOWS_SERVER),
        ("Windows 11 Enterprise", ServerKind.CLIENT),
        ("Mac OS X", ServerKind.CLIENT),
        ("Samba", ServerKind.UNIX),
        ("pc-linux-gnu", ServerKind.UNIX),
        ("redhat-linux-gnu", ServerKind.UNIX),
        ("Ubuntu 22.04.5 LTS", ServerKind.UNIX),
        ("EMC File Server", ServerKind.OTHER),
        ("NetApp Release 9.8", ServerKind.OTHER),
        ("  ", ServerKind.UNTOLD),
        ("", ServerKind.UNTOLD),
    ],
)
def test_a_computer_is_told_by_its_operating_system(system: str, kind: ServerKind) -> None:
    assert tell_server(system) is kind


@pytest.mark.parametrize(
    ("name", "addresses", "host", "known"),
    [
        ("web", ["web-01.example.org"], "web-01.example.org", True),
        ("web", ["WEB-01.example.org."], "web-01.example.org", True),
        ("web", ["web-01"], "web-01.example.org", True),
        ("web-01", ["192.0.2.7"], "web-01.example.org", True),
        ("web-01", ["fe80::1%eth0"], "web-01.example.org", True),
        ("web-01.example.org", ["192.0.2.7"], "web-01.example.org", True),
        ("WEB-01", [], "web-01.example.org", True),
        # The same short name in another domain is another machine.
        ("web-01", ["web-01.other.org"], "web-01.example.org", False),
        ("web", ["192.0.2.7"], "web-01.example.org", False),
    ],
)
def test_a_host_is_known_by_name_or_address(name: str, addresses: list[str], host: str, *, known: bool) -> None:
    names = HostNames()
    names.add(name, addresses)
    assert names.holds(host) is known


@pytest.mark.parametrize(("text", "expected"), [("192.0.2.7", True), ("fe80::1%1", True), ("web-01", False)])
def test_an_ip_address_is_no_name(text: str, *, expected: bool) -> None:
    assert is_ip_address(text) is expected
