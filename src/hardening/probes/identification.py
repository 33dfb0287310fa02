"""Who answers: the first step of every batch says what the target is and who we are on it. Three processes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Unreadable
from hardening.model.platform import OperatingSystem, Platform
from hardening.model.step import Completed, NotRun, ShellStep
from hardening.probes.os_release import READ_OS_RELEASE, parse_os_release
from hardening.probes.shell import CUT, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer

# What marks a container follows systemd-detect-virt(1). Beyond it: PID 2 is kthreadd wherever PID 1 belongs to the
# kernel's first PID namespace; where PID 1 can be read and PID 2 is something else, we are in a namespace of our own.
# In a container that was made for the visit of an image only the visit runs: model.platform.AT_REST.
_CONTAINER = r"""running=
[ -d "/proc/sys/kernel$hardening_at_rest" ] && running=yes
container=
if [ -r /run/systemd/container ]; then IFS= read -r container </run/systemd/container
elif [ -e /run/.containerenv ]; then container=podman
elif [ -e /.dockerenv ]; then container=docker
elif [ -e /proc/vz ] && [ ! -e /proc/bc ]; then container=openvz
elif [ "$running" ]; then
first= second=
{ IFS= read -r first </proc/1/comm; IFS= read -r second </proc/2/comm; } 2>/dev/null
[ "$first" ] && [ "$second" != kthreadd ] && container=other
[ -r /proc/1/environ ] && while IFS= read -r line || [ "$line" ]; do
case $line in *container=*) container=other ;; esac
done 2>/dev/null </proc/1/environ
fi
printf 'running=%s\n' "$running"
printf 'container=%s\n' "$container"
"""

STEP = ShellStep(
    name="identification",
    script=f"""{READ_OS_RELEASE}
{_CONTAINER}printf 'time=%s\\n' "$(date +%s)"
printf 'id=%s\\n' "$(id)"
printf 'uname=%s\\n' "$(uname -s -n -r -m)"
""",
)
"""The first step of every batch."""

_ID = re.compile(r"uid=([0-9]{1,10})(?:\((.*?)\))?(?: gid=.*)?")
_UNAME = re.compile(r"(\S+) (.*) (\S+) (\S+)")
_LINE = re.compile(r"(container|running|time|id|uname)=(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What the target is, and who asked it. ``uid`` is -1 where it is not known."""

    platform: Platform
    user: str
    uid: int
    target_time: int | Absent | Unreadable


def parse_identification(answer: Answer) -> Identification:
    """Read the answer to ``STEP``; what is missing in it stays unreadable."""
    if not isinstance(answer, Completed):
        return _unknown(Unreadable(clean(answer.reason if isinstance(answer, NotRun) else "no shell answered")))
    values = {match[1]: match[2] for line in answer.text.split("\n") if (match := _LINE.fullmatch(line))}
    name = _UNAME.fullmatch(values.get("uname", ""))
    # uname comes last: without it the answer is cut.
    if name is None:
        return _unknown(Unreadable(CUT if answer.cut else "the target does not say what system it is"))
    account = _ID.fullmatch(values.get("id", ""))
    time = values.get("time", "")
    return Identification(
        platform=Platform(_build_system(parse_os_release(answer.text), values, name)),
        user=clean(account[2] or "") if account else "",
        uid=int(account[1]) if account else -1,
        target_time=int(time[:15]) if time.isascii() and time.isdigit() else Unreadable("date gave no number"),
    )


def _build_system(release: Mapping[str, str], values: Mapping[str, str], name: re.Match[str]) -> OperatingSystem:
    family, hostname, kernel, architecture = (clean(text) for text in name.groups())
    running = values.get("running") == "yes"
    return OperatingSystem(
        family=family.lower(),
        distribution=release.get("ID", ""),
        like=tuple(release.get("ID_LIKE", "").split()),
        version=release.get("VERSION_ID", ""),
        title=release.get("PRETTY_NAME", ""),
        kernel=kernel if running else "",
        architecture=architecture,
        hostname=hostname,
        container=values.get("container", "") != "" or (running and "microsoft" in kernel.lower()),
        running=running,
    )


def _unknown(reason: Unreadable) -> Identification:
    return Identification(platform=Platform(reason), user="", uid=-1, target_time=reason)
