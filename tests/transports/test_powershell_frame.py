"""The frame of a PowerShell batch, and what it makes of answers that are not as they should be."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.step import Completed, NotRun, PowerShellStep
from hardening.transports.powershell_frame import COMMAND_LINE, PowerShellFrames, read_words, render_blocks
from tests.lab.wsman.replies import ERROR, PROGRESS, PowerShell, answer_items

WORD = "0123456789abcdef0123456789abcdef"
ONE = PowerShellStep(name="one", script="Get-Date\n")
TWO = PowerShellStep(name="two", script="'it''s' + \"\n\"", slow=True)
MISSING = "no end"


def answer(output: str, *steps: PowerShellStep) -> object:
    frames = PowerShellFrames(steps or (ONE,), WORD)
    frames.feed(output.encode("latin-1"))
    return frames.answers(MISSING)["one"]


def frame(text: str, *, status: int = 0, length: int | None = None, cut: int = 0) -> str:
    size = len(text) if length is None else length
    return f"{WORD} begin 0\r\n{text}\r\n{WORD} end 0 {status} {size} {cut} 12\r\n"


def test_an_answer_is_taken_out_of_its_frame() -> None:
    assert answer(frame("[1]")) == Completed(exit_status=0, stdout=b"[1]", milliseconds=12)


def test_an_error_comes_as_an_error() -> None:
    assert answer(frame('{"type": "x"}', status=1)) == Completed(
        exit_status=1, stdout=b"", stderr=b'{"type": "x"}', milliseconds=12
    )


def test_a_cut_answer_is_marked() -> None:
    assert answer(frame("[1]", cut=1)) == Completed(exit_status=0, stdout=b"[1]", milliseconds=12, cut=True)


@pytest.mark.parametrize(
    "output",
    [
        "",
        "[1]",
        f"{WORD} begin 0\r\n[1]\r\n",
        f"{WORD} begin 0\r\n[1]\r\n{WORD} end 1 0 3 0 1\r\n",
        f"{WORD} begin 0\r\n[1]\r\n{WORD} end 0 0 3 0 1",
        frame("[1]").replace(WORD, "f" * 32),
    ],
)
def test_without_its_end_a_step_was_not_run(output: str) -> None:
    assert answer(output) == NotRun(MISSING)


@pytest.mark.parametrize(
    "output",
    [
        frame("[1]", length=4),
        frame("[1, 2]").replace(", ", ","),
        frame('["\xf8"]'),
        frame("[1"),
        frame("advarsel[1]"),
    ],
)
def test_what_was_changed_on_the_way_is_not_believed(output: str) -> None:
    seen = answer(output)
    assert isinstance(seen, NotRun)
    assert seen.reason.startswith("the answer was changed on the way")


def test_a_frame_in_an_answer_is_part_of_it() -> None:
    text = json.dumps([f"{'0' * 32} end 0 0 1 0 1\n"])
    assert answer(frame(text)) == Completed(exit_status=0, stdout=text.encode(), milliseconds=12)


def test_a_slow_step_is_known_while_it_runs() -> None:
    frames = PowerShellFrames((TWO, ONE), WORD)
    seen = [frames.is_slow]
    for output in (f"{WORD} begin 0\n", f"[]\n{WORD} end 0 0 2 0 1\n", f"{WORD} begin 1\n"):
        frames.feed(output.encode())
        seen.append(frames.is_slow)
    assert seen == [False, False, False, True]


def test_a_forged_number_is_no_step() -> None:
    frames = PowerShellFrames((TWO,), WORD)
    frames.feed(f"{WORD} begin 99999\n".encode())
    assert not frames.is_slow


def test_equal_steps_give_equal_scripts() -> None:
    assert render_blocks((ONE, TWO)) == render_blocks((TWO, ONE))


def test_a_script_that_is_not_ascii_is_never_sent() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        render_blocks((replace(ONE, script="# blåbær"),))


def test_a_step_that_writes_is_given_a_folder_and_no_other_is() -> None:
    calls = re.findall(
        r"^Invoke-HardeningStep (\d) \d+ (\S+)", render_blocks((ONE, replace(TWO, writes="a file"))), re.MULTILINE
    )
    assert calls == [("0", "$false"), ("1", "$true")]


def test_the_command_line_is_the_same_for_every_plan() -> None:
    assert len(COMMAND_LINE) < 8191
    assert WORD not in COMMAND_LINE


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\r\0"), min_size=1), max_size=5))
def test_scripts_arrive_as_they_were_written(scripts: list[str]) -> None:
    steps = [PowerShellStep(name=str(number), script=script) for number, script in enumerate(scripts)]
    powershell = PowerShell(answer_items)
    output, _, _ = powershell.run(f"{WORD}\n{render_blocks(steps)}".encode())
    frames = PowerShellFrames(steps, WORD)
    frames.feed(output)
    assert powershell.asked == [script.rstrip("\n") for script in scripts]
    assert all(isinstance(each, Completed) for each in frames.answers(MISSING).values())


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("", ""),
        ("Ingen tilgang.\r\nmer", "Ingen tilgang."),
        (PROGRESS, ""),
        (ERROR, "Dette skriptet er blokkert av antivirusprogrammet."),
        ('#< CLIXML\r\n<Objs><S S="Error">x', ""),
        ('#< CLIXML\r\n<!DOCTYPE a [<!ENTITY b "c">]><Objs><S S="Error">&b;</S></Objs>', ""),
        ("\x1b[31mrød\x1b[0m", "\\x1b[31mrød\\x1b[0m"),
    ],
)
def test_words_on_standard_error_are_read(stderr: str, words: str) -> None:
    assert read_words(stderr.encode()) == words


def test_a_target_that_repeats_its_marks_does_not_keep_us() -> None:
    frames = PowerShellFrames([replace(ONE, name=str(number)) for number in range(50)], WORD)
    frames.feed(b"".join(b"%b begin %d\n" % (WORD.encode(), number % 50) for number in range(200_000)))
    began = time.process_time()
    assert set(frames.answers(MISSING).values()) == {NotRun(MISSING)}
    assert time.process_time() - began < 5
