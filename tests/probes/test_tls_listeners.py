"""Listening sockets asked for TLS in real shells: which are asked, where, and how much of it there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.model.evidence import Evidence, Field, Known, Partial, Unreadable
from hardening.probes.tls_listeners import KIND, STEP
from hardening.probes.tls_listeners_script import MOST_SOCKETS
from tests.probes.cases import build_probe
from tests.probes.laid_out import lay_out
from tests.probes.system_tree import run_on_tree, run_on_tree_everywhere

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hardening.model.step import Completed

_PROBE = build_probe({"kind": "tls_listeners"})
_HEADER = "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process"
# What s_client says where nothing answers as TLS, and in front of it how it was called.
_OPENSSL = """#!/bin/sh
echo "connect: $*"
echo "CONNECTED(00000003)"
echo "SSL handshake has read 5 bytes and written 415 bytes"
exit 1
"""
_TIMEOUT = '#!/bin/sh\nshift 2\nexec "$@"\n'


def _table(*places: str, state: str = "0A") -> str:
    """Return a table of the kernel's with sockets at these places."""
    lines = [
        f"{number:4}: {place} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 1 1 x 100 0 0 10 0"
        for number, place in enumerate(places)
    ]
    return "\n".join(["  sl  local_address rem_address   st", *lines, ""])


def _lay_out(tree: Path, sockets: Sequence[str], *, process: str = "nginx", uptime: str = "100.00 1.00") -> Path:
    lines = [f'tcp LISTEN 0 128 {socket} *:* users:(("{process}",pid=7,fd=3)) ino:1 sk:1' for socket in sockets]
    said = "\n".join([_HEADER, *lines])
    return lay_out(
        tree,
        {
            "/bin/ss": f"#!/bin/sh\ncat <<'end'\n{said}\nend\n",
            "/bin/openssl": _OPENSSL,
            "/bin/timeout": _TIMEOUT,
            "/etc/passwd": "root:x:0:0::/:/bin/sh\n",
            "/proc/sys/kernel/osrelease": "6.1\n",
            "/proc/uptime": f"{uptime}\n",
            "/proc/net/tcp": _table(f"00000000:{9090:04X}"),
        },
    )


def _parse(answer: Completed) -> Field:
    evidence: Evidence = KIND.parse([_PROBE], {STEP.name: answer})[_PROBE]
    return evidence["listeners"]


def _speaks(field: Field) -> dict[object, object]:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    found = [(record["endpoint"], record["speaks"]) for record in items if not isinstance(record, str)]
    return {
        endpoint.value if isinstance(endpoint, Known) else endpoint: speaks.value
        if isinstance(speaks, Known)
        else speaks
        for endpoint, speaks in found
    }


def _asked(answer: Completed) -> list[str]:
    return [line.split()[3] for line in answer.text.splitlines() if line.startswith(" connect: s_client")]


