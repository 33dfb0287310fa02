"""Becoming root: what is sent when, and what is said when it is refused."""

from __future__ import annotations

import pytest

from hardening.errors import SecretError
from hardening.model.evidence import ABSENT
from hardening.model.step import Completed, NotRun, ShellStep
from hardening.model.target import Credential
from hardening.secrets import Secret
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.session import BecomeRefused, Limits, Opening
from hardening.transports.sudo import SudoGate, build_sudo_gate, run_sudo_batch
from tests.transports.fakes import (
    ASKS,
    PROMPT,
    READY,
    READY_LINE,
    Event,
    StoryChannel,
    answers_for,
    build_batch,
    stderr,
    stdout,
)

STEP = ShellStep(name="one", script="echo here")
PASSWORD = "Sommer-2026!"
WITH_PASSWORD = SudoGate(prompt=PROMPT, ready=READY, password=lambda: Secret(PASSWORD))
WITHOUT_PASSWORD = SudoGate(prompt=PROMPT, ready=READY, password=ABSENT)


def run(*events: Event, gate: SudoGate = WITH_PASSWORD, limits: Limits | None = None) -> tuple[StoryChannel, object]:
    """Play a story; return the channel with what was sent, and the answer or the refusal."""
    channel = StoryChannel(events)
    try:
        return channel, run_sudo_batch(channel, build_batch([STEP], channel.ticks, limits), gate)["one"]
    except BecomeRefused as refusal:
        return channel, refusal


def refusal_of(*events: Event, gate: SudoGate = WITH_PASSWORD) -> str:
    """Play a story that ends in a refusal; return its words."""
    outcome = run(*events, gate=gate)[1]
    assert isinstance(outcome, BecomeRefused)
    return str(outcome)


def passwords_sent(channel: StoryChannel) -> int:
    return sum(data.count(PASSWORD.encode()) for _, data in channel.sent)


def test_a_root_shell_answers_as_root() -> None:
    _, answer = run(READY_LINE, answers_for("here\n"))
    assert answer == Completed(exit_status=0, stdout=b"here\n", as_root=True)


def test_where_no_password_is_asked_none_is_sent() -> None:
    channel, _ = run(READY_LINE, answers_for("here\n"))
    assert passwords_sent(channel) == 0


def test_the_password_is_sent_after_the_prompt() -> None:
    channel, _ = run(ASKS, READY_LINE, answers_for("here\n"))
    assert channel.sent[0] == (1, PASSWORD.encode() + b"\n")


def test_the_script_is_sent_after_the_ready_line() -> None:
    channel, _ = run(ASKS, READY_LINE, answers_for("here\n"))
    assert [told for told, data in channel.sent if b"echo here" in data] == [2]


def test_a_password_that_opens_the_gate_gets_an_answer() -> None:
    _, answer = run(ASKS, READY_LINE, answers_for("here\n"))
    assert answer == Completed(exit_status=0, stdout=b"here\n", as_root=True)


def test_nothing_is_sent_before_prompt_or_ready_line() -> None:
    channel, _ = run(stderr("We trust you have received the usual lecture."), stdout("Welcome!\n"))
    assert channel.sent == []


def test_a_prompt_that_comes_in_pieces_is_a_prompt() -> None:
    channel, _ = run(stderr(PROMPT.word[:7]), stderr(PROMPT.word[7:]), READY_LINE, answers_for("here\n"))
    assert passwords_sent(channel) == 1


def test_a_ready_line_that_comes_in_pieces_is_a_ready_line() -> None:
    _, answer = run(stdout(READY.word[:7]), stdout(READY.word[7:] + "\n"), answers_for("here\n"))
    assert isinstance(answer, Completed)


def test_somebody_elses_prompt_gets_no_password() -> None:
    channel, _ = run(stderr("[sudo] password for audit: "), stderr("Password: "))
    assert passwords_sent(channel) == 0


def test_a_prompt_on_standard_output_gets_no_password() -> None:
    channel, _ = run(stdout(PROMPT.word))
    assert passwords_sent(channel) == 0


def test_a_second_prompt_gets_no_second_password() -> None:
    channel, _ = run(ASKS, stderr("Sorry, try again.\n"), ASKS, ASKS)
    assert passwords_sent(channel) == 1


def test_a_second_prompt_means_a_wrong_password() -> None:
    words = refusal_of(ASKS, stderr("Sorry, try again.\n"), ASKS)
    assert words == (
        "sudo refused the password; it was sent once and is not sent again; check the sudo_password of the credential"
    )


def test_at_a_second_prompt_the_channel_is_closed() -> None:
    channel, _ = run(ASKS, stderr("Sorry, try again.\n"), ASKS)
    assert channel.is_closed


