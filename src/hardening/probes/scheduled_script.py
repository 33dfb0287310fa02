"""What runs on the target to see which programs cron and systemd timers start, and who could change them.

A command line may hold secrets, so it never leaves whole: awk keeps absolute paths, words that decide how the rest is
read, and the first word of each command; an option becomes `-`, a number `0`, any other word `?`.
Rows are a word and what belongs to it, with tabs between.
"""

from __future__ import annotations

from hardening.probes.listing import Source, build_listing
from hardening.probes.scheduled_words import INTERPRETERS, KEYWORDS, PATIENT, WRAPPERS
from hardening.probes.stat_output import COMMAND

STEP_NAME = "scheduled"
TABLES = (
    Source("/etc/crontab"),
    Source("/etc/anacrontab"),
    Source("/etc/cron.d/*", pattern=True),
    Source("/var/spool/cron/crontabs/*", pattern=True),
    Source("/var/spool/cron/tabs/*", pattern=True),
    Source("/var/spool/cron/*", pattern=True),
)
FOLDERS = tuple(
    Source(f"/etc/cron.{name}/*", pattern=True) for name in ("hourly", "daily", "weekly", "monthly", "yearly")
)
MOST_PATHS = 3000

_TIMERS = r"""
[ ! -e /etc/debian_version ] || printf 'debian\t\n'
folders='/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'
[ /lib -ef /usr/lib ] || folders="$folders /lib/systemd/system"
seen_timers=' '
for folder in $folders; do
  for file in "$folder"/*.timer; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    timer=${file##*/}
    case $seen_timers in *" $timer "*) continue ;; esac
    seen_timers="$seen_timers$timer "
    unit=${timer%.timer}.service
    while IFS= read -r line || [ "$line" ]; do
      case $line in Unit=?*) unit=${line#Unit=} ;; esac
    done <"$file"
    case $unit$timer in *[!A-Za-z0-9:_.@\\-]*) continue ;; esac
    enabled=0
    for wanted in /etc/systemd/system/*.wants/"$timer" /run/systemd/system/*.wants/"$timer" \
      /usr/lib/systemd/system/*.wants/"$timer" /lib/systemd/system/*.wants/"$timer"; do
      [ ! -L "$wanted" ] || enabled=1
    done
    template=$unit
    case $unit in *@?*.*) template=${unit%%@*}@.${unit##*.} ;; esac
    printf 'timer\t%s\t%s\t%s\n' "$timer" "$unit" "$enabled"
    main=
    for place in $folders; do
      for name in "$unit" "$template"; do
        [ ! "$main" ] && [ -f "$place/$name" ] && [ -r "$place/$name" ] || continue
        main=$place/$name
        printf 'service\t%s\t%s\n' "$unit" "$main"
        set -- "$@" "$main"
      done
      for dropin in "$place/$unit".d/*.conf; do
        [ -f "$dropin" ] && [ -r "$dropin" ] || continue
        printf 'service\t%s\t%s\n' "$unit" "$dropin"
        set -- "$@" "$dropin"
      done
    done
  done
done
"""

