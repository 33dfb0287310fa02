"""The command that starts a batch, through whatever login shell an account has."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from hardening.model.step import ShellStep
from hardening.transports.bootstrap import Token, build_command, build_sudo_command, render_command
from hardening.transports.framing import render_batch, split_batch
from tests.transports.conformance import completed

WORD, READY, PROMPT = (Token(digit * 32) for digit in "abc")
STEP = ShellStep(name="one", script='echo "it\'s"; exit 3')
LOGIN_SHELLS = [
    shell for shell in ("sh", "dash", "bash", "csh", "tcsh", "fish", "zsh", "mksh", "ksh") if shutil.which(shell)
]


def run_in(login_shell: str, command: str) -> subprocess.CompletedProcess[bytes]:
    data = f"{WORD.word}\n{render_batch([STEP])}".encode()
    return subprocess.run([login_shell, "-c", command], input=data, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("login_shell", LOGIN_SHELLS)
def test_every_login_shell_starts_the_batch(login_shell: str) -> None:
    done = run_in(login_shell, render_command(build_command(READY, 60)))
    answer = completed(split_batch([STEP], WORD.word, done.stdout, done.stderr)["one"])
    assert (answer.stdout, answer.exit_status) == (b"it's\n", 3)


@pytest.mark.parametrize("login_shell", LOGIN_SHELLS)
def test_every_login_shell_hands_on_the_sudo_command(login_shell: str) -> None:
    command = build_sudo_command(PROMPT, READY, 60)
    shown = render_command(["printf", "%s,", *command])
    done = subprocess.run([login_shell, "-c", shown], capture_output=True, check=False, timeout=60)
    assert done.stdout.decode() == "".join(f"{argument}," for argument in command)


def test_the_shell_says_that_it_is_ready_before_it_reads() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", render_command(build_command(READY, 60))], input=b"", capture_output=True, check=False
    )
    assert done.stdout == READY.bytes + b"\n"


def test_a_batch_past_its_deadline_is_ended_on_the_target() -> None:
    slow = ShellStep(name="hangs", script="sleep 300")
    done = subprocess.run(
        (*build_command(READY, 1)[:-1], "0.3"),
        input=f"{WORD.word}\n{render_batch([slow])}".encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -9


@pytest.mark.parametrize("token", [READY, PROMPT])
def test_a_trace_of_the_command_shows_no_token_whole(token: Token) -> None:
    assert token.word not in render_command(build_sudo_command(PROMPT, READY, 60))


def test_the_command_does_not_hold_the_word() -> None:
    assert WORD.halves[0] not in render_command(build_sudo_command(PROMPT, READY, 60))


@pytest.mark.parametrize("character", ["!", "\\", "\n", "'"])
def test_what_login_shells_read_differently_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match="not every login shell would hand on"):
        render_command(["echo", character])


@pytest.mark.parametrize("word", ["", "a" * 31, "g" * 32, "A" * 32])
def test_a_token_is_32_hexadecimal_digits(word: str) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        Token(word)


def test_the_deadline_reaches_the_target_in_whole_seconds() -> None:
    assert build_command(READY, 0.2)[-1] == "1"
