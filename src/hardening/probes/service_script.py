"""What runs on the target to see what starts services: one `systemctl show`, or the unit folders where none answers.

`=mode running` stands before what systemctl says, `=mode links` before what is seen by builtins alone, `=mode none`
where there is no systemd; `=end` closes. The other lines are a word, a unit and what was seen of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.probes.shell import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIGGERS = ("socket", "timer", "path")
"""The types of unit that start another one."""

PROPERTIES = (
    "Id",
    "Names",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Triggers",
    "TriggeredBy",
    "WantedBy",
    "RequiredBy",
    "UpheldBy",
)

# have UNIT: its files in order of precedence, with what makes them masks: a device or nothing inside.
_HAVE = r"""
folders='/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'
[ /lib -ef /usr/lib ] || folders="$folders /lib/systemd/system"
have() {
  for folder in $folders; do
    file=$folder/$1
    if [ -c "$file" ] || { [ -f "$file" ] && [ ! -s "$file" ]; }; then
      printf 'mask %s %s\n' "$1" "$file"
    elif [ -f "$file" ]; then
      printf 'file %s %s\n' "$1" "$file"
    fi
  done
}
"""

# seek UNIT: what wants it, under this or another name of its file, and whether it can be enabled.
# The file of a template stands for its instances.
_SEEK = r"""
seek() {
  real=
  case $1 in *@?*.*) template=${1%%@*}@.${1##*.} ;; *) template=$1 ;; esac
  for folder in $folders; do
    for file in "$folder/$1" "$folder/$template"; do
      [ "$real" ] || [ ! -f "$file" ] || [ ! -s "$file" ] || real=$file
    done
  done
  for folder in $folders; do
    for file in "$folder"/*.wants/* "$folder"/*.requires/* "$folder"/*.upholds/*; do
      [ -L "$file" ] || [ -f "$file" ] || continue
      case ${file##*/} in
        "$1") printf 'wanted %s %s\n' "$1" "$file" ;;
        *@*) ;;
        *) [ -z "$real" ] || [ ! "$file" -ef "$real" ] || printf 'wanted %s %s\n' "$1" "$file" ;;
      esac
    done
    [ "$real" ] || continue
    for file in "$folder"/*."${1##*.}"; do
      case ${file##*/} in "$1"|"$template") continue ;; esac
      [ ! -L "$file" ] || [ ! "$file" -ef "$real" ] || printf 'alias %s %s\n' "$1" "$file"
    done
  done
  [ "$real" ] || return 0
  [ "$template" = "$1" ] || printf 'file %s %s\n' "$1" "$real"
  section=
  while IFS= read -r line || [ "$line" ]; do
    case $line in \[*) section=$line; continue ;; esac
    [ "$section" = '[Install]' ] || continue
    case $line in
      WantedBy=?*|RequiredBy=?*|UpheldBy=?*|Alias=?*) printf 'install %s %s\n' "$1" "$line" ;;
      Also=?*) printf 'also %s %s\n' "$1" "$line" ;;
    esac
  done <"$real"
}
"""

_RUN = r"""
output=
if [ -d /run/systemd/system ]; then
  output=$(systemctl show --no-pager {properties} -- {shown})
fi
program=
for file in /usr/lib/systemd/systemd /lib/systemd/systemd; do
  [ ! -x "$file" ] || program=$file
done
if [ "$output" ]; then
  printf '=mode running\n%s\n\n' "$output"
elif [ "$program" ]; then
  printf '=mode links\n'
  units={listed}
  more=
  for folder in $folders; do
    for file in {triggers}; do
      [ -f "$file" ] || continue
      while IFS= read -r line || [ "$line" ]; do
        case $line in
          Service=?*|Unit=?*)
            case " $units " in
              *" ${line#*=} "*) ;;
              *) printf 'starts %s %s\n' "${file##*/}" "${line#*=}"; continue ;;
            esac
            case " $units $more " in *" ${file##*/} "*) ;; *) more="$more ${file##*/}" ;; esac
            printf 'starts %s %s\n' "${file##*/}" "${line#*=}" ;;
        esac
      done <"$file"
    done
  done
  for unit in $units $more; do seek "$unit"; done
  for unit in $more; do have "$unit"; done
else
  printf '=mode none\n'
fi
for unit in {listed_words}; do have "$unit"; done
printf '=end\n'
"""


def build_script(names: Sequence[str]) -> str:
    """Return the script that looks at these units and at what triggers them."""
    units = sorted({unit for name in names for unit in (name, *build_trigger_names(name))})
    patterns = (f"*.{suffix}" for suffix in (*TRIGGERS, "target", "service"))
    run = (
        _RUN.replace("{properties}", " ".join(f"-p {name}" for name in PROPERTIES))
        .replace(
            "{shown}", " ".join(quote(unit) for unit in (*(unit for unit in units if "@." not in unit), *patterns))
        )
        .replace("{triggers}", " ".join(f'"$folder"/*.{suffix}' for suffix in TRIGGERS))
        .replace("{listed}", quote(" ".join(units)))
        .replace("{listed_words}", " ".join(quote(unit) for unit in units))
    )
    return f"{_HAVE}{_SEEK}{run}".lstrip("\n")


def build_trigger_names(name: str) -> tuple[str, ...]:
    """Return the units that start a service unless they name another one."""
    stem, _, suffix = name.rpartition(".")
    return tuple(f"{stem}.{trigger}" for trigger in TRIGGERS) if suffix == "service" else ()