_AWK = r"""
BEGIN {
  count = split("{known}", word, " ")
  for (i = 1; i <= count; i++) known[word[i]] = 1
  count = split("{openers}", word, " ")
  for (i = 1; i <= count; i++) opens[word[i]] = 1
}
function want(path,  up) {
  up = path
  while (up != "" && !(up in wanted)) {
    wanted[up] = 1
    order[++paths] = up
    sub(/\/+[^\/]*$/, "", up)
  }
}
function reduce(text,  n, i, part, out, first, here, moving) {
  gsub(/["']/, " ", text)
  gsub(/&>+[ \t]*[^ \t;]+/, " ", text)
  gsub(/[0-9]*>+&?[ \t]*[^ \t;&]+/, " ", text)
  gsub(/<+[ \t]*[^ \t;&]+/, " ", text)
  gsub("[;&(){}\174]+", " ; ", text)
  n = split(text, part, /[ \t]+/)
  out = ""
  first = 1
  here = ""
  moving = 0
  for (i = 1; i <= n; i++) {
    if (part[i] == "") continue
    if (part[i] == ";") { out = out " ;"; first = 1; moving = 0; continue }
    if (first && part[i] ~ /^[A-Za-z_][A-Za-z0-9_]*=/) continue
    if (first && here != "" && part[i] ~ /^[A-Za-z0-9_.][A-Za-z0-9_.+@:,~-]*\//) {
      sub(/^\.\//, "", part[i])
      part[i] = here "/" part[i]
    }
    if (part[i] ~ /^\/[A-Za-z0-9_.\/+@:,=~-]*$/) {
      if (moving) here = part[i]
      want(part[i])
      out = out " " part[i]
    } else if (part[i] in known) out = out " " part[i]
    else if (first && part[i] ~ /^[A-Za-z0-9_.+-]+$/ && length(part[i]) < 33) out = out " " part[i]
    else if (part[i] ~ /^-/) out = out " -"
    else if (part[i] ~ /^[0-9]+[smhd]?$/) out = out " 0"
    else out = out " ?"
    moving = (first && part[i] == "cd")
    first = (first && (part[i] in opens))
  }
  return substr(out, 2)
}
function say(user, text) {
  print "job\t" FILENAME "\t" FNR "\t" user "\t" reduce(text)
}
function drop(text, fields) {
  sub(/^[ \t]+/, "", text)
  while (fields-- > 0) if (!sub(/^[^ \t]+[ \t]+/, "", text)) return ""
  return text
}
FNR == 1 { joined = "" }
FILENAME ~ /\/systemd\/system\// {
  if ($0 ~ /^[ \t]*[#;]/) next
  joined = joined $0
  if (joined ~ /\\$/) { sub(/\\$/, " ", joined); next }
  line = joined
  joined = ""
  if (line ~ /^Exec[A-Za-z]+=/) {
    key = line
    sub(/=.*/, "", key)
    sub(/^[^=]*=[ \t]*[-@:+!]*/, "", line)
    print "unit\t" FILENAME "\t" FNR "\t" key "\t" reduce(line)
  } else if (line ~ /^User=/ || line ~ /^DynamicUser=/) {
    key = line
    sub(/=.*/, "", key)
    sub(/^[^=]*=[ \t]*/, "", line)
    print "unit\t" FILENAME "\t" FNR "\t" key "\t" line
  }
  next
}
/^[ \t]*#/ || /^[ \t]*$/ { next }
/^[ \t]*["']?[A-Za-z_][A-Za-z0-9_]*["']?[ \t]*=/ {
  if ($0 ~ /^[ \t]*["']?PATH["']?[ \t]*=/) {
    line = $0
    sub(/^[^=]*=[ \t]*/, "", line)
    gsub(/["']/, "", line)
    gsub(/:/, " ", line)
    print "path\t" FILENAME "\t" FNR "\t\t" reduce("cat " line)
  }
  next
}
{
  line = $0
  while (match(line, /[^\\]%/)) line = substr(line, 1, RSTART)
  sub(/^[ \t]+/, "", line)
  skip = (line ~ /^@/) ? 1 : 5
  if (FILENAME == "/etc/anacrontab") say("root", drop(line, 3))
  else if (FILENAME ~ /^\/var\/spool\//) {
    user = FILENAME
    sub(/.*\//, "", user)
    say(user, drop(line, skip))
  } else {
    user = drop(line, skip)
    sub(/[ \t].*/, "", user)
    say(user, drop(line, skip + 1))
  }
}
END {
  state = " whole"
  if (paths > {most}) { paths = {most}; state = " cut" }
  printf "=paths"
  for (i = 1; i <= paths; i++) printf " %s", order[i]
  print state
}
"""

# A folder is followed by the shell itself; a file needs readlink, which old ones take one by one.
_STAT = r"""
output=
if [ $# != 0 ]; then output=$(awk '{awk}' "$@") || exit 1; fi
printf '%s\n' "${output%=paths*}"
list=${output##*=paths}
printf '=read %s\n' "${list##* }"
for path in {folders}; do
  if [ -d "$path" ] && ! { [ -r "$path" ] && [ -x "$path" ]; }; then printf 'refused\t%s\n' "$path"; fi
done
set -f
links=
for path in ${list% *} {folders}; do
  [ -L "$path" ] || continue
  if [ -d "$path" ]; then target=$(cd -P -- "$path" 2>/dev/null && pwd -P)
  else target=$(readlink -f -- "$path" 2>/dev/null)
  fi
  case $target in ''|*[!A-Za-z0-9_./+@:,=~-]*) continue ;; esac
  printf 'link\t%s\t%s\n' "$path" "$target"
  while [ "$target" ]; do
    case " $links " in *" $target "*) ;; *) links="$links $target" ;; esac
    target=${target%/*}
  done
done
set +f
printf '=stat\n'
{stat} / {folders} ${list% *} $links {patterns}
printf '=end\n'
"""


def build_script() -> str:
    """Return the script: the tables that are there, timers, then what may be started and the folders on the way."""
    known = sorted({*INTERPRETERS, *WRAPPERS, *KEYWORDS, *PATIENT, "cd", "run-parts"})
    awk = (
        _AWK.replace("{known}", " ".join(known))
        .replace("{openers}", " ".join(sorted(KEYWORDS)))
        .replace("{most}", str(MOST_PATHS))
        .replace("'", "'\\''")
    )
    folders = " ".join(source.text.removesuffix("/*") for source in FOLDERS)
    patterns = " ".join(source.words for source in FOLDERS)
    each = '; [ "$seen" != f ] || set -- "$@" "$f"'
    listing = build_listing(TABLES, each=each)
    stat = (
        _STAT.replace("{awk}", awk)
        .replace("{stat}", COMMAND)
        .replace("{folders}", f"/etc {folders}")
        .replace("{patterns}", patterns)
    )
    return f"set --\n{listing}{_TIMERS}{stat}"
