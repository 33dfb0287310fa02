#!/bin/sh
# Becomes the supervisor of one booted host: NAME FOLDER NAMESPACE LOWER HOSTKEYS MACHINEID CGROUP...
# Runs in a mount namespace of its own: the mounts go when it goes. The host writes into a tmpfs only.
set -eu
name=$1 folder=$2 namespace=$3 lower=$4 hostkeys=$5 machine=$6
shift 6
for group in "$@"; do
    echo $$ >"$group/cgroup.procs"
done

mkdir "$folder/fs"
mount -t tmpfs -o size=1g,mode=755 tmpfs "$folder/fs"
cd "$folder/fs"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/fs/upper,workdir=$folder/fs/work" root

echo "$machine" >root/etc/machine-id # else systemd takes it for a first boot and enables everything
echo "$name" >root/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost ip6-loopback\n' "$name" >root/etc/hosts
install -m 600 "$hostkeys"/*_key root/etc/ssh/
install -m 644 "$hostkeys"/*_key.pub root/etc/ssh/

# What a server in use has of today: apt's lists were fetched, and the administrator, user id 1000, was logged in at the
# console. A record of lastlog is 292 bytes: the time, the terminal and the other end.
touch root/var/lib/apt/lists
if [ -f root/var/log/lastlog ]; then
    now=$(date +%s)
    bytes=$(printf '\\0%03o\\0%03o\\0%03o\\0%03o' \
        "$((now & 255))" "$((now >> 8 & 255))" "$((now >> 16 & 255))" "$((now >> 24 & 255))")
    printf '%b' "${bytes}tty1" | dd of=root/var/log/lastlog bs=292 seek=1000 conv=notrunc status=none
    truncate --size="$((1001 * 292))" root/var/log/lastlog
fi

# No tmpfs at /tmp, because Debian 12 has none; /proc/sys/net is the host's own and thus writable.
# The machine name is unique on this machine; the host calls itself NAME.
export SYSTEMD_NSPAWN_TMPFS_TMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
# shellcheck disable=SC2086  # LAB_OPTIONS are words
exec systemd-nspawn $LAB_OPTIONS --quiet --boot --notify-ready=yes --register=no --keep-unit --settings=no --link-journal=no \
    --capability=CAP_NET_ADMIN --resolv-conf=off --timezone=off --console=read-only --kill-signal=SIGRTMIN+4 \
    --machine="$namespace" --hostname="$name" --directory="$folder/fs/root" \
    --network-namespace-path="/run/netns/$namespace"
