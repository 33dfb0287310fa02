"""The installed scan: what is sent when, what is refused, and what its scripts do in every shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import pytest

from hardening.errors import ConnectError
from hardening.model.step import Completed, NotRun, ShellStep
from hardening.transports.channel import Broken, Ended
from hardening.transports.framing import split_batch
from hardening.transports.kit import (
    INSTALL,
    ROOT_SCRIPT,
    SCAN_SCRIPT,
    KitOrigin,
    digest_batch,
    render_root_script,
    render_scan_script,
    run_kit_batch,
)
from hardening.transports.session import BecomeRefused, Limits
from hardening.transports.shell import Batch
from tests.transports.fakes import WORD, Event, StoryChannel, answers_for, stderr, stdout

STEP = ShellStep(name="one", script="echo here")
OTHER = ShellStep(name="one", script="echo there")
ORIGIN = KitOrigin(version="1.0", content="c" * 64, plan="d" * 64)
SHELLS = (
    pytest.param(("dash",), id="dash"),
    pytest.param(("bash", "--posix"), id="bash"),
    pytest.param(
        ("busybox", "ash"),
        id="busybox",
        marks=pytest.mark.skipif(not shutil.which("busybox"), reason="busybox is not installed here"),
    ),
)


def announced(role: str, step: ShellStep = STEP) -> Event:
    return stdout(f"hardening-kit 1 {role} {digest_batch([step])} {ORIGIN.plan} {ORIGIN.version}\n")


def run(*events: Event, as_root: bool = True) -> tuple[StoryChannel, object]:
    """Play a story; return the channel with what was sent, and the answer or the error."""
    channel = StoryChannel(events)
    batch = Batch(steps=[STEP], word=WORD, limits=Limits(), ticks=channel.ticks, is_installed=True)
    try:
        return channel, run_kit_batch(channel, batch, as_root=as_root)["one"]
    except (BecomeRefused, ConnectError) as error:
        return channel, error


@pytest.mark.parametrize("as_root", [True, False])
def test_an_installed_batch_answers(as_root: bool) -> None:  # noqa: FBT001 - a parameter of the test
    _, answer = run(announced("root" if as_root else "any"), answers_for("here\n"), as_root=as_root)
    assert answer == Completed(exit_status=0, stdout=b"here\n", as_root=as_root)


def test_the_word_is_all_that_is_sent() -> None:
    channel, _ = run(stdout("noise without an end"), announced("root"), answers_for("here\n"))
    assert [data for _, data in channel.sent] == [WORD.bytes + b"\n"]


@pytest.mark.parametrize(
    "line",
    [announced("root", OTHER), announced("any"), stdout("hardening-kit 2\n"), stdout("Welcome\n")],
    ids=["other steps", "other rights", "another protocol", "noise"],
)
def test_nothing_is_sent_to_anything_else(line: Event) -> None:
    channel, _ = run(line)
    assert (channel.sent, channel.is_closed) == ([], True)


@pytest.mark.parametrize("as_root", [True, False])
def test_another_plan_says_what_to_install(as_root: bool) -> None:  # noqa: FBT001 - a parameter of the test
    _, error = run(announced("root" if as_root else "any", OTHER), as_root=as_root)
    reason = f"the kit on the target is of another plan than this scan (plan {ORIGIN.plan}, version 1.0)"
    assert isinstance(error, ConnectError)
    assert (error.reason, error.remedy) == (reason, INSTALL)


@pytest.mark.parametrize("as_root", [True, False])
def test_no_kit_says_what_to_install(as_root: bool) -> None:  # noqa: FBT001 - a parameter of the test
    _, error = run(stderr("sh: 1: not found\n"), Ended(127), as_root=as_root)
    reason = f"{SCAN_SCRIPT} did not run on the target (exit status 127): sh: 1: not found"
    assert isinstance(error, ConnectError)
    assert (error.reason, error.remedy) == (reason, INSTALL)


def test_a_refusal_of_sudo_is_a_refusal_of_root() -> None:
    _, error = run(stderr("sudo: a password is required\n"), Ended(1))
    assert isinstance(error, BecomeRefused)
    expected = f"sudo does not let the account run {ROOT_SCRIPT} (exit status 1): sudo: a password is required"
    assert error.reason == expected


def test_silence_is_no_kit() -> None:
    _, error = run()
    assert str(error) == f"{SCAN_SCRIPT} did not say what it holds; {INSTALL}"


def test_a_broken_connection_is_no_refusal() -> None:
    _, answer = run(Broken("the cable was cut"))
    assert answer == NotRun("the cable was cut")


def test_a_version_of_the_target_stays_on_its_line() -> None:
    forged = stdout(f"hardening-kit 1 root {digest_batch([OTHER])} {ORIGIN.plan} \x1b[2Jx\n")
    _, error = run(forged)
    assert "\x1b" not in str(error)


def run_script(shell: tuple[str, ...], text: str, typed: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    argv = (*shell, "-c", text, "script", *arguments)
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        argv,
        input=typed.encode(),
        capture_output=True,
        check=False,
        timeout=30,
        env=environment,
        start_new_session=True,
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_answer_to_their_word(shell: tuple[str, ...]) -> None:
    done = run_script(shell, render_scan_script([STEP], ORIGIN), f"{WORD.word}\n", "any")
    (answer,) = split_batch([STEP], WORD.word, done.stdout, done.stderr).values()
    assert isinstance(answer, Completed)
    assert (done.returncode, answer.stdout) == (0, b"here\n")


@pytest.mark.parametrize("typed", ["", "\n", "abc\n", f"{'g' * 32}\n", f"{'a' * 33}\n"])
@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_run_nothing_without_a_word(shell: tuple[str, ...], typed: str) -> None:
    done = run_script(shell, render_root_script([STEP], ORIGIN), typed)
    assert (done.returncode, b"here" in done.stdout) == (65, False)


@pytest.mark.parametrize("word", ["", "id", "any; id", "root x", "any\nid", f"{SCAN_SCRIPT} any x"])
def test_the_script_of_the_account_knows_two_words(word: str) -> None:
    done = run_script(("dash",), render_scan_script([STEP], ORIGIN), f"{WORD.word}\n", word)
    assert (done.returncode, done.stdout) == (64, b"")


def test_a_script_holds_its_batch_word_by_word() -> None:
    script = render_root_script([STEP], ORIGIN)
    assert f"# batch {digest_batch([STEP])}\n" in script


def test_equal_steps_give_equal_scripts() -> None:
    assert render_root_script([STEP], ORIGIN) == render_root_script([STEP], ORIGIN)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_that_waits_in_vain_ends_by_itself(shell: tuple[str, ...]) -> None:
    script = render_root_script([STEP], ORIGIN).replace("sleep 300", "sleep 1")
    with subprocess.Popen(
        (*shell, "-c", script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    ) as waiting:
        assert waiting.wait(20) == -signal.SIGKILL


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_without_a_reader_leaves_nothing_behind(shell: tuple[str, ...]) -> None:
    script = render_root_script([STEP, ShellStep(name="two", script="sleep 1")], ORIGIN)
    with subprocess.Popen(
        (*shell, "-c", script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdout.readline()
        program.stdout.close()
        program.stderr.close()
        program.stdin.write(WORD.bytes + b"\n")
        program.stdin.close()
        assert program.wait(20) == 141
        assert not is_any_left(program.pid)


def is_any_left(group: int) -> bool:
    """Say whether a process of a group is still there, a moment later."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True
