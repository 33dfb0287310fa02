"""A Kerberos realm on loopback: MIT's KDC with one account, and the keys of one Windows server."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.wsman.server import PASSWORD

PACKAGES = ("krb5-kdc", "krb5-admin-server", "krb5-user")
REALM = "EXAMPLE.ORG"
SERVER = "localhost"
_SECONDS = 10

_CLIENT = """\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
    kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
"""
_KDC = """\
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/kadm5.acl
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm that runs. The environment names its configuration, and the ticket that ``log_in`` fetched."""

    folder: Path

    def log_in(self, password: str = PASSWORD) -> None:
        """Fetch a ticket for the account `audit`."""
        _run("kinit", f"audit@{REALM}", text=f"{password}\n")

    def log_out(self) -> None:
        """Throw the ticket away."""
        _run("kdestroy", "-A")


@contextlib.contextmanager
def run_realm(folder: Path) -> Iterator[Realm]:
    """Run a realm; while it runs, this process and its server use it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    names = {"realm": REALM, "port": port, "folder": folder}
    (folder / "krb5.conf").write_text(_CLIENT.format(**names))
    (folder / "kdc.conf").write_text(_KDC.format(**names))
    environment = {
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
        "KRB5CCNAME": f"FILE:{folder}/ticket",
        "KRB5_KTNAME": f"FILE:{folder}/keytab",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        _run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        _run("kadmin.local", "-r", REALM, "-q", f"addprinc -pw {PASSWORD} audit@{REALM}")
        for service in ("HTTP", "WSMAN", "host"):
            _run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {service}/{SERVER}@{REALM}")
            _run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {folder}/keytab {service}/{SERVER}@{REALM}")
        kdc = subprocess.Popen(["krb5kdc", "-n", "-r", REALM], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_port(port)
            yield Realm(folder)
        finally:
            kdc.terminate()
            kdc.wait(_SECONDS)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _run(*words: str, text: str = "") -> None:
    subprocess.run(words, input=text, text=True, check=True, capture_output=True, timeout=60)


def _await_port(port: int) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
