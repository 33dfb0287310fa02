"""What runs on the target: read sshd's files, make up a connection for each Match block, ask sshd about each.

A line of output starts with `=` where the script speaks, with a number where a configuration line stands (comments
are left out), and else is from sshd. All is done by builtins but sshd itself, `id` for the users of `Match Group`,
and `getent` for groups that are not in /etc/group.
"""

from __future__ import annotations

MOST_CONTEXTS = 16
"""Of these, three always run: no match, and root from outside and inside."""

OUTSIDE = "203.0.113.1"
INSIDE = "10.0.0.1"

# Functions use positional parameters for what recursion must not overwrite: POSIX sh has no local variables.
_PREPARE = r"""
nl='
'
ifs=$IFS
blank=$(printf ' \t\r.')
blank=${blank%.}
blocks=0 lines=0 ports= port=22 groups= looked=
main=/etc/ssh/sshd_config
[ -e "$main" ] || [ ! -e /usr/etc/ssh/sshd_config ] || main=/usr/etc/ssh/sshd_config
for sshd in /usr/sbin/sshd /usr/local/sbin/sshd /sbin/sshd /usr/bin/sshd ''; do
  [ ! -x "$sshd" ] || break
done
[ "$sshd" ] || { printf '=missing\n=end\n'; exit 0; }
printf '=sshd %s\n' "$sshd"
"""

# word: takes the next argument from $rest into $w, without quotes; a comment ends the line.
_WORD = r"""
word() {
  w=
  rest=${rest#"${rest%%[!$blank]*}"}
  case $rest in ''|'#'*) return 1 ;; esac
  while :; do
    case $rest in
      ''|["$blank"]*) return 0 ;;
      \"*\"*) rest=${rest#?}; w=$w${rest%%\"*}; rest=${rest#*\"} ;;
      \"*) return 1 ;;
      *) part=${rest%%[\"$blank]*}; w=$w$part; rest=${rest#"$part"} ;;
    esac
  done
}
"""

# walk FILE DEPTH CRITERIA: shows a file and what it includes; CRITERIA are those of the Match blocks around it.
# Within it $4 is the line's number and $5 the criteria that hold there: a letter and a pattern on each line.
_WALK = r"""
walk() {
  case $1 in *"$nl"*) printf '=refused a file with a line break in its name\n'; return ;; esac
  [ -r "$1" ] || { printf '=refused %s\n' "$1"; return; }
  [ -f "$1" ] || return
  printf '=file %s\n' "$1"
  set -- "$1" "$2" "$3" 0 "$3"
  while IFS= read -r line || [ "$line" ]; do
    set -- "$1" "$2" "$3" "$(($4 + 1))" "$5"
    lines=$((lines + 1))
    [ "$lines" -le 20000 ] || break
    line=${line#"${line%%[!$blank]*}"}
    case $line in ''|'#'*) continue ;; esac
    printf '%s %s\n' "$4" "$line"
    rest=${line#"${line%%["$blank"=]*}"}
    rest=${rest#"${rest%%[!$blank]*}"}
    rest=${rest#=}
    case $line in
      [Mm][Aa][Tt][Cc][Hh]["$blank"=]*)
        criteria=$3
        match "$1:$4"
        set -- "$1" "$2" "$3" "$4" "$criteria" ;;
      [Pp][Oo][Rr][Tt]["$blank"=]*)
        word && [ "$port" = 22 ] && port=$w ;;
      [Ii][Nn][Cc][Ll][Uu][Dd][Ee]["$blank"=]*)
        while word; do
          case $w in /*) ;; *) w=/etc/ssh/$w ;; esac
          set -- "$1" "$2" "$3" "$4" "$5" "$rest"
          case ${w%/*} in
            *[*?[]*) ;;
            *) [ ! -d "${w%/*}" ] || { [ -r "${w%/*}" ] && [ -x "${w%/*}" ]; } || printf '=refused %s\n' "${w%/*}" ;;
          esac
          IFS=
          for file in $w; do
            IFS=$ifs
            [ ! -e "$file" ] || [ "$2" -ge 16 ] || walk "$file" "$(($2 + 1))" "$5"
          done
          IFS=$ifs
          rest=$6
          set -- "$1" "$2" "$3" "$4" "$5"
        done ;;
    esac
  done <"$1"
  printf '=eof\n'
}
"""

