"""One batch of steps as a script, and its two streams of output as answers. Pure: no process, no clock.

Each step stands between a begin and an end marker on both streams. Markers carry a random word that is not in the
script: the shell that runs it has it in ``hardening_word``. Output can therefore not forge a marker, and the same
steps always give the same script.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.step import Answer, Completed, NotRun, ShellStep

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD_VARIABLE = "hardening_word"
"""The shell variable that holds the word when the script starts."""

WATCH_VARIABLE = "hardening_watch"
"""The shell variable that holds the deadline in seconds, if nothing else ends the batch then; empty otherwise."""

# The watchdog ends the whole process group: a shell that is killed alone leaves its `find` running. When it is not
# needed, it goes together with its `sleep`.
_HEADER = """\
set +efuvx
unset CDPATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
LANGUAGE=
export PATH LC_ALL LANGUAGE
umask 077
if [ -n "${hardening_watch:-}" ]; then
  ( sleep "$hardening_watch" & p=$!; trap 'kill "$p"; exit' TERM; wait "$p" && kill -9 0 ) </dev/null >/dev/null 2>&1 &
  hardening_watchdog=$!
fi
hardening_begin() {
  printf '%s begin %s\\n' "$hardening_word" "$1"
  printf '%s begin %s\\n' "$hardening_word" "$1" >&2
}
hardening_end() {
  printf '%s end %s %s\\n' "$hardening_word" "$1" "$2"
  printf '%s end %s %s\\n' "$hardening_word" "$1" "$2" >&2
}
"""

_PLAIN = """\
hardening_begin {number}
( eval {script} ) </dev/null
hardening_end {number} "$?"
"""

_FOOTER = """\
[ -z "${hardening_watchdog:-}" ] || kill "$hardening_watchdog"
"""

# The exit status leaves the pipeline through descriptor 4, the output through 3; `lost` means that `head` failed.
_UNBOUNDED = """\
hardening_begin {number}
{{ hardening_status=$( {{ {{ ( eval {script} ) </dev/null 3>&- 4>&-; printf %s "$?" >&4; }} |
  head -c {kept} >&3 3>&- 4>&-; }} 4>&1 ) || hardening_status=lost; }} 3>&1
