"""What PowerShell would say to a batch: recorded answers, in the frame that the script itself describes.

This reads the script as it was sent, with means of its own, so that the frame is not taken at its word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from hardening.model.step import Answer, Completed, NotRun, PowerShellStep

_BLOCK = re.compile(
    r"^Invoke-HardeningStep (\d+) (\d+) \$(true|false) \{\n(.*?)\n\}\n(?=Invoke-HardeningStep |\"\$Word done\")",
    re.MULTILINE | re.DOTALL,
)
_CALL = re.compile(r"^Invoke-HardeningStep (\d+) (\d+) \$(true|false) '((?:[^']|'')*)'$", re.MULTILINE)
_IN_FULL = "Microsoft.PowerShell.Utility\\"
_LINE = 4000
PROGRESS = (
    '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    '<Obj S="progress" RefId="0">'
    "<MS><PR N='Record'><AV>Forbereder moduler</AV><SD> </SD></PR></MS></Obj></Objs>"
)
ERROR = (
    '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    '<S S="Error">Dette skriptet er blokkert av antivirusprogrammet._x000D__x000A_</S></Objs>'
)


class Mangling(Enum):
    """What happens to the output of PowerShell on its way."""

    NONE = auto()
    SAYS_NOTHING = auto()
    """A stub in place of PowerShell: status 0 and not a word."""
    BANNER = auto()
    """A profile that prints, before and between."""
    OEM = auto()
    """Bytes of an old code page around the frames."""
    OEM_INSIDE = auto()
    """Bytes of an old code page in an answer."""
    WRAPPED = auto()
    """Lines that are broken at 80 columns."""
    CLIXML = auto()
    """Progress records on standard error."""
    BLOCKED = auto()
    """Nothing but an error on standard error."""
    FLOOD = auto()
    """More than anybody wants to know."""
    HANGS = auto()
    """The last step never ends."""


Reply = Callable[[str], Answer]


@dataclass(slots=True)
class PowerShell:
    """A PowerShell that knows answers by the text of script blocks. ``asked`` are the blocks that it was sent."""

    reply: Reply
    mangling: Mangling = Mangling.NONE
    asked: list[str] = field(default_factory=list)

    def run(self, stdin: bytes) -> tuple[bytes, bytes, int | None]:
        """Return output, errors and status of a script; no status means that it never ends."""
        word, _, script = stdin.decode("ascii").partition("\n")
        return self.run_script(word, script)

    def run_script(self, word: str, script: str) -> tuple[bytes, bytes, int | None]:
        """Return the same of a script that has its word; its blocks are texts, or blocks as in a kit."""
        calls = [(int(number), text.replace("''", "'")) for number, _, _, text in _CALL.findall(script)]
        calls += [(int(number), text.replace(_IN_FULL, "")) for number, _, _, text in _BLOCK.findall(script)]
        self.asked += [text for _, text in calls]
        if self.mangling is Mangling.SAYS_NOTHING:
            return b"", b"", 0
        if self.mangling is Mangling.BLOCKED:
            return b"", ERROR.encode(), 1
        kept = calls[:-1] if self.mangling is Mangling.HANGS else calls
        parts = [self._frame(word, number, self.reply(text)) for number, text in kept]
        if self.mangling is Mangling.HANGS:
            return b"".join(parts) + f"{word} begin {calls[-1][0]}\r\n".encode(), b"", None
        output = self._mangle(b"".join(parts)) + f"{word} done\r\n".encode()
        return output, PROGRESS.encode() if self.mangling is Mangling.CLIXML else b"", 0

    def _frame(self, word: str, number: int, answer: Answer) -> bytes:
        match answer:
            case Completed():
                text = (answer.stderr if answer.exit_status else answer.stdout).decode()
                lines = "".join(f"{text[at : at + _LINE]}\r\n" for at in range(0, len(text), _LINE))
                end = f"{word} end {number} {answer.exit_status} {len(text)} {int(answer.cut)} {answer.milliseconds}"
                return f"{word} begin {number}\r\n{lines}{end}\r\n".encode()
            case _:
                return b""

    def _mangle(self, output: bytes) -> bytes:
        match self.mangling:
            case Mangling.BANNER:
                return b"Velkommen til SRV-01\r\n" + output.replace(b" begin 1\r\n", b" begin 1\r\n", 1)
            case Mangling.OEM:
                return "Størst mulig påpasselighet\r\n".encode("cp850") + output
            case Mangling.OEM_INSIDE:
                return output.replace(b"\\u00f8", "ø".encode("cp850"))
            case Mangling.WRAPPED:
                lines = output.split(b"\r\n")
                wrapped = [line[at : at + 80] for line in lines for at in range(0, max(len(line), 1), 80)]
                return b"\r\n".join(wrapped)
            case Mangling.FLOOD:
                return output + b"x" * 21_000_000
            case _:
                return output


def answer_items(*items: object, milliseconds: int = 5) -> Completed:
    """Return the answer of a step that put these out."""
    return Completed(exit_status=0, stdout=json.dumps(items).encode("ascii"), milliseconds=milliseconds)


def answer_error(kind: str, hresult: int, words: str, identifier: str = "") -> Completed:
    """Return the answer of a step that broke off with an error."""
    told = {"type": kind, "hresult": hresult, "id": identifier, "message": words}
    return Completed(exit_status=1, stdout=b"", stderr=json.dumps(told).encode("ascii"))


def reply_from(answers: Mapping[str, Answer], steps: Iterable[PowerShellStep]) -> Reply:
    """Return what knows answers by the names of the steps that blocks come from."""
    names = {step.script.rstrip("\n"): step.name for step in steps}

    def reply(script: str) -> Answer:
        return answers.get(names.get(script, ""), NotRun("not recorded"))

    return reply


def load_answers(folder: Path) -> dict[str, Answer]:
    """Return recorded answers by the name of the step: ``<step>.out`` is output, ``<step>.err`` an error, in JSON."""
    answers: dict[str, Answer] = {}
    for path in sorted(folder.glob("*.out")):
        answers[path.stem] = Completed(exit_status=0, stdout=_compact(path), milliseconds=5)
    for path in sorted(folder.glob("*.err")):
        answers[path.stem] = Completed(exit_status=1, stdout=b"", stderr=_compact(path), milliseconds=5)
    return answers


def _compact(path: Path) -> bytes:
    return json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":")).encode("ascii")