def test_two_prompts_at_once_get_no_password() -> None:
    channel, _ = run(stderr(PROMPT.word * 2))
    assert passwords_sent(channel) == 0


def test_a_password_refused_without_a_second_prompt_is_a_wrong_password() -> None:
    words = refusal_of(ASKS, stderr("\nsudo: 1 incorrect password attempt\n"), Ended(1))
    assert words.startswith("sudo refused the password")


def test_a_prompt_without_a_password_to_give_is_refused() -> None:
    words = refusal_of(ASKS, gate=WITHOUT_PASSWORD)
    assert words == (
        "sudo asks for a password and none is configured; give the credential a sudo_password, or allow the account "
        "to run sudo with NOPASSWD on the target"
    )


def test_a_password_that_cannot_be_had_is_a_refusal() -> None:
    def missing() -> Secret:
        msg = "env:SUDO: the variable is not set"
        raise SecretError(msg)

    words = refusal_of(ASKS, gate=SudoGate(prompt=PROMPT, ready=READY, password=missing))
    assert words.startswith("sudo asks for a password, which cannot be had: env:SUDO: the variable is not set")


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        ("", 127, "sudo is not installed on the target"),
        ("sudo: sorry, you must have a tty to run sudo\n", 1, "sudo wants a terminal (requiretty)"),
        ("audit is not in the sudoers file.\n", 1, "sudoers on the target does not name the account"),
        ("Sorry, user audit may not run sudo on web-01.\n", 1, "sudoers on the target does not name the account"),
        ("sudo: I'm sorry audit. I'm afraid I can't do that\n", 1, "sudoers on the target does not name the account"),
        (
            "Sorry, user audit is not allowed to execute '/bin/sh -c' as root on web-01.\n",
            1,
            "sudoers on the target does not allow the account to run /bin/sh as root",
        ),
        ('sudo: The "no new privileges" flag is set\n', 1, "the session on the target may gain no privileges"),
        ("sudo: Account or password is expired, reset your password\n", 1, "the password of the account on the target"),
        ("sudo: a password is required\n", 1, "sudo wants a password and did not let us give one"),
        ("sudo: /etc/sudoers is owned by uid 1000\n", 1, "sudo gave no root shell (exit status 1): sudo: /etc/sudoers"),
        ("", 1, "sudo gave no root shell (exit status 1)"),
    ],
)
def test_a_refusal_is_named(said: str, status: int, expected: str) -> None:
    assert refusal_of(stderr(said), Ended(status)).startswith(expected)


def test_every_refusal_names_a_remedy() -> None:
    outcome = run(stderr("sudo: strange\n"), Ended(1))[1]
    assert isinstance(outcome, BecomeRefused)
    assert outcome.remedy == "run `sudo -k -S /bin/sh` as the account on the target to see why"


def test_what_sudo_says_is_made_harmless() -> None:
    assert "\\x1b[2J" in refusal_of(stderr("\x1b[2Jstrange\n"), Ended(1))


def test_what_sudo_says_is_shown_without_our_prompt() -> None:
    assert PROMPT.word not in refusal_of(ASKS, stderr("strange\n"), Ended(1))


def test_a_gate_that_stays_silent_is_a_refusal() -> None:
    assert refusal_of(stderr("Verification code: ")).startswith(
        "sudo neither asked for a password as told nor started a shell: Verification code:"
    )


def test_a_flood_before_the_ready_line_is_a_refusal() -> None:
    assert refusal_of(*[Received(b"x" * 100_000)] * 3).startswith("sudo neither asked")


def test_a_connection_that_breaks_at_the_gate_is_no_refusal() -> None:
    _, answer = run(ASKS, Broken("the connection broke"))
    assert answer == NotRun("the connection broke")


def test_a_refusal_closes_the_channel() -> None:
    channel, _ = run(Ended(127))
    assert channel.is_closed


def test_the_sudo_password_is_resolved_only_when_sudo_asks() -> None:
    asked: list[str] = []

    def resolve(reference: str) -> Secret:
        asked.append(reference)
        return Secret(PASSWORD)

    gate = build_sudo_gate(PROMPT, READY, Credential(sudo_password="env:SUDO"), Opening(resolve=resolve))
    run(READY_LINE, answers_for("here\n"), gate=gate)
    assert asked == []
    run(ASKS, READY_LINE, answers_for("here\n"), gate=gate)
    assert asked == ["env:SUDO"]


def test_without_a_sudo_password_there_is_none_to_resolve() -> None:
    gate = build_sudo_gate(PROMPT, READY, Credential(), Opening(resolve=Secret))
    assert gate.password == ABSENT
