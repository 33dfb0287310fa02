"""Logging in on lab hosts with paramiko alone, to test the lab itself. The scanner has transports for that."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from tests.lab.catalogue import Account, Login
from tests.lab.hosts import Host
from tests.lab.keys import PASSPHRASE
from tests.lab.lab import Lab

SECONDS = 10


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered over SSH."""

    status: int
    output: str
    errors: str


@contextmanager
def logged_in(lab: Lab, host: Host, account: Account) -> Iterator[paramiko.SSHClient]:
    """Log in as the account is meant to be used, with the host key checked."""
    address = (host.address, host.port)
    with (
        socket.create_connection(address, SECONDS) as connection,
        logged_in_over(lab, connection, host, account) as client,
    ):
        yield client


@contextmanager
def logged_in_over(
    lab: Lab, connection: socket.socket | paramiko.Channel, host: Host, account: Account
) -> Iterator[paramiko.SSHClient]:
    """Log in over a connection that is already there."""
    has_key = account.login in (Login.KEY, Login.KEY_AND_PASSWORD, Login.ENCRYPTED_KEY)
    has_password = account.login not in (Login.KEY, Login.ENCRYPTED_KEY)
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(lab.known_hosts))
        client.connect(
            host.address,
            port=host.port,
            username=account.name,
            key_filename=str(lab.key_for(account)) if has_key else None,
            passphrase=PASSPHRASE if account.login is Login.ENCRYPTED_KEY else None,
            password=account.password if has_password else None,
            sock=connection,
            allow_agent=False,
            look_for_keys=False,
            timeout=SECONDS,
            banner_timeout=SECONDS,
        )
        yield client


def ask(
    client: paramiko.SSHClient, command: str, typed: str = "", *, terminal: bool = False, patience: float = 10
) -> Said:
    """Run a command over SSH, type something into it, and return all that it said."""
    channel_in, channel_out, channel_err = client.exec_command(command, timeout=patience, get_pty=terminal)
    if typed:
        channel_in.write(typed)
    if not terminal:
        channel_in.channel.shutdown_write()
    output = channel_out.read().decode()
    return Said(channel_out.channel.recv_exit_status(), output, channel_err.read().decode())


def log_in_and_ask(lab: Lab, host: str, account: str, command: str, typed: str = "", *, terminal: bool = False) -> Said:
    """Do all of it for one command."""
    server = lab.host(host)
    with logged_in(lab, server, server.accounts[account]) as client:
        return ask(client, command, typed, terminal=terminal)