# match PLACE: adds the criteria in $rest to $criteria and remembers the block; `all` needs no connection of its own.
_MATCH = r"""
match() {
  set -- "$1" "$criteria"
  while word; do
    case $w in
      [Aa][Ll][Ll]) continue ;;
      [Ii][Nn][Vv][Aa][Ll][Ii][Dd]-[Uu][Ss][Ee][Rr]) criteria=${criteria}i$nl; continue ;;
      *=*) name=${w%%=*} w=${w#*=} ;;
      *) name=$w; word || break ;;
    esac
    case $name in
      [Uu][Ss][Ee][Rr]) criteria=${criteria}u$w$nl ;;
      [Gg][Rr][Oo][Uu][Pp]) criteria=${criteria}g$w$nl groups=1 ;;
      [Hh][Oo][Ss][Tt]) criteria=${criteria}h$w$nl ;;
      [Aa][Dd][Dd][Rr][Ee][Ss][Ss]) criteria=${criteria}a$w$nl ;;
      [Ll][Oo][Cc][Aa][Ll][Aa][Dd][Dd][Rr][Ee][Ss][Ss]) criteria=${criteria}l$w$nl ;;
      [Ll][Oo][Cc][Aa][Ll][Pp][Oo][Rr][Tt]) criteria=${criteria}p$w$nl ports="$ports $w" ;;
      [Rr][Dd][Oo][Mm][Aa][Ii][Nn]) criteria=${criteria}r$w$nl ;;
    esac
  done
  [ "$criteria" != "$2" ] || return 0
  blocks=$((blocks + 1))
  eval "criteria$blocks=\$criteria place$blocks=\$1"
}
"""

# admits VALUE PATTERNS: whether the list has the value; first PATTERNS: the first pattern that is no negation, in $p.
# fill PATTERN TEXT: replaces each * by the text and each ? by a digit, in $v.
# pick PATTERNS VALUE: a value that the list has, VALUE itself if it may be, in $v.
_PICK = r"""
admits() {
  set -- "$1" "$2," no
  while [ "$2" ]; do
    p=${2%%,*}
    case $p in
      !*) p=${p#!}; case $1 in $p) return 1 ;; esac; set -- "$1" "${2#*,}" "$3" ;;
      *) case $1 in $p) set -- "$1" "${2#*,}" yes ;; *) set -- "$1" "${2#*,}" "$3" ;; esac ;;
    esac
  done
  [ "$3" = yes ]
}
first() {
  set -- "$1,"
  while [ "$1" ]; do
    p=${1%%,*}
    case $p in !*|'') set -- "${1#*,}" ;; *) return 0 ;; esac
  done
  return 1
}
fill() {
  v=
  set -- "$1" "$2"
  while :; do
    case $1 in
      *[*?]*)
        v=$v${1%%[*?]*}
        set -- "${1#"${1%%[*?]*}"}" "$2"
        case $1 in '*'*) v=$v$2 ;; *) v=${v}1 ;; esac
        set -- "${1#?}" "$2" ;;
      *) v=$v$1; return ;;
    esac
  done
}
pick() {
  first "$1" || return 1
  set -- "$1" "$2" "$p"
  v=$2
  case $v in $3) if admits "$v" "$1"; then return 0; fi ;; esac
  for text in a 1 other ''; do
    fill "$3" "$text"
    if [ "$v" ] && admits "$v" "$1"; then return 0; fi
  done
  return 1
}
"""

