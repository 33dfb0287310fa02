"""One batch over a byte channel: when waiting ends, and what is said about the steps that did not run."""

from __future__ import annotations

import pytest

from hardening.model.step import Answer, Completed, NotRun, ShellStep
from hardening.transports.channel import Broken, Ended, Received
from hardening.transports.session import Limits
from hardening.transports.shell import run_plain_batch
from tests.transports.fakes import WORD, Event, StoryChannel, answers_for, build_batch, stderr, stdout

ONE, TWO = ShellStep(name="one", script="echo one"), ShellStep(name="two", script="echo two")
BEGINS = Received(f"{WORD.word} begin 0\n".encode(), f"{WORD.word} begin 0\n".encode())


def run(*events: Event, limits: Limits | None = None) -> dict[str, Answer]:
    channel = StoryChannel(events)
    return run_plain_batch(channel, build_batch([ONE, TWO], channel.ticks, limits))


def test_a_batch_that_runs_through_answers_every_step() -> None:
    assert run(answers_for("one\n", "two\n")) == {
        "one": Completed(exit_status=0, stdout=b"one\n"),
        "two": Completed(exit_status=0, stdout=b"two\n"),
    }


def test_word_and_script_are_sent_at_once() -> None:
    channel = StoryChannel([answers_for("", "")])
    batch = build_batch([ONE, TWO], channel.ticks)
    run_plain_batch(channel, batch)
    assert channel.sent == [(0, batch.input)]


def test_the_word_is_the_first_line_that_is_sent() -> None:
    assert build_batch([ONE], StoryChannel([]).ticks).input.partition(b"\n")[0] == WORD.bytes


def test_nothing_is_sent_after_the_script() -> None:
    channel = StoryChannel([answers_for("", "")])
    run_plain_batch(channel, build_batch([ONE, TWO], channel.ticks))
    assert channel.is_finished


def test_the_channel_is_closed_at_the_end() -> None:
    channel = StoryChannel([answers_for("", "")])
    run_plain_batch(channel, build_batch([ONE, TWO], channel.ticks))
    assert channel.is_closed


def test_answers_before_a_broken_connection_are_kept() -> None:
    answers = run(answers_for("one\n"), Broken("the connection broke"))
    assert answers == {"one": Completed(exit_status=0, stdout=b"one\n"), "two": NotRun("the connection broke")}


def test_an_end_without_markers_is_no_answer_whatever_its_status() -> None:
    assert run(BEGINS, Ended(0))["one"] == NotRun("the shell ended in mid-batch with exit status 0")


@pytest.mark.parametrize("status", [124, 137])
def test_a_batch_that_the_target_ended_says_so(status: int) -> None:
    assert run(BEGINS, Ended(status))["one"] == NotRun("the batch was ended on the target after 300 s")


def test_a_login_shell_that_runs_nothing_is_quoted() -> None:
    answers = run(stdout("This account is currently not available.\n"), Ended(1))
    assert answers["one"] == NotRun(
        "the account's shell did not run the batch (exit status 1): This account is currently not available."
    )


def test_a_login_shell_that_runs_and_says_nothing_is_named() -> None:
    assert run(Ended(1))["one"] == NotRun("the account's shell did not run the batch (exit status 1)")


def test_what_a_login_shell_says_cannot_steer_a_terminal() -> None:
    answer = run(stderr("\x1b]0;title\x07gone\n"), Ended(1))["one"]
    assert isinstance(answer, NotRun)
    assert answer.reason.isprintable()


def test_silence_ends_a_batch() -> None:
    assert run(BEGINS, limits=Limits(idle_seconds=7)) == dict.fromkeys(
        ("one", "two"), NotRun("nothing came from the target for 7 s")
    )


def test_a_talkative_batch_ends_at_its_deadline() -> None:
    answers = run(BEGINS, *[stdout("more\n")] * 2000, limits=Limits(deadline_seconds=1))
    assert answers["one"] == NotRun("the batch did not end within 1 s")


def test_a_flood_ends_a_batch() -> None:
    answers = run(answers_for("one\n"), *[Received(b"x" * 500)] * 3, limits=Limits(output_bytes=1000))
    assert answers["two"] == NotRun("output limit reached")


def test_answers_before_a_flood_are_kept() -> None:
    answers = run(answers_for("one\n"), *[Received(b"x" * 500)] * 3, limits=Limits(output_bytes=1000))
    assert answers["one"] == Completed(exit_status=0, stdout=b"one\n")
