#!/bin/sh
# Makes one layer: BASE FOLDER SOURCE SCRIPT. Mounts an overlay of BASE at FOLDER/root, copies SOURCE/root into it and
# runs SCRIPT in it. What changed stays in FOLDER/upper. Runs in a mount and pid namespace of its own: nothing to undo.
set -eu
base=$1 folder=$2 source=$3 script=$4
root=$folder/root
mkdir "$folder/upper" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind /etc/hosts "$root/etc/hosts"
if [ -d "$source/root" ]; then
    umask 022
    cp -rT --no-preserve=mode,ownership,timestamps "$source/root" "$root"
fi
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no daemon starts when a package is installed
chmod 755 "$root/usr/sbin/policy-rc.d"
DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root chroot "$root" /bin/sh -euc "$script" >"$folder/log" 2>&1 || {
    tail -n 30 "$folder/log" >&2
    exit 1
}
rm "$root/usr/sbin/policy-rc.d"
umount "$root/etc/hosts" "$root/etc/resolv.conf" "$root/proc" "$root"
rm -r "$folder/work" "$root"
