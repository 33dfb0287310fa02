"""Where auditd writes its records, and who may read and change them; auditd.conf(5) says where and for which group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Evidence, FieldSpec, FieldType, Known, Record, Unreadable, build_unreadable
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes.kind import ProbeKind
from hardening.probes.shell import CUT, clean, completed, first_line
from hardening.probes.stat_output import COMMAND, parse_stat_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.probe import Probe
    from hardening.model.step import Answer

_STEP = "audit_log"
_CONFIG = "/etc/audit/auditd.conf"
_FILE = {
    "path": FieldSpec(FieldType.TEXT, "where the file is"),
    "mode": FieldSpec(FieldType.MODE, "permission bits"),
    "owner": FieldSpec(FieldType.TEXT, "name of the owner"),
    "group": FieldSpec(FieldType.TEXT, "name of the group"),
}
_FIELDS = {
    "log_group": FieldSpec(FieldType.TEXT, "group that auditd gives its files to; root unless set"),
    "folder": FieldSpec(FieldType.TEXT, "folder of the records; absent where there is no auditd.conf"),
    "folder_mode": FieldSpec(FieldType.MODE, "permission bits of the folder"),
    "folder_owner": FieldSpec(FieldType.TEXT, "owner of the folder"),
    "folder_group": FieldSpec(FieldType.TEXT, "group of the folder"),
    "files": FieldSpec(FieldType.RECORDS, "files in the folder", _FILE),
}
# auditd.conf(5): keys and values stand around a lonely equals sign.
_SCRIPT = f"""file=/var/log/audit/audit.log group=root
if [ -d /etc/audit ] && [ ! -x /etc/audit ]; then
  echo '=refused'
elif [ -e {_CONFIG} ]; then
  [ -r {_CONFIG} ] || {{ echo '=refused'; exit; }}
  while read -r key equals value rest || [ "$key" ]; do
    [ "$equals" = '=' ] || continue
    case $key in
      [Ll][Oo][Gg]_[Ff][Ii][Ll][Ee]) file=$value ;;
      [Ll][Oo][Gg]_[Gg][Rr][Oo][Uu][Pp]) group=$value ;;
    esac
  done <{_CONFIG}
  folder=${{file%/*}}
  printf 'folder %s\\ngroup %s\\n=stat\\n' "$folder" "$group"
  {COMMAND} "$folder"
  [ ! -e "$folder" ] || {{ [ -r "$folder" ] && [ -x "$folder" ]; }} || echo '=closed'
  for name in "$folder"/*; do
    [ ! -e "$name" ] || {{ {COMMAND} "$folder"/*; break; }}
  done
else
  echo '=none'
fi
echo '=end'
"""


def _steps(probes: Sequence[Probe]) -> tuple[Step, ...]:
    return (ShellStep(name=_STEP, privilege=Privilege.ROOT, script=_SCRIPT),) if probes else ()


def _parse(probes: Sequence[Probe], answers: Mapping[str, Answer]) -> Mapping[Probe, Evidence]:
    answer = completed(answers, _STEP)
    if isinstance(answer, Unreadable):
        return {probe: build_unreadable(_FIELDS, answer.reason, _CONFIG) for probe in probes}
    head, _, rest = answer.text.partition("=stat\n")
    trouble = ""
    if answer.cut:
        trouble = CUT
    elif head.startswith("=refused\n"):
        trouble = f"{_CONFIG}: may not be read"
    elif not answer.text.endswith("=end\n"):
        trouble = first_line(answer.error_text) or "the answer is incomplete"
    if trouble:
        return {probe: build_unreadable(_FIELDS, trouble, _CONFIG) for probe in probes}
    if head.startswith("=none\n"):
        return {probe: {**dict.fromkeys(_FIELDS, Absent(_CONFIG)), "files": Known((), _CONFIG)} for probe in probes}
    said = dict(line.split(" ", 1) for line in clean(head).split("\n") if " " in line)
    evidence = _build(said, rest, first_line(answer.error_text))
    return {probe: evidence for probe in probes}  # noqa: C420 - the values are one mapping that nobody changes


def _build(said: Mapping[str, str], rest: str, complaint: str) -> Evidence:
    folder = said.get("folder", "")
    first, closed, more = rest.removesuffix("=end\n").partition("=closed\n")
    found = parse_stat_lines(first + more)
    of_folder = next((values for name, values in found if clean(name) == folder), None)
    evidence: dict[str, Absent | Known | Unreadable] = {
        "log_group": Known(said.get("group", "root") or "root", _CONFIG),
        "folder": Known(folder, _CONFIG),
    }
    for field in ("mode", "owner", "group"):
        if of_folder is not None:
            evidence[f"folder_{field}"] = Known(of_folder[field], folder)
        else:
            missing = "No such file" in complaint or "Not a directory" in complaint
            reason = complaint or "no answer"
            evidence[f"folder_{field}"] = Absent(folder) if missing else Unreadable(reason, folder)
    files = tuple(_build_file(name, values) for name, values in found if clean(name) != folder)
    if closed:
        evidence["files"] = Unreadable(f"{folder}: folder refused", folder)
    elif of_folder is None and isinstance(evidence["folder_mode"], Unreadable):
        evidence["files"] = evidence["folder_mode"]
    else:
        evidence["files"] = Known(files, folder)
    return evidence


def _build_file(name: str, values: Mapping[str, str | int]) -> Record:
    return {"path": Known(clean(name)), **{field: Known(values[field]) for field in ("mode", "owner", "group")}}


KIND = ProbeKind(
    name="audit_log",
    summary="where auditd writes its records, and who may read and change them",
    fields=_FIELDS,
    steps=_steps,
    parse=_parse,
)
