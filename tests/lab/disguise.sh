# Lets a booted host look like a machine of its own: one argument, lines "path-under-/proc value".
# Runs in the host's namespaces. Kernel values that the host shares with this machine are only covered
# with a copy that shows other values; the kernel's own are never written.
fake=$(mktemp -d /run/disguise.XXXXXX)
mount -t tmpfs -o mode=755 tmpfs "$fake"

for folder in sys/kernel sys/fs; do
    mkdir -p "$fake/$folder"
    cp -r --no-preserve=all "/proc/$folder/." "$fake/$folder" 2>/dev/null || : # some keys cannot be read
done
echo "$1" | while read -r path value; do
    case $path in '' | '#'*) continue ;; esac
    mkdir -p "$(dirname "$fake/$path")"
    echo "$value" >"$fake/$path"
done
: >"$fake/empty"

# On a machine, PID 2 is kthreadd. The kernel gives the next process the number that is asked for here, if it is free.
mkdir "$fake/proc"
mount -t proc proc "$fake/proc"
ln -s /usr/bin/sleep "$fake/kthreadd"
tries=0
until [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || [ "$tries" = 20 ]; do
    tries=$((tries + 1))
    echo 1 >"$fake/proc/sys/kernel/ns_last_pid"
    "$fake/kthreadd" infinity </dev/null >/dev/null 2>&1 &
    [ "$!" = 2 ] || kill "$!"
done
umount "$fake/proc"

for folder in sys/kernel sys/fs; do
    mount --bind "$fake/$folder" "/proc/$folder"
    mount -o remount,bind,ro,nosuid,nodev,noexec "/proc/$folder"
done
mount --bind "$fake/cmdline" /proc/cmdline
mount --bind "$fake/empty" /proc/1/environ # names the container manager
umount "$fake"
rmdir "$fake"

rm -f /run/systemd/container
umount --recursive --lazy /run/host
rm /run/systemd/inaccessible # a link into /run/host, and systemd needs what it leads to
mv /run/host/inaccessible /run/systemd/inaccessible
rm -rf /run/host