# number ADDRESS: a dotted IPv4 address as a number, in $n. inside ADDRESS PATTERN: whether the pattern has it.
# pick_address PATTERNS: an address that the list has, in $v.
_ADDRESS = r"""
number() {
  case $1 in *[!0-9.]*|*..*|.*|*.|*.*.*.*.*) return 1 ;; *.*.*.*) ;; *) return 1 ;; esac
  n=0
  set -- "$1."
  while [ "$1" ]; do
    case ${1%%.*} in 0?*|????*) return 1 ;; esac
    n=$((n * 256 + ${1%%.*}))
    set -- "${1#*.}"
  done
}
inside() {
  case $2 in
    */*)
      case ${2#*/} in ''|*[!0-9]*|0?*|???*) return 1 ;; esac
      number "$1" || return 1
      set -- "$n" "$2"
      number "${2%/*}" || return 1
      [ "$(($1 >> (32 - ${2#*/})))" = "$((n >> (32 - ${2#*/})))" ] ;;
    *) case $1 in $2) return 0 ;; esac; return 1 ;;
  esac
}
allowed() {
  set -- "$1" "$2,"
  while [ "$2" ]; do
    p=${2%%,*}
    case $p in !*) if inside "$1" "${p#!}"; then return 1; fi ;; esac
    set -- "$1" "${2#*,}"
  done
}
pick_address() {
  first "$1" || return 1
  set -- "$1" "$p"
  case $2 in
    '*'|0.0.0.0/0) set -- "$1" @outside ;;
    *:*/128) set -- "$1" "${2%/*}" ;;
    *::/*) set -- "$1" "${2%/*}1" ;;
    *:*/*) set -- "$1" "${2%/*}" ;;
    */*)
      case ${2#*/} in ''|*[!0-9]*|0?*|???*) return 1 ;; esac
      number "${2%/*}" && [ "${2#*/}" -le 32 ] || return 1
      span=$((1 << (32 - ${2#*/})))
      [ "$span" -gt 2 ] || span=0
      set -- "$1" "$n" "$span"
      for part in 0 "$(($3 / 4))" "$(($3 / 2))" "$(($3 * 3 / 4))" "$(($3 - 3))"; do
        n=$(($2 + ($3 > 0 ? part + 1 : 0)))
        v=$((n >> 24 & 255)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255))
        if allowed "$v" "$1"; then return 0; fi
      done
      return 1 ;;
    *[*?]*)
      case $2 in
        *.*.*.*) fill "$2" 1 ;;
        *.*.*) fill "$2" 0.1 ;;
        *.*) fill "$2" 0.0.1 ;;
        *) fill "$2" 0.0.0.1 ;;
      esac
      set -- "$1" "$v" ;;
  esac
  v=$2
  allowed "$v" "$1"
}
"""

# members PATTERN: who is in the groups that match, by name or as primary group, in $who with commas.
# look_up USER: the groups of a user who exists, in $names.
# pick_member PATTERNS VALUES: a user of the first group who is in none of the negated ones, in $v.
_GROUP = r"""
members() {
  who=
  while IFS=: read -r group x gid list; do
    case $group in $1) ;; *) continue ;; esac
    who=$who,$list
    while IFS=: read -r name x x primary x; do
      [ "$primary" != "$gid" ] || who=$who,$name
    done </etc/passwd
  done </etc/group
  case $who in *[!,]*) return 0 ;; esac
  case $1 in *[*?]*) return 0 ;; esac
  list=$(getent group "$1" 2>/dev/null) || return 0
  who=,${list##*:}
}
look_up() {
  [ "$1" != "$looked" ] || return 0
  looked=
  names=$(id -Gn "$1" 2>/dev/null) && looked=$1
}
pick_member() {
  first "$1" || return 1
  set -- "$1" "$2" "$p" "$1,"
  unwanted=,
  while [ "$4" ]; do
    p=${4%%,*}
    case $p in !*) members "${p#!}"; unwanted=$unwanted$who, ;; esac
    set -- "$1" "$2" "$3" "${4#*,}"
  done
  members "$3"
  set -- "$1" "$2" 0 "$who,"
  while [ "$4" ] && [ "$3" -lt 5 ]; do
    v=${4%%,*}
    set -- "$1" "$2" "$3" "${4#*,}"
    [ "$v" ] || continue
    case $unwanted in *",$v,"*) continue ;; esac
    [ -z "$2" ] || admits "$v" "$2" || continue
    if look_up "$v"; then return 0; fi
    set -- "$1" "$2" "$(($3 + 1))" "$4"
  done
  return 1
}
"""

