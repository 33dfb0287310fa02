"""Asks the questions as most programs over paramiko do: `SSHClient` with its defaults, one exec each."""

from __future__ import annotations

import sys

import paramiko

from benchmarks.questions import build_commands


def main(address: str, key: str, known_hosts: str) -> int:
    """Ask all questions of a host; fail if one gets no answer."""
    with paramiko.SSHClient() as client:
        client.load_host_keys(known_hosts)
        client.connect(address, username="audit", key_filename=key, allow_agent=False, look_for_keys=False)
        for name, command in build_commands().items():
            _, output, _ = client.exec_command(f"sudo -n {command}")
            if not output.read() and not name.startswith(("package", "service")):
                print(f"no answer: {name}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
