"""Sockets, interfaces, name servers, time, firewall files and crypto policy, read in every shell of this machine."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Evidence, Field, Known, Partial, Record, Unreadable
from hardening.model.probe import Probe
from hardening.model.step import Completed
from hardening.probes import KINDS
from tests.probes.laid_out import lay_out, run_in_shells
from tests.probes.shells import Shell, ask, find_shells, open_to_all

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["sh", "dash", "bash", "busybox"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shell]:
    return find_shells(open_to_all(tmp_path_factory.mktemp("applets")))


@pytest.fixture(params=NAMES)
def shell(request: pytest.FixtureRequest, shells: dict[str, Shell]) -> Shell:
    if request.param not in shells:
        pytest.skip(f"{request.param} is not installed here")
    return shells[request.param]


def _probe(kind: str) -> Probe:
    return Probe.build(kind, {})


def _value(field: Field) -> object:
    assert isinstance(field, Known)
    return field.value


def _records(field: Field) -> list[Record]:
    items = _value(field)
    assert isinstance(items, tuple)
    return [item for item in items if not isinstance(item, str)]


def _by_shell(kind: str, tree: Path, step: str = "") -> list[Evidence]:
    probe = _probe(kind)
    steps = KINDS[kind].steps([probe])
    chosen = next(found for found in steps if found.name == (step or kind))
    answers = run_in_shells(chosen, tree)
    return [KINDS[kind].parse([probe], {chosen.name: answer})[probe] for answer in answers.values()]


def _agreed(found: list[Evidence]) -> Evidence:
    assert [evidence for evidence in found if evidence != found[0]] == []
    return found[0]


def test_a_listening_socket_is_found_with_its_address(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        sockets = _records(ask(_probe("listening"), shell)["sockets"])
    mine = [found for found in sockets if found["port"] == Known(port)]
    seen = [[_value(found[name]) for name in ("endpoint", "address", "scope", "uid")] for found in mine]
    assert seen == [[f"tcp/{port}", "127.0.0.1", "loopback", os.getuid()]]


@needs_root
def test_a_socket_of_another_account_has_no_owner_for_us(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        sockets = _records(ask(_probe("listening"), shell, as_nobody=True)["sockets"])
    mine = next(found for found in sockets if found["port"] == Known(port))
    assert isinstance(mine["process"], Unreadable)


def test_loopback_is_among_the_interfaces(shell: Shell) -> None:
    found = _records(ask(_probe("interfaces"), shell)["interfaces"])
    assert [_value(one["wireless"]) for one in found if _value(one["name"]) == "lo"] == [False]


@needs_root
def test_the_kernels_rules_are_not_guessed_without_root(shell: Shell) -> None:
    states = _records(ask(_probe("firewall"), shell, as_nobody=True)["states"])
    now = [state["default"] for state in states if state["when"] == Known("now")]
    assert [type(default) for default in now] == [Unreadable, Unreadable]


def test_time_is_asked_in_every_shell(shell: Shell) -> None:
    assert isinstance(ask(_probe("time_sync"), shell)["daemons"], Known)


def test_resolv_conf_is_read_with_tabs_and_comments(tmp_path: Path) -> None:
    lay_out(tmp_path, {"/etc/resolv.conf": "# x\nnameserver\t192.0.2.1\n#nameserver 192.0.2.2\nnameserver 192.0.2.3"})
    assert _value(_agreed(_by_shell("dns_resolvers", tmp_path))["servers"]) == ("192.0.2.1", "192.0.2.3")


def test_without_resolv_conf_no_server_is_known(tmp_path: Path) -> None:
    lay_out(tmp_path, {"/etc/x": ""})
    assert _agreed(_by_shell("dns_resolvers", tmp_path))["servers"] == Absent("/etc/resolv.conf")


OPENSSL = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1 # old\n"


def test_openssl_follows_its_sections(tmp_path: Path) -> None:
    lay_out(tmp_path, {"/etc/ssl/openssl.cnf": OPENSSL})
    assert _agreed(_by_shell("crypto_policy", tmp_path))["tls_minimum"] == Known("TLSv1", "/etc/ssl/openssl.cnf:7")


def test_a_section_that_nothing_leads_to_does_not_count(tmp_path: Path) -> None:
    lay_out(tmp_path, {"/etc/ssl/openssl.cnf": OPENSSL.replace("system_default", "other")})
    assert _agreed(_by_shell("crypto_policy", tmp_path))["tls_minimum"] == Absent("/etc/ssl/openssl.cnf")


UNIT = "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n"
RULES = "table inet t {\n chain i {\n type filter hook input priority 0; policy drop;\n }\n}\n"
BOOT = {
    "/usr/lib/systemd/systemd": "x",
    "/usr/lib/systemd/system/nftables.service": UNIT,
    "/etc/systemd/system/sysinit.target.wants/nftables.service": UNIT,
    "/etc/nftables.conf": RULES,
}


def _boot(tree: Path) -> Evidence:
    probe = _probe("firewall")
    kernel, files = KINDS["firewall"].steps([probe])
    answers = run_in_shells(files, tree)
    nothing = Completed(exit_status=0, stdout=b"=none\n=end\n")
    parse = KINDS["firewall"].parse
    found = [parse([probe], {kernel.name: nothing, files.name: answer})[probe] for answer in answers.values()]
    return _agreed(found)


def _defaults(evidence: Evidence) -> list[object]:
    return [_value(state["default"]) for state in _records(evidence["states"])]


def test_rules_of_an_enabled_unit_hold_after_the_next_boot(tmp_path: Path) -> None:
    lay_out(tmp_path, BOOT)
    assert _defaults(_boot(tmp_path)) == ["drop", "drop"]


def test_rules_that_nothing_loads_do_not_hold(tmp_path: Path) -> None:
    lay_out(tmp_path, {path: text for path, text in BOOT.items() if ".wants/" not in path})
    assert _defaults(_boot(tmp_path)) == ["none", "none"]


def test_a_masked_unit_loads_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path, BOOT)
    (tmp_path / "etc/systemd/system/nftables.service").symlink_to("/dev/null")
    assert _value(_boot(tmp_path)["enabled"]) == ()


def test_a_host_key_without_its_public_half_leaves_the_list_open(tmp_path: Path) -> None:
    lay_out(tmp_path, {"/etc/ssh/ssh_host_rsa_key": "x", "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA x\n"})
    types = _agreed(_by_shell("ssh_host_keys", tmp_path))["types"]
    assert types == Partial(("ssh-ed25519",), "/etc/ssh/ssh_host_rsa_key: its public half is not there")


_NOISE = st.lists(
    st.sampled_from(
        [
            *(
                "=root",
                "=ss",
                "=proc tcp",
                "=proc tcp6",
                "=users",
                "=end",
                "=none",
                "=hidden",
                "=refused",
                "=route eth0",
            ),
            *(
                "=nft 0",
                "=nft 1",
                "=nft missing",
                "=nft",
                "=legacy ip x",
                "=legacy",
                "=saved",
                "=interface 0x1 no no a",
            ),
            *(
                "=interface 0xzz",
                "=interface",
                "=ipv6 0 a",
                "=file /etc/resolv.conf",
                " nameserver 127.0.0.53",
                " nameserver",
            ),
            *(
                "=process chronyd 1 0",
                "=process x 1 2",
                "=user 0 root",
                "=chrony ,",
                "=ntp leap=11",
                "=timesyncd",
                "=kernel",
            ),
            *(
                "tcp LISTEN 0 1 [::]:22 *:*",
                "udp UNCONN 0 0 x:1 y",
                "0: 0100007F:08FB 0:0 0A 0 0 0 0 0",
                "\x00=\x00",
                "=\x00",
            ),
            *("table ip t {", "chain i {", "}", "*filter", "COMMIT", "\n=files end\n", "=end 0", "\ud800", ""),
        ]
    ),
    max_size=14,
).map(lambda lines: "\n".join([*lines, "=end", ""]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "kind",
    ["crypto_policy", "dns_resolvers", "firewall", "interfaces", "listening", "ssh_host_keys", "time_sync"],
)
@given(noise=_NOISE)
def test_any_answer_gives_every_declared_field(kind: str, noise: bytes) -> None:
    probe = _probe(kind)
    answers = {step.name: Completed(exit_status=0, stdout=noise) for step in KINDS[kind].steps([probe])}
    assert set(KINDS[kind].parse([probe], answers)[probe]) == set(KINDS[kind].fields)