hardening_end {number} "$hardening_status"
"""

_LONGEST_STATUS = len("lost\n")
_STATUS = re.compile(rb"[0-9]{1,3}|lost")


def order_steps(steps: Sequence[ShellStep]) -> tuple[ShellStep, ...]:
    """Return the steps in the order in which they run: as given, slow ones last."""
    return tuple(sorted(steps, key=lambda step: step.slow))


def render_batch(steps: Sequence[ShellStep]) -> str:
    """Return the script of a batch; the same steps give the same text.

    Raises ``ValueError`` if two steps share a name or a script holds NUL, which no shell can be given.
    """
    ordered = order_steps(steps)
    if len({step.name for step in ordered}) != len(ordered):
        msg = "two steps of a batch have one name"
        raise ValueError(msg)
    return _HEADER + "".join(_render_step(number, step) for number, step in enumerate(ordered)) + _FOOTER


def _render_step(number: int, step: ShellStep) -> str:
    if "\0" in step.script:
        msg = f"step {step.name} holds a NUL character"
        raise ValueError(msg)
    template = _UNBOUNDED if step.unbounded else _PLAIN
    # One byte more than the limit is let through, so that cut output can be told from output that just fits.
    return template.format(number=number, script=_quote(step.script), kept=step.output_limit + 1)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


class BatchReader:
    """Takes the two streams of a batch as they come and finds the answers in them.

    Times are in seconds of any steady clock; a step's time runs from the arrival of its begin marker to that of its end
    marker. Noise before, between and after the markers is ignored.
    """

    def __init__(self, steps: Sequence[ShellStep], word: str, *, output_bytes: int, as_root: bool) -> None:
        self._steps = order_steps(steps)
        self._stdout = _Stream(word, len(self._steps))
        self._stderr = _Stream(word, len(self._steps))
        self._left = output_bytes
        self._as_root = as_root

    def feed(self, stdout: bytes, stderr: bytes, at: float) -> None:
        """Take what arrived at a time; what is more than the batch may send is dropped."""
        for stream, data in ((self._stdout, stdout), (self._stderr, stderr)):
            taken = data[: max(self._left, 0)]
            self._left -= len(data)
            stream.feed(taken, at)

    @property
    def is_done(self) -> bool:
        """Whether the last end marker has come on both streams."""
        return self._stdout.is_done and self._stderr.is_done

    @property
    def is_full(self) -> bool:
        """Whether the batch has sent more than it may."""
        return self._left < 0

    @property
    def is_started(self) -> bool:
        """Whether the first begin marker has come: the script runs."""
        return self._stdout.is_started

    @property
    def is_in_slow_step(self) -> bool:
        """Whether a step that may be silent for long is running now."""
        return self._stdout.is_in_step and self._steps[self._stdout.next].slow

    @property
    def first_words(self) -> str:
        """The first line that came before any marker, made harmless: what the login shell had to say."""
        for stream in (self._stderr, self._stdout):
            line = stream.noise.decode("utf-8", "replace").strip().partition("\n")[0].strip()
            if line:
                return clean_line(line, 200)
        return ""

    def answers(self, missing: str) -> dict[str, Answer]:
        """Return an answer for every step, by name; ``missing`` is the reason for those without an end marker."""
        return {step.name: self._answer(number, step, missing) for number, step in enumerate(self._steps)}

    def _answer(self, number: int, step: ShellStep, missing: str) -> Answer:
        stdout, stderr = self._stdout.found.get(number), self._stderr.found.get(number)
        if stdout is None or stderr is None:
            return NotRun("output limit reached" if self.is_full else missing)
        if b"lost" in {stdout.status, stderr.status}:
            return NotRun("`head` is missing on the target, so the output could not be limited")
        if stdout.status != stderr.status:
            return NotRun("its end markers contradict each other")
        return Completed(
            exit_status=int(stdout.status),
            stdout=stdout.output[: step.output_limit],
            stderr=stderr.output,
            milliseconds=max(round((stdout.ended - stdout.began) * 1000), 0),
            cut=len(stdout.output) > step.output_limit,
            as_root=self._as_root,
        )


def split_batch(
    steps: Sequence[ShellStep], word: str, stdout: bytes, stderr: bytes, *, missing: str = "no end marker"
) -> dict[str, Answer]:
    """Return the answers in two complete streams: the inverse of running the rendered batch."""
    reader = BatchReader(steps, word, output_bytes=len(stdout) + len(stderr), as_root=False)
    reader.feed(stdout, stderr, 0.0)
    return reader.answers(missing)


class _Found:
    """The output of one step on one stream, with the status and the times of its markers."""

    __slots__ = ("began", "ended", "output", "status")

    def __init__(self, output: bytes, status: bytes, began: float, ended: float) -> None:
        self.output = output
        self.status = status
        self.began = began
        self.ended = ended


class _Stream:
    """One stream: looks for the one marker that must come next and passes over everything else."""

    def __init__(self, word: str, count: int) -> None:
        self._word = word.encode("ascii")
        self._count = count
        self._buffer = bytearray()
        self._searched = 0
        self.next = 0
        self._output_from = 0
        self._began = 0.0
        self.is_in_step = False
        self.found: dict[int, _Found] = {}

    @property
    def is_done(self) -> bool:
        return len(self.found) == self._count

    @property
    def is_started(self) -> bool:
        return self.is_in_step or self.next > 0

    @property
    def noise(self) -> bytes:
        return b"" if self.is_started else bytes(self._buffer[:4096])

    def feed(self, data: bytes, at: float) -> None:
        if not data:
            return
        self._buffer += data
        while not self.is_done and (self._find_end(at) if self.is_in_step else self._find_begin(at)):
            pass

    def _find_begin(self, at: float) -> bool:
        marker = b"%s begin %d\n" % (self._word, self.next)
        start = self._search(marker)
        if start < 0:
            return False
        self._searched = self._output_from = start + len(marker)
        self._began = at
        self.is_in_step = True
        return True

    def _find_end(self, at: float) -> bool:
        marker = b"%s end %d " % (self._word, self.next)
        start = self._search(marker)
        if start < 0:
            return False
        status_from = start + len(marker)
        line_end = self._buffer.find(b"\n", status_from, status_from + _LONGEST_STATUS)
        status = bytes(self._buffer[status_from:line_end]) if line_end >= 0 else b""
        if not _STATUS.fullmatch(status):
            if line_end < 0 and len(self._buffer) < status_from + _LONGEST_STATUS:
                self._searched = start
                return False
            self._searched = status_from
            return True
        output = bytes(self._buffer[self._output_from : start])
        self.found[self.next] = _Found(output, status, self._began, at)
        self._searched = line_end + 1
        self.next += 1
        self.is_in_step = False
        return True

    def _search(self, marker: bytes) -> int:
        start = self._buffer.find(marker, self._searched)
        if start < 0:
            # A marker may have come in part: look there again when more has come.
            self._searched = max(self._searched, len(self._buffer) - len(marker) + 1)
        return start
