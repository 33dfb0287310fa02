"""A program of its own: shuts itself into a root tree, apart from this machine, and runs a command of the tree there.

    python -I -S namespaces.py TREE COMMAND [ARGUMENT…]

Only root can. It imports the standard library alone and is run by its path, so that it starts in a few milliseconds.
No program of the tree runs before everything below is in force: namespaces of its own for mounts, processes, network,
IPC and names; the tree as root, read-only, without devices and setuid; nothing below /proc and /sys, and in /dev
`null` only; no capability but to read files whoever owns them; no new privileges. Where a call fails, nothing of the
tree runs: one line says which, and the exit status is ``SET_UP_FAILED``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import signal
import stat
import sys
from typing import NoReturn

SET_UP_FAILED = 125
"""Exit status when the command was not started."""

PREFIX = "hardening: "
"""What the line on standard error begins with that says why."""

_NOT_STARTED = {
    errno.ENOEXEC: "is a program for another kind of machine",
    errno.EACCES: "may not be run",
}

# <sched.h>
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUTS = 0x04000000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000

# <sys/mount.h>
_MS_RDONLY = 0x1
_MS_NOSUID = 0x2
_MS_NODEV = 0x4
_MS_NOEXEC = 0x8
_MS_REMOUNT = 0x20
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000
_MNT_DETACH = 0x2
_SEALED = _MS_RDONLY | _MS_NOSUID | _MS_NODEV

# <linux/prctl.h>, <linux/capability.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION = 0x20080522
_LAST_POSSIBLE_CAPABILITY = 63
# Reads what belongs to other accounts, as root does; what it could write is read-only. CAP_DAC_READ_SEARCH would be
# the smaller word, but it also opens files by handle: any file of the disk that the tree lies on.
_CAP_DAC_OVERRIDE = 1

_STAGE = "/sys"
"""A folder that every machine has and that is not needed on the way in; hidden in our own mounts only."""

_HOSTNAME_BYTES = 64
_UNNAMED = b"localhost"
_SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd", "/usr/bin/sshd")
_ENVIRONMENT = {
    "HOME": "/root",
    "LOGNAME": "root",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "USER": "root",
}

_libc = ctypes.CDLL(None, use_errno=True)


class _SetUpError(Exception):
    """What could not be done."""


def main(arguments: list[str]) -> NoReturn:
    """Run a command inside a tree and exit with its status."""
    tree, *command = arguments
    try:
        _die_with_parent()
        _enter(tree)
        _hide_machine()
        _name_tree()
        _drop_rights()
        os._exit(_run_first(command))
    except _SetUpError as error:
        _give_up(str(error))
    except OSError as error:
        _give_up(f"{error.filename or tree}: {error.strerror}")


def _enter(tree: str) -> None:
    """Make the tree our root, sealed with everything mounted below it, and let go of this machine's own."""
    os.chdir(tree)
    flags = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    _call("unshare", flags)
    _mount("make mounts private", None, "/", None, _MS_REC | _MS_PRIVATE)
    root = f"{_STAGE}/root"
    with open("/proc/self/mountinfo", "rb") as mounts:  # noqa: PTH123 - pathlib takes longer to load than all of this
        _mount("mount a folder to build in", "tmpfs", _STAGE, "tmpfs", _MS_NOSUID | _MS_NODEV)
        os.mkdir(root)  # noqa: PTH102
        _mount("bind the tree", ".", root, None, _MS_BIND | _MS_REC)
        for path in _below(os.fsencode(root), mounts.read()):
            _mount("make the tree read-only", None, path, None, _MS_REMOUNT | _MS_BIND | _SEALED)
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _MNT_DETACH)
    os.chdir("/")


def _below(folder: bytes, mounts: bytes) -> list[bytes]:
    """Return the mount points in and below a folder that proc(5) lists, parents first."""
    points = []
    for line in mounts.splitlines():
        path = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), line.split(b" ")[4])
        if path == folder or path.startswith(folder + b"/"):
            points.append(path)
    return points


