"""Which programs cron and systemd timers start by themselves, as whom, and who besides root could change them.

A program can be changed by whoever may write it, or a folder on the way to it, through links too. Command lines do not
leave the target whole (see the script): what a script itself starts is not followed.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.evidence import Evidence, Field, FieldSpec, FieldType, Known, Partial, Record, Unreadable
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.config_files import classify, refused_folders
from hardening.probes.kind import ProbeKind
from hardening.probes.listing import Seen, parse_listing
from hardening.probes.scheduled_script import FOLDERS, STEP_NAME, TABLES, build_script
from hardening.probes.scheduled_way import Way
from hardening.probes.scheduled_words import find_programs
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.stat_output import find_complaints, parse_stat_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer, Completed
    from hardening.probes.listing import Listing

RECORD = {
    "job": FieldSpec(FieldType.TEXT, "what is started, and the table, folder or unit that says so"),
    "source": FieldSpec(FieldType.TEXT, "file and line, folder or unit"),
    "through": FieldSpec(FieldType.TEXT, "table, folder, timer, or path (a folder where commands are looked for)"),
    "user": FieldSpec(FieldType.TEXT, "as whom"),
    "root": FieldSpec(FieldType.BOOLEAN, "whether as root"),
    "program": FieldSpec(FieldType.TEXT, "absolute path of the program, script or folder"),
    "enabled": FieldSpec(FieldType.BOOLEAN, "whether a timer is enabled; true for cron"),
    "type": FieldSpec(FieldType.TEXT, "file, directory …; absent when there is no such file"),
    "mode": FieldSpec(FieldType.MODE, "permission bits"),
    "owner": FieldSpec(FieldType.TEXT, "name of the owner"),
    "group": FieldSpec(FieldType.TEXT, "name of the group"),
    "exposed": FieldSpec(
        FieldType.TEXTS, "what somebody besides root may change: the program, a folder on the way, a link's target"
    ),
}
_FIELDS = {"jobs": FieldSpec(FieldType.RECORDS, "one record for each program of each job", RECORD)}
# run-parts(8) and cron(8) of Debian pass over other names.
_DEBIAN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_CRONIE_IGNORED = re.compile(r"\..*|.*~|.*\.rpm(save|orig|new)|.*,v|.*\.cfsaved|#.*")


@dataclass(slots=True)
class _Output:
    """What the script said: rows by word, files by name with what stat says of them."""

    rows: dict[str, list[list[str]]] = dataclasses.field(default_factory=lambda: defaultdict(list))
    files: dict[str, Mapping[str, str | int]] = dataclasses.field(default_factory=dict)
    order: list[str] = dataclasses.field(default_factory=list)
    state: str = ""
    is_complete: bool = False

    def of(self, word: str, size: int) -> list[list[str]]:
        """Return the rows of a word with so many terms."""
        return [row for row in self.rows.get(word, []) if len(row) == size]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    source: str
    through: str
    user: str
    program: str
    enabled: bool = True


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    script = build_script()
    return (ShellStep(name=STEP_NAME, privilege=Privilege.ROOT, script=script, unbounded=True),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, STEP_NAME)
    if isinstance(answer, Unreadable):
        return {probe: {"jobs": answer} for probe in probes}
    listing = parse_listing(answer.text, TABLES)
    output = _read_output(listing.rest)
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif not listing.complete or not output.is_complete:
        trouble = first_line(answer.error_text) or "the answer is incomplete"
    if trouble:
        return {probe: {"jobs": Unreadable(trouble)} for probe in probes}
    jobs = _list_jobs(output)
    problems = _find_problems(listing, output)
    field = _build(jobs, output, problems, answer)
    return {probe: {"jobs": field} for probe in probes}


def _read_output(text: str) -> _Output:
    """Read rows up to ``=stat``, then the lines of stat."""
    output = _Output()
    head, found, rest = text.partition("\n=stat\n")
    for line in head.split("\n"):
        word, tab, terms = line.partition("\t")
        if tab:
            output.rows[word].append(clean(terms).split("\t"))
        elif line.startswith("=read "):
            output.state = line.removeprefix("=read ").strip()
    lines, end, _ = rest.rpartition("=end\n")
    for name, values in parse_stat_lines(lines):
        output.files.setdefault(name, values)
        output.order.append(name)
    output.is_complete = bool(found and end)
    return output


def _find_problems(listing: Listing, output: _Output) -> list[str]:
    problems = [
        file.problem
        for source in TABLES
        for file in (classify(entry) for entry in listing.entries.get(source, ()) if entry.seen is not Seen.DIRECTORY)
        if file.problem
    ]
    problems += [file.problem for source in TABLES for file in refused_folders(listing, source)]
    problems += [f"{row[0]}: folder refused" for row in output.of("refused", 1)]
    if output.state == "cut":
        problems.append("more programs than are looked at")
    return problems


def _list_jobs(output: _Output) -> list[_Job]:
    is_debian = bool(output.rows.get("debian"))
    jobs: list[_Job] = []
    users: dict[str, set[str]] = defaultdict(set)
    for name, line, user, reduced in output.of("job", 4):
        if _is_read(name, is_debian=is_debian):
            users[name].add(user)
            jobs += [
                _Job(source=f"{name}:{line}", through="table", user=user, program=program)
                for program in find_programs(reduced)
            ]
    for name, line, _, reduced in output.of("path", 4):
        folders = [token for token in reduced.split(" ") if token.startswith("/")]
        if "root" in users[name]:
            jobs += [_Job(source=f"{name}:{line}", through="path", user="root", program=folder) for folder in folders]
    return jobs + _list_parts(output, is_debian=is_debian) + _list_timers(output)


def _is_read(name: str, *, is_debian: bool) -> bool:
    """Say whether cron reads a table of this name; names in spool folders are accounts."""
    if not name.startswith("/etc/cron.d/"):
        return True
    base = name.rpartition("/")[2]
    return _DEBIAN_NAME.fullmatch(base) is not None if is_debian else _CRONIE_IGNORED.fullmatch(base) is None


def _list_parts(output: _Output, *, is_debian: bool) -> list[_Job]:
    jobs = []
    for folder in (source.text.removesuffix("/*") for source in FOLDERS):
        names = [name for name in output.order if name.startswith(f"{folder}/")]
        if folder in output.files:
            jobs.append(_Job(source=folder, through="folder", user="root", program=folder))
        for name in dict.fromkeys(names):
            base = name.removeprefix(f"{folder}/")
            runs = _DEBIAN_NAME.fullmatch(base) if is_debian else not _CRONIE_IGNORED.fullmatch(base)
            if runs and output.files[name]["type"] == "file" and int(str(output.files[name]["mode"]), 8) & 0o111:
                jobs.append(_Job(source=folder, through="folder", user="root", program=clean(name)))
    return jobs


def _list_timers(output: _Output) -> list[_Job]:
    rows: dict[str, list[list[str]]] = defaultdict(list)
    for row in output.of("unit", 4):
        rows[row[0]].append(row)
    files: dict[str, list[str]] = defaultdict(list)
    for unit, path in output.of("service", 2):
        if path not in files[unit]:
            files[unit].append(path)
    jobs = []
    for timer, unit, enabled in output.of("timer", 3):
        commands: dict[str, list[tuple[str, str]]] = defaultdict(list)
        user = "root"
        # Drop-ins come after the main file, in order of their names.
        for path in sorted(files[unit], key=lambda path: (path.endswith(".conf"), path.rpartition("/")[2])):
            for _, line, key, value in rows.get(path, []):
                if key == "User":
                    user = value or "root"
                elif key == "DynamicUser":
                    user = "dynamic" if value.lower() in {"1", "yes", "true", "on"} and user == "root" else user
                elif value:
                    commands[key].append((f"{path}:{line}", value))
                else:
                    commands[key] = []
        jobs += [
            _Job(source=f"{timer} {place}", through="timer", user=user, program=program, enabled=enabled == "1")
            for started in commands.values()
            for place, value in started
            for program in find_programs(value)
        ]
    return jobs


def _build(jobs: Sequence[_Job], output: _Output, problems: Sequence[str], answer: Completed) -> Field:
    way = Way(files=output.files, links={row[0]: row[1] for row in output.of("link", 2)})
    complaints = _read_complaints(jobs, way, answer)
    records = tuple(_build_record(job, way, complaints) for job in dict.fromkeys(jobs))
    if not problems:
        return Known(records)
    reason = "; ".join(dict.fromkeys(problems[:3]))
    return Partial(records, reason) if records else Unreadable(reason)


def _read_complaints(jobs: Sequence[_Job], way: Way, answer: Completed) -> Mapping[str, str]:
    """Return why stat said nothing of a path, for what is not simply missing."""
    found = {}
    for path in {step for job in jobs for step in way.steps(job.program)} - set(way.files):
        lines = [line for line in find_complaints(path, answer.error_text) if "No such file" not in line]
        lines = [line for line in lines if "Not a directory" not in line]
        if lines:
            found[path] = first_line(lines[0])
    return found


def _build_record(job: _Job, way: Way, complaints: Mapping[str, str]) -> Record:
    place = job.source
    record: dict[str, Field] = {
        "job": Known(f"{job.program} ({job.source})", place),
        "source": Known(job.source, place),
        "through": Known(job.through, place),
        "user": Known(job.user, place),
        "root": Known(job.user in {"root", "0"}, place),
        "program": Known(job.program, place),
        "enabled": Known(job.enabled, place),
    }
    seen = way.files.get(job.program)
    if seen is not None:
        record.update({name: Known(seen[name], job.program) for name in ("type", "mode", "owner", "group")})
    lost = [complaints[path] for path in way.steps(job.program) if path in complaints]
    exposed = way.exposed(job.program)
    if lost and not exposed:
        record["exposed"] = Unreadable(lost[0], job.program)
    elif lost:
        record["exposed"] = Partial(exposed, lost[0], job.program)
    else:
        record["exposed"] = Known(exposed, job.program)
    return record


KIND = ProbeKind(
    name="scheduled",
    summary="programs that cron and systemd timers start, and who besides root could change them",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
