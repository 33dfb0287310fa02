"""The lab for use by hand: `python -m tests.lab up [NAME…] | down | list`. Its hosts stay up until `down`.

`python -m tests.lab install` installs the Debian packages of all tests, and does nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tests.browser import packages as browser
from tests.lab import packages
from tests.lab.catalogue import CATALOGUE, PASSWORD, Account, Login, Sudo, jumps
from tests.lab.commands import LabError
from tests.lab.hosts import Host
from tests.lab.keys import PASSPHRASE
from tests.lab.lab import BY_HAND, RUNS, SUITES, Lab, build_materials, create_lab, destroy, sweep
from tests.lab.network import Network
from tests.probes import powershell_inventories
from tests.transports import kerberos_extra

USAGE = f"usage: python -m tests.lab up [NAME…] | down | list | install\nhosts: {' '.join(CATALOGUE)}"


def up(names: Sequence[str]) -> None:
    """Start hosts, all of them by default, and say how to reach each."""
    sweep()
    materials = build_materials(os.environ, suites=SUITES)
    is_open = (RUNS / BY_HAND).exists()
    lab = Lab(Network(BY_HAND), materials) if is_open else create_lab(BY_HAND, materials)
    for name in names or CATALOGUE:
        say(describe(lab, lab.host(name)))


def list_hosts() -> None:
    """Say how to reach each host that runs."""
    if not (RUNS / BY_HAND).exists():
        say("the lab is down")
        return
    lab = Lab(Network(BY_HAND), build_materials(os.environ, suites=SUITES))
    for name in lab.running():
        say(describe(lab, lab.host(name)))


def describe(lab: Lab, host: Host) -> str:
    """Render what one needs to log in on a host and to scan it."""
    outer = ",".join(f"audit@{lab.host(name).address}:22" for name in jumps(host.name))
    jump = f" --jump {outer}" if outer else ""
    audit = host.accounts["audit"]
    password = " --sudo-password-from env:LAB_PASSWORD" if audit.sudo is Sudo.PASSWORD else ""
    password += " --password-from env:LAB_PASSWORD" if audit.login is Login.KEY_AND_PASSWORD else ""
    variable = f" env LAB_PASSWORD='{PASSWORD}'" if password else ""
    command = (
        f"ip netns exec {lab.network.name}{variable} hardening scan ssh://audit@{host.address}:{host.port}"
        f" --key {host.key} --known-hosts {lab.known_hosts} --become sudo{password}{jump}"
    )
    places = f"{host.address} {host.address6}".strip()
    accounts = [f"  {account.name}: {_words(lab, account)}" for account in host.accounts.values()]
    return "\n".join([f"{host.name}  {places}  port {host.port}", *accounts, f"  {command}"])


def say(text: str) -> None:
    """Print for the person who called."""
    print(text)  # noqa: T201  # this is a program for a person


def _words(lab: Lab, account: Account) -> str:
    return f"{_login_words(lab, account)}; {_sudo_words(account)}"


def _login_words(lab: Lab, account: Account) -> str:
    match account.login:
        case Login.KEY:
            return f"key {lab.user_key}"
        case Login.KEY_AND_PASSWORD:
            return f"key {lab.user_key}, then password {account.password}"
        case Login.ENCRYPTED_KEY:
            return f"key {lab.encrypted_key}, passphrase {PASSPHRASE}"
        case Login.PASSWORD:
            return f"password {account.password}"
        case Login.EMPTY_PASSWORD:
            return "empty password"


def _sudo_words(account: Account) -> str:
    match account.sudo:
        case Sudo.FREE:
            return "sudo without a password"
        case Sudo.PASSWORD:
            return f"sudo with {account.password}"
        case Sudo.PASSWORD_ON_TERMINAL:
            return f"sudo with {account.password}, on a terminal only"
        case Sudo.LIMITED:
            return "sudo for two commands without a password"
        case Sudo.REFUSED:
            return "no sudo for it"
        case Sudo.MISSING:
            return "no sudo installed"


def main(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    match arguments:
        case ["up", *names] if set(names) <= set(CATALOGUE):
            up(names)
        case ["down"]:
            destroy(RUNS / BY_HAND)
        case ["list"]:
            list_hosts()
        case ["install"]:
            packages.install((*packages.PACKAGES, *browser.PACKAGES))
            browser.install()
            powershell_inventories.install()
            kerberos_extra.install()
        case _:
            say(USAGE)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(str(error))
