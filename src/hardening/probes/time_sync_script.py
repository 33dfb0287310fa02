"""What runs on the target to see how its clock is kept: builtins, one `grep`, and the daemon's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.probes.listing import build_listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.probes.listing import Source

# Processes of containers on this host have more than one number of process: they are not ours.
_RUN = r"""
[ $# = 0 ] || grep -a -n '' /dev/null "$@" || [ $? = 1 ]
printf '\n=files end\n'
if [ ! -d "/proc/sys/kernel$hardening_at_rest" ]; then printf '=none\n=end\n'; exit 0; fi
uids=' ' daemons=' '
for f in /proc/[0-9]*; do
  comm=
  [ ! -r "$f/comm" ] || read -r comm 2>/dev/null <"$f/comm" || :
  case $comm in
    chronyd|systemd-timesyn|ntpd|openntpd|ptp4l|phc2sys) ;;
    *) continue ;;
  esac
  uid= inner=
  while read -r key first second rest; do
    case $key in
      Uid:) uid=$second ;;
      NSpid:) inner=$second ;;
    esac
  done 2>/dev/null <"$f/status"
  if [ -z "$uid" ] || [ "$inner" ]; then continue; fi
  printf '=process %s %s %s\n' "$comm" "${f##*/}" "$uid"
  uids="$uids$uid " daemons="$daemons$comm "
done
[ ! -r /etc/passwd ] || while IFS=: read -r name x uid rest; do
  case $uids in *" $uid "*) printf '=user %s %s\n' "$uid" "$name" ;; esac
done </etc/passwd
said=
case $daemons in
  *' chronyd '*)
    said=$(chronyc -h 127.0.0.1,::1 -n -c tracking) || said=
    [ -z "$said" ] || printf '=chrony %s\n' "$said"
    ;;
  *' ntpd '*)
    said=$(ntpq -n -c 'rv 0 leap' 127.0.0.1) || said=
    [ -z "$said" ] || printf '=ntp %s\n' "$said"
    ;;
  *' systemd-timesyn '*)
    said=no
    [ ! -e /run/systemd/timesync/synchronized ] || said=yes
    printf '=timesyncd %s\n' "$said"
    ;;
esac
if [ -z "$said" ] && [ -d /run/systemd/system ] && command -v timedatectl >/dev/null; then
  said=$(timedatectl show -p NTPSynchronized) || said=
  printf '=kernel %s\n' "${said#NTPSynchronized=}"
fi
printf '=end\n'
"""


def build_script(sources: Sequence[Source]) -> str:
    """Return the script that prints configuration files, processes and what the daemon says."""
    keep = '; case $seen$f in f*/bin/*|f*/sbin/*|f*/systemd-timesyncd) ;; f*) set -- "$@" "$f" ;; esac'
    return f"set --\n{build_listing(sources, each=keep)}{_RUN.lstrip()}"
