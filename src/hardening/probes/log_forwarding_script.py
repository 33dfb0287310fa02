"""What runs on the target to see how rsyslog is configured: its file and what that includes, round by round.

Rows are a word and what belongs to it, with tabs between. Comments and values that are secrets stay on the target.
"""

from __future__ import annotations

STEP_NAME = "log_forwarding"
MAIN = "/etc/rsyslog.conf"
MOST_ROUNDS = 6

# Braces and brackets may span lines, so the text is kept whole until the file ends.
_AWK = r"""
function hide(text,  out) {
  sub(/:om[a-z]*sql:.*/, ":omsql:set", text)
  out = ""
  while (match(text, /[A-Za-z0-9_.]+[ \t]*=[ \t]*"[^"]*"/)) {
    piece = substr(text, RSTART, RLENGTH)
    name = piece
    sub(/[ \t]*=.*/, "", name)
    if (tolower(name) ~ /pwd/ || tolower(name) ~ /pass/ || tolower(name) ~ /token/ || \
      tolower(name) ~ /secret/ || tolower(name) ~ /apikey/) piece = name "=\"set\""
    out = out substr(text, 1, RSTART - 1) piece
    text = substr(text, RSTART + RLENGTH)
  }
  text = out text
  if (tolower(text) ~ /^[ \t]*\$[a-z]*passw/) sub(/[ \t]+[^ \t]+[ \t]*$/, " set", text)
  return text
}
function includes(text,  piece) {
  while (match(text, /[Ii][Nn][Cc][Ll][Uu][Dd][Ee][ \t\n]*\([^)]*\)/)) {
    piece = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    if (match(piece, /[Ff][Ii][Ll][Ee][ \t\n]*=[ \t\n]*"[^"]*"/)) {
      piece = substr(piece, RSTART, RLENGTH)
      sub(/^[^"]*"/, "", piece)
      sub(/"$/, "", piece)
      found = found " " piece
    }
  }
}
FNR == 1 { includes(whole); whole = "" }
/^[ \t]*#/ { next }
/^[ \t]*$/ { next }
tolower($1) == "$includeconfig" { found = found " " $2 }
{
  whole = whole "\n" $0
  print "line\t" FILENAME "\t" FNR "\t" hide($0)
}
END { includes(whole); print "=includes" found }
"""

_SCRIPT = r"""
files={main}
seen=' '
round=0
if [ -f {main} ] && [ -r {main} ]; then echo '=main read'
elif [ -e {main} ]; then echo '=main refused'; files=
else echo '=main none'; files=
fi
while [ "$files" ] && [ "$round" -lt {rounds} ]; do
  round=$((round + 1))
  set -f
  output=$(awk '{awk}' $files) || exit 1
  set -- ${output##*=includes}
  set +f
  printf '%s\n' "${output%=includes*}"
  files=
  for pattern do
    case $pattern in
      *[!]A-Za-z0-9_./*?[@:,+~-]*) printf 'odd\t%s\n' "$pattern"; continue ;;
      /*) ;;
      *) continue ;;
    esac
    [ ! -d "$pattern" ] || pattern=${pattern%/}/*
    folder=${pattern%/*}
    if [ -d "$folder" ]; then
      { [ -r "$folder" ] && [ -x "$folder" ]; } || printf 'refused\t%s\n' "$folder"
    fi
    for file in $pattern; do
      [ -f "$file" ] || continue
      case $file in *[!A-Za-z0-9_./@:,+~-]*) printf 'odd\t%s\n' "$file"; continue ;; esac
      [ -r "$file" ] || { printf 'refused\t%s\n' "$file"; continue; }
      printf 'include\t%s\t%s\n' "$pattern" "$file"
      case $seen in *" $file "*) continue ;; esac
      seen="$seen$file "
      files="$files $file"
    done
  done
done
[ ! "$files" ] || printf 'odd\tmore includes than are followed\n'
echo '=end'
"""


def build_script() -> str:
    """Return the script; it asks nothing that depends on a check."""
    script = _SCRIPT.replace("{awk}", _AWK.replace("'", "'\\''"))
    return script.replace("{main}", MAIN).replace("{rounds}", str(MOST_ROUNDS))