# make CRITERIA: a connection that meets them, as a specification for `sshd -C`, in $given.
_MAKE = r"""
make() {
  user= address= host= local= lport=$port domain= invalid= users= member=
  set -- "$1"
  while [ "$1" ]; do
    c=${1%%"$nl"*}
    set -- "${1#*"$nl"}"
    v=${c#?}
    case $c in
      u*) users=$v ;;
      g*) member=$v ;;
      h*) pick "$v" @outside && host=$v || return 1 ;;
      a*) pick_address "$v" && address=$v || return 1 ;;
      l*) pick_address "$v" && local=$v || return 1 ;;
      p*) lport=$v ;;
      r*) pick "$v" default && domain=$v || return 1 ;;
      i*) invalid=1 ;;
    esac
  done
  v=root
  [ -z "$invalid" ] || v=nobody-here
  if [ "$member" ]; then
    pick_member "$member" "$users" || return 1
  elif [ "$users" ]; then
    pick "$users" "$v" || return 1
  fi
  user=$v
  address=${address:-@outside}
  given=user=$user,host=${host:-$address},addr=$address${local:+,laddr=$local}${ports:+,lport=$lport}
  given=$given${domain:+,rdomain=$domain}${invalid:+,invalid-user}
}
"""

# ask NAME: asks sshd about the connection $given and shows its answer; with $mode empty only shows the connection.
_ASK = r"""
ask() {
  printf '=context %s\n=given %s\n' "$1" "$given"
  case $groups,$given in
    1,user=*)
      user=${given#user=}
      if look_up "${user%%,*}"; then printf '=groups %s\n' "$names"; fi ;;
  esac
  [ "$mode" ] || return 0
  { complaint=$("$sshd" "$mode" ${given:+"-C$given"} 2>&1 >&3 3>&-); status=$?; } 3>&1
  set -- "$complaint" 0
  while [ "$1" ] && [ "$2" -lt 20 ]; do
    printf '=error %s\n' "${1%%"$nl"*}"
    case $1 in *"$nl"*) set -- "${1#*"$nl"}" "$(($2 + 1))" ;; *) set -- '' 0 ;; esac
  done
  printf '=exit %s %s\n' "$status" "$mode"
}
"""

# `-T` also wants host keys and its run folder; with `-G` (OpenSSH 9.3) it prints the same without them.
# sshd ends in an error if a Match line asks for a port and none is given, hence a port that no line asks for.
_RUN = r"""
walk "$main" 0 ''
[ "$lines" -le 20000 ] || printf '=refused lines after the first 20000\n'
mode=-T given=
if [ "$ports" ]; then
  other=1
  while :; do
    case "$ports " in *" $other "*) other=$((other + 1)) ;; *) break ;; esac
  done
  given=lport=$other
fi
ask none
case $status,$complaint in
  0,*) ;;
  *rivilege\ separation*|*'no hostkeys available'*) mode=-GT; ask none ;;
esac
[ "$status" = 0 ] || mode=
given=user=root,host=@outside,addr=@outside${ports:+,lport=$port}
ask outside
given=user=root,host=@inside,addr=@inside${ports:+,lport=$port}
ask inside
block=0
while [ "$block" -lt "$blocks" ] && [ "$block" -lt @most ]; do
  block=$((block + 1))
  eval "criteria=\$criteria$block place=\$place$block"
  if make "$criteria"; then ask "$place"; fi
done
printf '=end\n'
"""


def build_script() -> str:
    """Return the script; it is the same on every target."""
    script = f"{_PREPARE}{_WORD}{_WALK}{_MATCH}{_PICK}{_ADDRESS}{_GROUP}{_MAKE}{_ASK}{_RUN}"
    most = str(MOST_CONTEXTS - 3)
    return script.replace("@outside", OUTSIDE).replace("@inside", INSIDE).replace("@most", most).lstrip("\n")
