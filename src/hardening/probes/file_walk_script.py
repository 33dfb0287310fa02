r"""What runs on the target to walk its local file systems once: builtins choose them, one ``find`` walks.

Pieces of output stand between zero bytes. ``M`` with a type and a path: a mount that is left out; ``W`` and a path: one
that is walked. ``w``, ``d``, ``u``, ``g``, ``s`` with type, mode, ids, names and path: a file that everybody may write,
a folder likewise without sticky bit, a file without owner or without group, a setuid or setgid file. ``p``: what the
package database says of the latter; a piece that begins with a slash is what getcap says. ``=`` with the exit status
closes the walk, and ``.`` the answer; without the former the budget was used up.
"""

from __future__ import annotations

SECONDS = 100
"""How long the walk may take."""

ENTRIES = 2_000_000
"""How many files and folders it may look at; every byte of what is found counts as one more."""

COMPLAINTS = 20
"""How many complaints of find are passed on."""

# The first field of a mount's two halves ends with " - ". Of a file system that is mounted twice, as a whole or in
# part, the first mount is walked; a subvolume of btrfs is a file system to find.
_CHOOSE = r"""say() { printf '\0%s\0' "$1"; }
set --
taken=
choose() {
case $3 in
ext[234]|xfs|btrfs|f2fs|jfs|reiserfs|nilfs2|bcachefs|zfs|tmpfs|ramfs) ;;
overlay|squashfs|erofs) [ "$4" = / ] || { say "M$3:$4"; return 1; } ;;
*) say "M$3:$4"; return 1 ;;
esac
case $4 in
/var/lib/docker/*|/var/lib/containers/*|/var/lib/containerd/*|/run/containerd/*|/var/lib/kubelet/*|/run/containers/*|\
/run/docker/*|/snap/*|/var/lib/lxc/*|/var/lib/lxd/*|/var/lib/incus/*|/var/lib/machines/*|*/.local/share/containers/*|\
/run/credentials/*) say "M$3:$4"; return 1 ;;
esac
case $taken in *"<$1:$2>"*) return 1 ;; esac
if [ "$3" != btrfs ]; then
up=$2
while [ "$up" ] && [ "$up" != / ]; do
up=${up%/*}
case $taken in *"<$1:${up:-/}>"*) return 1 ;; esac
done
fi
taken="$taken<$1:$2>"
}
if [ -r /proc/self/mountinfo ]; then
while read -r id parent device root point rest; do
type=${rest#* - }
type=${type%% *}
case $root$point in *\\*) case $root$point in *%*) say "Mname:$point"; continue ;; esac
point=$(printf "$point.") && point=${point%.}
;; esac
choose "$device" "$root" "$type" "$point" || continue
set -- "$@" "$point"
say "W$point"
done </proc/self/mountinfo
else
set -- /
say W/
fi
"""

_KNOWN = r"""ids() {
known="$1 0"
while IFS=: read -r name word id rest; do
case $id in ''|*[!0-9]*) ;; *) known="$known -o $1 $id" ;; esac
done <"$2"
}
known='-uid 0'
[ ! -r /etc/passwd ] || ids -uid /etc/passwd
users=$known known='-gid 0'
[ ! -r /etc/group ] || ids -gid /etc/group
groups=$known
if [ -e /var/lib/dpkg/status ]; then packages=dpkg
elif [ -d /usr/lib/sysimage/rpm ] || [ -d /var/lib/rpm ]; then packages=rpm
else packages=none
fi
command -v getcap >/dev/null 2>&1 && getcap=-true || getcap=-false
"""

# A package may know a file of /usr by its place before /usr was merged.
OWNERS = r"""printf "\0p%s\n" "$0"
case $0 in
dpkg)
for f do case $f in /usr/*) set -- "$@" "${f#/usr}" ;; esac; done
dpkg-query -S "$@" 2>/dev/null
;;
rpm) rpm -qf "$@" ;;
esac
printf "=%s\0" "$?"
:"""
"""What find starts to ask the package database about setuid and setgid files."""

_PRUNED = (
    "/var/lib/docker",
    "/var/lib/containers/storage",
    "/var/lib/containerd",
    "/var/lib/kubelet/pods",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/incus",
    "/var/lib/machines",
    "*/.local/share/containers/storage",
)


def _print(letter: str) -> str:
    return rf"-printf '\0{letter}%y:%m:%U:%G:%u:%g:%p\0'"


def build_walk_script(entries: int = ENTRIES) -> str:
    """Return the script with a budget; it is the same on every target."""
    pruned = " -o ".join(f"-path '{path}'" for path in _PRUNED)
    walk = f"""timeout --foreground -k 5 {SECONDS} \\
find "$@" -ignore_readdir_race -xdev \\( {pruned} \\) -prune -o \\( \\
-printf '\\0' , \\
-type f -perm -0002 {_print("w")} , \\
-type d -perm -0002 ! -perm -1000 {_print("d")} , \\
! \\( $users \\) -nouser {_print("u")} , \\
! \\( $groups \\) -nogroup {_print("g")} , \\
-type f -perm /6000 {_print("s")} -exec sh -c '{OWNERS}' "$packages" {{}} + , \\
-type f -perm /0111 $getcap -exec getcap {{}} + \\
\\)"""
    # Each entry is a zero byte to `head`. When it has had enough, find ends at its next write, and the line that closes
    # the walk is lost: that one stands behind the pipe tells that nothing else went wrong.
    return f"""{_CHOOSE}{_KNOWN}{{
{{
{{
{walk}
printf '\\0=%s:%s\\0' "$?" "$getcap"
}} 2>&4 3>&- 4>&- | head -c {entries} | tr -s '\\0' >&3
printf '\\0.\\0' >&3
}} 4>&1 | {{
n=0
while IFS= read -r line; do
n=$((n + 1))
[ $n -gt {COMPLAINTS} ] || printf '%s\\n' "$line" >&2
done
}}
}} 3>&1
"""
