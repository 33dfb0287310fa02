"""What runs on the target to see the audit rules in force, and those that are loaded at boot with what loads them.

Lines that begin with `=` divide the answer: `=boot` files as grep prints them, `=loader` lines of units, `=list` and
`=status` what auditctl says with its exit status; `=end` closes.
"""

from __future__ import annotations

from hardening.model.platform import AT_REST
from hardening.probes.listing import Source, build_listing

STEP_NAME = "audit_rules"
RULES_FOLDER = "/etc/audit/rules.d"
RULES_FILE = "/etc/audit/audit.rules"
SOURCES = (Source(RULES_FILE), Source(f"{RULES_FOLDER}/*.rules", pattern=True))

_UNITS = r"""
printf '=loader\n'
[ ! -e /lib64/ld-linux-x86-64.so.2 ] || printf 'machine x86_64\n'
[ ! -e /lib/ld-linux-aarch64.so.1 ] || printf 'machine aarch64\n'
command -v auditctl >/dev/null && printf 'auditctl\n'
folders='/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'
folders="$folders /lib/systemd/system"
for unit in audit-rules.service auditd.service; do
  main=
  for folder in $folders; do
    [ "$main" ] || [ ! -e "$folder/$unit" ] || main=$folder/$unit
  done
  for file in "$main" /etc/systemd/system/"$unit".d/*.conf /run/systemd/system/"$unit".d/*.conf; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    while IFS= read -r line || [ "$line" ]; do
      case $line in
        ExecStart=*|ExecStartPost=*|ExecStartPre=*) printf 'unit %s %s\n' "$unit" "$line" ;;
      esac
    done <"$file"
  done
done
if [ -e /etc/init.d/auditd ] && [ -f /etc/default/auditd ] && [ -r /etc/default/auditd ]; then
  while IFS= read -r line || [ "$line" ]; do
    case $line in USE_AUGENRULES=*) printf 'init %s\n' "$line" ;; esac
  done </etc/default/auditd
fi
"""

_NOW = r"""
if [ "${{at_rest}:-}" ] || [ ! -e /proc/1/stat ]; then printf '=rest\n'
elif command -v auditctl >/dev/null; then
  printf '=list\n'
  auditctl -l 2>&1
  printf '=list %s\n' "$?"
  printf '=status\n'
  auditctl -s 2>&1
  printf '=status %s\n' "$?"
fi
printf '=end\n'
"""


def build_script() -> str:
    """Return the script; it asks nothing that depends on a check."""
    each = '; [ "$seen" != f ] || set -- "$@" "$f"'
    read = "printf '=boot\\n'\n[ $# = 0 ] || grep -a -n '' /dev/null \"$@\" || [ $? = 1 ] || printf '=failed\\n'\n"
    return f"set --\n{build_listing(SOURCES, each=each)}{read}{_UNITS}{_NOW.replace('{at_rest}', AT_REST)}"
