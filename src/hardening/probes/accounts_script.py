"""What runs on the target to read the account files: one awk, or the shell's builtins where there is none.

Password fields are reduced to a word here: no part of a hash leaves the target. Of a line that does not parse only
its number is told, and of /etc/shadow only lines whose name stands in /etc/passwd, since a hash may have slipped into
any field of a damaged line.

Lines of output: `P`, `S`, `G` for a line of passwd, shadow, group; `B` for a bad line; `U` for a file that cannot be
read; `E` at the end. Fields are separated by colons, as in the files.
"""

from __future__ import annotations

from hardening.probes.shell import quote

# mawk knows no intervals in regular expressions, so lengths are counted.
_AWK = r"""
function state(p) {
  if (p == "") return "empty"
  if (p ~ /^!/ || p == "*LK*") return "locked"
  if (p ~ /^\*/ || p == "NP") return "disabled"
  if (p ~ /^\$y\$/) return "yescrypt"
  if (p ~ /^\$gy\$/) return "gost-yescrypt"
  if (p ~ /^\$6\$/) return "sha512"
  if (p ~ /^\$5\$/) return "sha256"
  if (p ~ /^\$2[abxy]?\$/) return "bcrypt"
  if (p ~ /^\$7\$/) return "scrypt"
  if (p ~ /^\$1\$/ || p ~ /^\$md5[$,]/) return "md5"
  if (p !~ /[^.\/0-9A-Za-z]/ && length(p) >= 13 && (length(p) - 13) % 11 == 0) return "des"
  if (p ~ /^_/ && length(p) == 20 && p !~ /[^_.\/0-9A-Za-z]/) return "des"
  return "unknown"
}
function days(d) { return !length(d) || (d ~ /^-?[0-9]+$/ && length(d) < 10) ? d : "?" }
function hides(t) { return t ~ /\$[0-9A-Za-z]+[$,]/ }
function bad(f, n) { print "B:" f ":" n }
function read(f,   line, n, a, got, c) {
  while ((got = (getline line < f)) > 0) {
    n++
    sub(/^[ \t]+/, "", line)
    if (!length(line) || line ~ /^#/) continue
    if (line ~ /\r$/) { bad(f, n); sub(/\r$/, "", line) }
    c = split(line, a, ":")
    if (!length(a[1]) || line ~ /^[-+]/) { bad(f, n); continue }
    if (f == "/etc/passwd") passwd(f, n, a, c)
    else if (f == "/etc/group") group(f, n, a, c)
    else shadow(f, n, a, c)
  }
  if (got < 0) print "U:" f
}
function path(p) { return !length(p) || (p ~ /^\// && !hides(p)) ? p : "?" }
function passwd(f, n, a, c) {
  if (c != 7) bad(f, n)
  if (c < 4 || a[3] !~ /^[0-9]+$/ || a[4] !~ /^[0-9]+$/ || length(a[3] a[4]) > 20 || hides(a[1])) {
    if (c == 7) bad(f, n)
    return
  }
  known[a[1]] = 1
  if (c < 6) a[6] = ""
  if (c < 7) a[7] = ""
  print "P:" n ":" a[1] ":" (a[2] == "x" ? "x" : state(a[2])) ":" a[3] ":" a[4] ":" path(a[6]) ":" path(a[7])
}
function shadow(f, n, a, c,   i, line) {
  if (c != 9) bad(f, n)
  if (c < 2 || !(a[1] in known)) return
  line = "S:" n ":" a[1] ":" state(a[2])
  for (i = 3; i < 9; i++) line = line ":" (i > c ? "" : days(a[i]))
  print line
}
function group(f, n, a, c) {
  if (c != 4) bad(f, n)
  if (c < 3 || a[3] !~ /^[0-9]+$/ || length(a[3]) > 10 || hides(a[1]) || (c > 3 && hides(a[4]))) {
    if (c == 4) bad(f, n)
    return
  }
  print "G:" n ":" a[1] ":" a[3] ":" (c < 4 ? "" : a[4])
}
BEGIN {
  read("/etc/passwd")
  read("/etc/group")
  read("/etc/shadow")
  print "E"
}
"""

