"""What processes on a lab host did, seen from outside by strace: who started what, who wrote where."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.lab.hosts import Host

_STARTS: Final = ("clone", "clone3", "fork", "vfork")
_WRITES: Final = (
    *("open", "openat", "openat2", "creat", "truncate", "ftruncate", "unlink", "unlinkat", "rename", "renameat"),
    *("renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "chmod"),
    *("fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utimensat", "setxattr", "mount"),
)
_SYSCALLS: Final = (*_STARTS, *_WRITES, "execve", "accept", "accept4")
_LINE: Final = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_OPENS: Final = ("open", "openat", "openat2", "creat")
_OPENED_TO_WRITE: Final = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that came back: its arguments as strace prints them, and its result."""

    pid: int
    name: str
    arguments: str
    result: str

    @property
    def succeeded(self) -> bool:
        """Tell whether it did what it was called for."""
        return not self.result.startswith(("-1", "?"))

    @property
    def writes(self) -> bool:
        """Tell whether it changed a file, or opened one so that it could."""
        if self.name not in _WRITES or not self.succeeded:
            return False
        return self.name not in _OPENS or _OPENED_TO_WRITE.search(self.arguments) is not None

    @property
    def child(self) -> int:
        """The process that it started, in the pid namespace of this machine, as `pid` is."""
        translated = re.search(r"/\* (\d+) in strace's PID NS", self.result)
        return int(translated[1] if translated else self.result.split()[0])

    @property
    def path(self) -> str:
        """The first path among the arguments."""
        match = re.search(r'"((?:[^"\\]|\\.)*)"', self.arguments)
        return match[1] if match else ""


@dataclass(slots=True)
class Trace:
    """The calls of all processes below one; complete once the tracing has ended."""

    calls: list[Call] = field(default_factory=list)

    def below(self, pids: set[int]) -> set[int]:
        """Return these processes and all that they started."""
        children = defaultdict(set)
        for call in self.calls:
            if call.name in _STARTS and call.succeeded:
                children[call.pid].add(call.child)
        found, waiting = set(pids), list(pids)
        while waiting:
            fresh = children[waiting.pop()] - found
            found |= fresh
            waiting += fresh
        return found

    def programs(self, pids: set[int] | None = None) -> list[Call]:
        """Return the programs that were started, by these processes or by all."""
        return [call for call in self.calls if call.name == "execve" and call.succeeded and _is_in(call, pids)]

    def count(self, name: str) -> int:
        """Count the calls of a name that succeeded."""
        return sum(call.name == name and call.succeeded for call in self.calls)


def _is_in(call: Call, pids: set[int] | None) -> bool:
    return pids is None or call.pid in pids


@contextmanager
def traced(host: Host, folder: Path) -> Iterator[Trace]:
    """Trace the sshd of a host and all that it starts while the block runs."""
    log, trace = folder / "strace", Trace()
    what = ",".join(f"?{name}" for name in _SYSCALLS)  # some machines lack some of them
    how = ("-f", "--pidns-translation", "-s", "200", "-e", f"trace={what}", "-e", "signal=none")
    argv = ("strace", *how, "-o", str(log), "-p", str(host.sshd_pid))
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr
        first = tracer.stderr.readline()
        assert "attached" in first, first
        try:
            yield trace
        finally:
            tracer.terminate()
    trace.calls += _parse(log.read_text(errors="replace"))


def _parse(text: str) -> Iterator[Call]:
    """Read lines such as `12 execve("/bin/sh", ["sh"], …) = 0`; one that was interrupted stands in two pieces."""
    begun: dict[int, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        pid, name, rest = int(match[1]), match[2] or match[3], match[4]
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>")
            continue
        arguments, equals, result = f"{begun.pop(pid, '') if match[2] else ''}{rest}".rpartition(" = ")
        if equals:
            yield Call(pid, name, arguments, result)
