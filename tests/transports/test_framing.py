"""A batch as a script and its output as answers: the two are inverse, through every shell that is here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.step import Completed, NotRun, ShellStep
from hardening.transports.framing import BatchReader, order_steps, render_batch, split_batch
from tests.transports.conformance import completed

WORD = "0123456789abcdef" * 2
SHELLS = [command for command in (["dash"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(command[0])]


def run_batch(steps: Sequence[ShellStep], shell: Sequence[str] = ("/bin/sh",)) -> tuple[bytes, bytes]:
    """Run a rendered batch by hand and return its two streams."""
    script = f"hardening_word={WORD}\n{render_batch(steps)}".encode("utf-8", "surrogateescape")
    done = subprocess.run([*shell, "-c", 'eval "$(cat)"'], input=script, capture_output=True, check=False)
    return done.stdout, done.stderr


def frame(number: int, output: bytes, status: str = "0") -> bytes:
    """Return one framed output as a shell would print it."""
    return b"%s begin %d\n%s%s end %d %s\n" % (
        WORD.encode(),
        number,
        output,
        WORD.encode(),
        number,
        status.encode(),
    )


def step(name: str = "one", script: str = ":", *, output_limit: int = 1000, unbounded: bool = False) -> ShellStep:
    return ShellStep(name=name, script=script, output_limit=output_limit, unbounded=unbounded)


def octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)


@st.composite
def steps_with_answers(draw: st.DrawFn) -> list[tuple[ShellStep, Completed]]:
    """Draw steps that print known bytes and end with a known status, and the answers that they must give."""
    pairs = []
    for number in range(draw(st.integers(0, 5))):
        stdout, stderr = draw(st.binary(max_size=40)), draw(st.binary(max_size=40))
        status = draw(st.integers(0, 125))
        limit = draw(st.integers(1, 60))
        script = f"printf '{octal(stdout)}'; printf '{octal(stderr)}' >&2; exit {status}"
        asked = step(f"step {number}", script, output_limit=limit, unbounded=draw(st.booleans()))
        answer = Completed(exit_status=status, stdout=stdout[:limit], stderr=stderr, cut=len(stdout) > limit)
        pairs.append((asked, answer))
    return pairs


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@settings(max_examples=15, deadline=None)
@given(pairs=steps_with_answers())
def test_splitting_undoes_running_the_rendered_batch(
    shell: list[str], pairs: list[tuple[ShellStep, Completed]]
) -> None:
    steps = [pair[0] for pair in pairs]
    assert split_batch(steps, WORD, *run_batch(steps, shell)) == {asked.name: answer for asked, answer in pairs}


@settings(max_examples=100, deadline=None)
@given(outputs=st.lists(st.binary(max_size=80), max_size=4), cuts=st.lists(st.integers(0, 600), max_size=8))
def test_how_the_streams_are_chopped_up_does_not_matter(outputs: list[bytes], cuts: list[int]) -> None:
    steps = [step(f"step {number}") for number in range(len(outputs))]
    stdout = b"".join(frame(number, output) for number, output in enumerate(outputs))
    stderr = b"".join(frame(number, b"") for number in range(len(outputs)))
    reader = BatchReader(steps, WORD, output_bytes=10_000, as_root=False)
    places = sorted({0, *cuts, max(len(stdout), len(stderr))})
    for start, end in zip(places, [*places[1:], None], strict=True):
        reader.feed(stdout[start:end], stderr[start:end], 0.0)
    assert reader.answers("missing") == split_batch(steps, WORD, stdout, stderr)


@settings(max_examples=200, deadline=None)
@given(stdout=st.binary(max_size=300), stderr=st.binary(max_size=300))
def test_noise_is_never_an_answer(stdout: bytes, stderr: bytes) -> None:
    assert split_batch([step()], WORD, stdout, stderr) == {"one": NotRun("no end marker")}


@settings(max_examples=100, deadline=None)
@given(length=st.integers(0, 400))
def test_a_stream_cut_anywhere_gives_whole_answers_or_none(length: int) -> None:
    steps = [step("one"), step("two")]
    stdout, stderr = frame(0, b"first\n") + frame(1, b"second\n"), frame(0, b"") + frame(1, b"")
    for answer in split_batch(steps, WORD, stdout[:length], stderr).values():
        assert isinstance(answer, Completed | NotRun)
        assert isinstance(answer, NotRun) or answer.stdout in {b"first\n", b"second\n"}


def test_the_same_steps_give_the_same_script() -> None:
    assert render_batch([step("one", "echo 'x'")]) == render_batch([step("one", "echo 'x'")])


def test_the_word_is_not_in_the_script() -> None:
    assert WORD not in render_batch([step()])


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two steps of a batch have one name"):
        render_batch([step("one"), step("one")])


def test_a_script_with_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="step one holds a NUL character"):
        render_batch([step("one", "echo \0")])


def test_steps_keep_their_order_but_slow_ones_come_last() -> None:
    steps = [ShellStep(name=name, script=":", slow=name.startswith("slow")) for name in ("b", "slow 2", "a", "slow 1")]
    assert [ordered.name for ordered in order_steps(steps)] == ["b", "a", "slow 2", "slow 1"]


def test_a_step_that_is_no_utf8_arrives_as_it_is() -> None:
    steps = [step("one", "printf %s '\udcff'")]
    assert completed(split_batch(steps, WORD, *run_batch(steps))["one"]).stdout == b"\xff"


def test_noise_before_the_first_marker_is_passed_over() -> None:
    stdout, stderr = b"Welcome! " + frame(0, b"here"), b"bash: warning\n" + frame(0, b"")
    assert completed(split_batch([step()], WORD, stdout, stderr)["one"]).stdout == b"here"


def test_noise_between_two_steps_is_passed_over() -> None:
    steps = [step("one"), step("two")]
    stdout = frame(0, b"first") + b"a background job speaks\n" + frame(1, b"second")
    stderr = frame(0, b"") + frame(1, b"")
    assert completed(split_batch(steps, WORD, stdout, stderr)["two"]).stdout == b"second"


def test_an_end_marker_without_a_status_is_output() -> None:
    forged = f"{WORD} end 0 none\n".encode()
    assert completed(split_batch([step()], WORD, frame(0, forged), frame(0, b""))["one"]).stdout == forged


def test_a_marker_of_another_step_is_output() -> None:
    forged = f"{WORD} end 1 0\n".encode()
    assert completed(split_batch([step()], WORD, frame(0, forged), frame(0, b""))["one"]).stdout == forged


def test_a_step_that_ended_on_one_stream_only_was_not_run() -> None:
    assert split_batch([step()], WORD, frame(0, b"here"), b"") == {"one": NotRun("no end marker")}


def test_end_markers_that_contradict_each_other_are_no_answer() -> None:
    answers = split_batch([step()], WORD, frame(0, b"", "0"), frame(0, b"", "1"))
    assert answers == {"one": NotRun("its end markers contradict each other")}


def test_output_lost_for_want_of_a_cutter_is_no_answer() -> None:
    answers = split_batch([step()], WORD, frame(0, b"", "lost"), frame(0, b"", "lost"))
    assert answers == {"one": NotRun("`head` is missing on the target, so the output could not be limited")}


def test_a_target_without_head_loses_the_output_of_unbounded_steps_only() -> None:
    steps = [step("cut", "head() { return 9; }; echo x", unbounded=True), step("whole", "echo here")]
    script = render_batch(steps).replace("head -c", "/nowhere/head -c")
    done = subprocess.run(
        ["/bin/sh"], input=f"hardening_word={WORD}\n{script}".encode(), capture_output=True, check=False
    )
    answers = split_batch(steps, WORD, done.stdout, done.stderr)
    assert [type(answer) for answer in answers.values()] == [NotRun, Completed]


def test_the_time_of_a_step_is_that_between_its_markers() -> None:
    reader = BatchReader([step()], WORD, output_bytes=1000, as_root=False)
    begin, end = frame(0, b"").splitlines(keepends=True)
    reader.feed(begin, frame(0, b""), 10.0)
    reader.feed(end, b"", 10.25)
    assert completed(reader.answers("")["one"]).milliseconds == 250


def test_a_reader_is_done_with_the_last_end_marker() -> None:
    reader = BatchReader([step()], WORD, output_bytes=1000, as_root=False)
    reader.feed(frame(0, b"")[:-1], frame(0, b""), 0.0)
    assert not reader.is_done
    reader.feed(b"\n", b"", 0.0)
    assert reader.is_done


def test_what_a_login_shell_said_is_its_first_line_made_harmless() -> None:
    reader = BatchReader([step()], WORD, output_bytes=1000, as_root=False)
    reader.feed(b"\n\x1b[31mThis account is\x07 closed.\nBye\n", b"", 0.0)
    assert reader.first_words == "\\x1b[31mThis account is\\x07 closed."


def test_what_is_more_than_the_batch_may_send_is_dropped() -> None:
    reader = BatchReader([step()], WORD, output_bytes=10, as_root=False)
    reader.feed(frame(0, b""), frame(0, b""), 0.0)
    assert reader.answers("") == {"one": NotRun("output limit reached")}


def test_a_batch_of_no_steps_is_done_at_once() -> None:
    assert BatchReader([], WORD, output_bytes=10, as_root=False).is_done


def test_where_nothing_else_watches_the_script_ends_itself_with_its_children() -> None:
    steps = [step("before", "echo here"), step("hangs", "sleep 300"), step("after")]
    script = f"hardening_word={WORD}; hardening_watch=0.3\n{render_batch(steps)}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, check=False, start_new_session=True, timeout=60
    )
    answers = split_batch(steps, WORD, done.stdout, done.stderr)
    assert [type(answer) for answer in answers.values()] == [Completed, NotRun, NotRun]


def test_a_script_that_watches_itself_leaves_no_process_behind() -> None:
    script = f"hardening_word={WORD}; hardening_watch=86399\n{render_batch([step()])}\nwait"
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, check=False, start_new_session=True, timeout=60
    )
    assert done.returncode == 0