# The same in builtins; slow on long files, but a system without awk has none.
_BUILTINS = r"""
cr=$(printf '\r.')
cr=${cr%.}
nl='
'
known=:
state() {
  case $1 in
    '') s=empty ;;
    !*|'*LK*') s=locked ;;
    '*'*|NP) s=disabled ;;
    '$y$'*) s=yescrypt ;;
    '$gy$'*) s=gost-yescrypt ;;
    '$6$'*) s=sha512 ;;
    '$5$'*) s=sha256 ;;
    '$2$'*|'$2a$'*|'$2b$'*|'$2x$'*|'$2y$'*) s=bcrypt ;;
    '$7$'*) s=scrypt ;;
    '$1$'*|'$md5$'*|'$md5,'*) s=md5 ;;
    *[!./0-9A-Za-z_]*|?*_*) s=unknown ;;
    _*) s=unknown; [ ${#1} -ne 20 ] || s=des ;;
    *) s=unknown; [ ${#1} -lt 13 ] || [ $(((${#1} - 13) % 11)) -ne 0 ] || s=des ;;
  esac
}
is_number() { case $1 in ''|*[!0-9]*|???????????*) return 1 ;; esac; }
days() {
  case ${1#-} in *[!0-9]*) d='?' ;; ?*) d=$1 ;; *) d=; [ -z "$1" ] || d='?' ;; esac
  case $1 in ??????????*) d='?' ;; esac
}
hides() {
  case $1 in *'$'*[0-9A-Za-z]['$,']*) return 0 ;; esac
  return 1
}
path() { p=$1; case $p in ''|/*) if hides "$p"; then p='?'; fi ;; *) p='?' ;; esac; }
bad() { printf 'B:%s:%s\n' "$file" "$n"; }
fields() {
  c=1 rest=$1
  while :; do case $rest in *:*) rest=${rest#*:}; c=$((c + 1)) ;; *) break ;; esac; done
  IFS=:
  set -f
  set -- $1 ''
  set +f
  IFS=$ifs
  one=$1 two=${2-} three=${3-} four=${4-} five=${5-} six=${6-} seven=${7-} eight=${8-}
}
take_passwd() {
  [ "$c" -eq 7 ] || bad
  if [ "$c" -lt 4 ] || ! is_number "$three" || ! is_number "$four" || hides "$one"; then
    [ "$c" -ne 7 ] || bad
    return
  fi
  known=$known$one:
  s=x
  [ "$two" = x ] || state "$two"
  line=P:$n:$one:$s:$three:$four
  path "$six"
  line=$line:$p
  path "$seven"
  printf '%s\n' "$line:$p"
}
take_group() {
  [ "$c" -eq 4 ] || bad
  if [ "$c" -lt 3 ] || ! is_number "$three" || hides "$one" || hides "$four"; then
    [ "$c" -ne 4 ] || bad
    return
  fi
  printf '%s\n' "G:$n:$one:$three:$four"
}
take_shadow() {
  [ "$c" -eq 9 ] || bad
  case $c,$known in 1,*) return ;; *:"$one":*) ;; *) return ;; esac
  state "$two"
  line=S:$n:$one:$s
  for field in "$three" "$four" "$five" "$six" "$seven" "$eight"; do
    days "$field"
    line=$line:$d
  done
  printf '%s\n' "$line"
}
ifs=$IFS
for kind in passwd group shadow; do
  file=/etc/$kind n=0
  [ -r "$file" ] && [ -f "$file" ] || { printf 'U:%s\n' "$file"; continue; }
  while IFS= read -r line || [ "$line" ]; do
    n=$((n + 1))
    line=${line#"${line%%[! 	]*}"}
    case $line in ''|'#'*) continue ;; esac
    case $line in *"$cr") bad; line=${line%"$cr"} ;; esac
    case $line in :*|-*|+*) bad; continue ;; esac
    fields "$line"
    case $kind in passwd) take_passwd ;; group) take_group ;; shadow) take_shadow ;; esac
  done <"$file"
done
printf 'E\n'
"""


def build_script() -> str:
    """Return the script; it is the same on every target."""
    return f"if command -v awk >/dev/null 2>&1; then\nawk {quote(_AWK)}\nelse{_BUILTINS}fi\n"
