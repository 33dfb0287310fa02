"""Asks the questions as most programs over paramiko do: `SSHClient` with its defaults, one exec each."""

from __future__ import annotations

import shlex
import sys

import paramiko

from benchmarks.questions import as_command, load_questions


def main(address: str, key: str, known_hosts: str) -> int:
    """Ask all questions of a host; fail if hardly one gets an answer."""
    answered = 0
    questions = load_questions()
    with paramiko.SSHClient() as client:
        client.load_host_keys(known_hosts)
        client.connect(address, username="audit", key_filename=key, allow_agent=False, look_for_keys=False)
        for question in questions:
            _, output, errors = client.exec_command(f"sudo -n sh -c {shlex.quote(as_command(question))}")
            answered += bool(output.read() or errors.read())
    if answered < len(questions) / 2:
        print(f"only {answered} of {len(questions)} questions were answered", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