def _hide_machine() -> None:
    """Put nothing where a running system has its kernel's view and its devices."""
    for name in ("/proc", "/sys"):
        if os.path.isdir(name):  # noqa: PTH112
            _mount(f"hide {name}", "tmpfs", name, "tmpfs", _SEALED | _MS_NOEXEC, "size=4k,nr_inodes=2,mode=555")
    if not os.path.isdir("/dev"):  # noqa: PTH112
        message = "the tree has no folder /dev, where /dev/null is needed"
        raise _SetUpError(message)
    _make_privilege_separation_folder()
    _mount("make /dev", "tmpfs", "/dev", "tmpfs", _MS_NOSUID | _MS_NOEXEC, "size=4k,nr_inodes=4,mode=755")
    os.mknod("/dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.chmod("/dev/null", 0o666)  # noqa: PTH101, S103
    _mount("make /dev read-only", None, "/dev", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NOEXEC)


def _make_privilege_separation_folder() -> None:
    """Show /run/sshd above the tree's own /run where sshd, asked about its configuration, would miss it.

    Where it cannot be laid there (no overlay on this file system) sshd itself says what it misses.
    """
    if not os.path.isdir("/run") or os.path.lexists("/run/sshd") or not any(map(os.path.exists, _SSHD)):  # noqa: PTH112
        return
    seen = os.stat("/run")  # noqa: PTH116
    _mount("mount a folder for /run", "tmpfs", "/dev", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64k")
    for name in ("/dev/upper", "/dev/work"):
        os.mkdir(name)  # noqa: PTH102
    os.chown("/dev/upper", seen.st_uid, seen.st_gid)
    os.chmod("/dev/upper", stat.S_IMODE(seen.st_mode))  # noqa: PTH101
    options = "lowerdir=/run,upperdir=/dev/upper,workdir=/dev/work"
    try:
        _mount("overlay /run", "overlay", "/run", "overlay", _MS_NOSUID | _MS_NODEV, options)
    except _SetUpError:
        pass
    else:
        os.mkdir("/run/sshd", 0o755)  # noqa: PTH102
        os.utime("/run", ns=(seen.st_atime_ns, seen.st_mtime_ns))
        _mount("make /run read-only", None, "/run", None, _MS_REMOUNT | _MS_BIND | _SEALED)
    _call("umount2", b"/dev", _MNT_DETACH)


def _name_tree() -> None:
    """Bear the name that the tree has by hostname(5), and no NIS domain."""
    name = b""
    try:
        descriptor = os.open("/etc/hostname", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        pass
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            lines = (line.strip() for line in os.read(descriptor, 4096).splitlines())
            name = next((line for line in lines if line and not line.startswith(b"#")), b"")[:_HOSTNAME_BYTES]
        os.close(descriptor)
    name = name or _UNNAMED
    _call("sethostname", name, ctypes.c_size_t(len(name)))
    _call("setdomainname", b"", ctypes.c_size_t(0))


def _drop_rights() -> None:
    """Keep the user id of root and the one capability that reading files takes."""
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.umask(0o077)
    # Nothing that the tree's programs leave when they crash is handed to this machine: 1 keeps it from a pipe as well.
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    _prctl("set no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(_LAST_POSSIBLE_CAPABILITY + 1):
        if capability == _CAP_DAC_OVERRIDE:
            continue
        try:
            _prctl("drop capabilities", _PR_CAPBSET_DROP, capability)
        except _SetUpError:
            if ctypes.get_errno() != errno.EINVAL:
                raise
            break  # there are no more
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    kept = 1 << _CAP_DAC_OVERRIDE
    _call("capset", header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))
    _prctl("hide our memory", _PR_SET_DUMPABLE, 0)


def _run_first(command: list[str]) -> int:
    """Run a process that is the first in its namespace, and in it the command; return the exit status.

    The first one is ours: a shell in its place could not be ended from inside and would see children of others.
    """
    if first := os.fork():
        return _wait_for(first)
    _die_with_parent()
    if child := os.fork():
        os._exit(_wait_for(child))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(command[0], command, _ENVIRONMENT)  # noqa: S606 - it is the point of this program
    except OSError as error:
        _give_up(f"{command[0]} {_why_not_started(command[0], error)}")


def _why_not_started(program: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "has no loader in the tree" if os.path.exists(program) else "is missing in the tree"  # noqa: PTH110
    return _NOT_STARTED.get(error.errno or 0, f"did not start: {error.strerror}")


def _wait_for(child: int) -> int:
    """Wait for one child and for all that are left to us meanwhile; return its exit status as a shell gives it."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _die_with_parent() -> None:
    _prctl("follow our parent", _PR_SET_PDEATHSIG, signal.SIGKILL)


def _mount(  # noqa: PLR0917 - the order of mount(2)
    what: str, source: str | None, target: str | bytes, kind: str | None, flags: int, data: str = ""
) -> None:
    """Call mount(2); ``what`` it is for stands in the error."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _check(what, _libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None))


def _prctl(what: str, option: int, value: int) -> None:
    _check(what, _libc.prctl(option, *(ctypes.c_ulong(word) for word in (value, 0, 0, 0))))


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library that returns -1 when it fails."""
    _check(name, getattr(_libc, name)(*arguments))


def _check(what: str, result: int) -> None:
    if result == -1:
        message = f"could not {what}: {os.strerror(ctypes.get_errno())}"
        raise _SetUpError(message)


def _give_up(reason: str) -> NoReturn:
    os.write(2, f"{PREFIX}{reason}\n".encode("utf-8", "surrogateescape"))
    os._exit(SET_UP_FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