@pytest.mark.parametrize(
    ("socket", "place"),
    [
        ("0.0.0.0:8443", "127.0.0.1:8443"),
        ("*:8443", "127.0.0.1:8443"),
        ("[::]:8443", "[::1]:8443"),
        ("192.0.2.1:8443", "192.0.2.1:8443"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_a_socket_is_asked_at_an_address_of_its_own(tmp_path: Path, socket: str, place: str) -> None:
    assert _asked(run_on_tree(STEP, _lay_out(tmp_path, [socket]))) == [place]


@pytest.mark.parametrize(
    "socket",
    [
        "127.0.0.1:443",
        "[::1]:443",
        "127.0.0.53%lo:443",
        "[::ffff:127.0.0.1]:443",
        "*:22",
        "*:53",
        "*:3306",
        "0.0.0.0%eth1:443",
        "evil.example:443",
    ],
)
def test_a_socket_that_is_not_to_be_asked_is_left_alone(tmp_path: Path, socket: str) -> None:
    assert _asked(run_on_tree(STEP, _lay_out(tmp_path, [socket]))) == []


def test_sshd_is_left_alone_on_any_port(tmp_path: Path) -> None:
    assert _asked(run_on_tree(STEP, _lay_out(tmp_path, ["*:2222"], process="sshd"))) == []


@pytest.mark.parametrize(("port", "word"), [(25, "smtp"), (143, "imap"), (389, "ldap"), (5432, "postgres")])
def test_the_change_to_tls_is_asked_for_where_the_port_says_how(tmp_path: Path, port: int, word: str) -> None:
    answer = run_on_tree(STEP, _lay_out(tmp_path, [f"*:{port}"]))
    assert f" connect: s_client -connect 127.0.0.1:{port} -starttls {word} -cipher" in answer.text


def test_nothing_is_guessed_on_other_ports(tmp_path: Path) -> None:
    answer = run_on_tree(STEP, _lay_out(tmp_path, ["*:8025"]))
    assert ("s_client -connect" in answer.text, "-starttls" in answer.text) == (True, False)


def test_a_socket_that_several_processes_share_is_asked_once(tmp_path: Path) -> None:
    assert _asked(run_on_tree(STEP, _lay_out(tmp_path, ["*:443", "*:443", "[::]:443"]))) == [
        "127.0.0.1:443",
        "[::1]:443",
    ]


def test_what_does_not_answer_as_tls_is_something_else(tmp_path: Path) -> None:
    assert _speaks(_parse(run_on_tree(STEP, _lay_out(tmp_path, ["*:8080"])))) == {"tcp/8080": "other"}


def test_more_sockets_than_are_asked_make_the_list_partial(tmp_path: Path) -> None:
    answer = run_on_tree(STEP, _lay_out(tmp_path, [f"*:{9000 + number}" for number in range(MOST_SOCKETS + 5)]))
    field = _parse(answer)
    assert isinstance(field, Partial)
    assert (len(_asked(answer)), len(field.items), field.reason) == (
        MOST_SOCKETS,
        MOST_SOCKETS,
        f"more than {MOST_SOCKETS} sockets to ask",
    )


def test_sockets_that_are_not_asked_do_not_count(tmp_path: Path) -> None:
    sockets = [f"127.0.0.1:{9000 + number}" for number in range(MOST_SOCKETS + 5)]
    assert isinstance(_parse(run_on_tree(STEP, _lay_out(tmp_path, [*sockets, "*:443"]))), Known)


def test_asking_ends_when_its_time_is_over(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, ["*:9001", "*:9002"])
    slow = _OPENSSL.replace("exit 1", f"echo '900.00 1.00' >{tree}/proc/uptime\nexit 1")
    (tree / "bin/openssl").write_text(slow)
    field = _parse(run_on_tree(STEP, tree))
    assert isinstance(field, Partial)
    assert (_speaks(field), field.reason) == ({"tcp/9001": "other"}, "asking took longer than 40 seconds")


def test_without_openssl_only_sockets_to_ask_are_unreadable(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, ["*:22", "*:443"])
    script = STEP.script.replace("command -v openssl", "command -v openssl-that-is-not-there")
    (tree / "bin/openssl").unlink()
    answer = run_on_tree(type(STEP)(name=STEP.name, script=script), tree)
    assert _speaks(_parse(answer)) == {"tcp/22": "not asked", "tcp/443": Unreadable("openssl is not installed")}


def test_every_shell_asks_alike(tmp_path: Path) -> None:
    answers = run_on_tree_everywhere(STEP, _lay_out(tmp_path, ["*:443", "*:25", "127.0.0.1:631", "[::]:8443"]))
    # Busybox has a timeout of its own.
    answers.pop("busybox", None)
    assert len({answer.stdout for answer in answers.values()}) == 1


def test_a_root_tree_has_no_sockets(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, ["*:443"])
    (tree / "proc/sys/kernel/osrelease").unlink()
    (tree / "proc/sys/kernel").rmdir()
    assert _parse(run_on_tree(STEP, tree)) == Unreadable("no running system")


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("tcp", "0100007F:01BB"),
        ("tcp", "00000000:0016"),
        ("tcp", "0102000A:0CEA"),
        ("tcp6", "00000000000000000000000001000000:01BB"),
        ("tcp6", "0000000000000000FFFF00000100007F:01BB"),
        ("tcp6", "00000000000000000000000000000000:0035"),
    ],
)
def test_without_a_socket_to_ask_nothing_runs(tmp_path: Path, table: str, place: str) -> None:
    tree = _lay_out(tmp_path, ["*:443"])
    lay_out(tree, {"/proc/net/tcp": _table(), f"/proc/net/{table}": _table(place)})
    assert _parse(run_on_tree(STEP, tree)) == Known((), "openssl s_client")


@pytest.mark.parametrize(
    ("table", "place"),
    [("tcp", "00000000:01BB"), ("tcp", "0102000A:01BB"), ("tcp6", f"{0:032X}:01BB")],
)
def test_a_socket_to_ask_is_found_in_the_kernels_table(tmp_path: Path, table: str, place: str) -> None:
    tree = _lay_out(tmp_path, ["*:443"])
    lay_out(tree, {"/proc/net/tcp": _table(), f"/proc/net/{table}": _table(place)})
    assert _asked(run_on_tree(STEP, tree)) == ["127.0.0.1:443"]


def test_a_connection_is_no_socket_to_ask(tmp_path: Path) -> None:
    tree = _lay_out(tmp_path, ["*:443"])
    lay_out(tree, {"/proc/net/tcp": _table("0102000A:01BB", state="01")})
    assert _asked(run_on_tree(STEP, tree)) == []
