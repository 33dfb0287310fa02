# Lets a booted host look like a machine of its own: lines "path-under-/proc value", and a script of the layer, which
# puts files into $fake/root where stand-ins are to lie over the host's own.
# Runs in the host's namespaces. Kernel values that the host shares with this machine are only covered
# with a copy that shows other values; the kernel's own are never written.
fake=$(mktemp -d /run/disguise.XXXXXX)
mount -t tmpfs -o mode=755 tmpfs "$fake"

folders='sys/kernel sys/fs sys/net/core' # of the last a namespace shows a part only
for folder in $folders; do
    mkdir -p "$fake/$folder"
    cp -r --no-preserve=all "/proc/$folder/." "$fake/$folder" 2>/dev/null || : # some keys cannot be read
done
echo "$1" | while read -r path value; do
    case $path in '' | '#'*) continue ;; esac
    mkdir -p "$(dirname "$fake/$path")"
    echo "$value" >"$fake/$path"
done
: >"$fake/empty"
mkdir "$fake/root"
eval "$2"

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

for folder in $folders; do
    mount --bind "$fake/$folder" "/proc/$folder"
    mount -o remount,bind,ro,nosuid,nodev,noexec "/proc/$folder"
done
for file in cmdline version; do
    mount --bind "$fake/$file" "/proc/$file"
done
mount --bind "$fake/empty" /proc/1/environ # names the container manager
(cd "$fake/root" && find . -type f) | while read -r path; do
    mount --bind "$fake/root/$path" "/$path"
done
umount "$fake"
rmdir "$fake"

rm -f /run/systemd/container
umount --recursive --lazy /run/host
rm /run/systemd/inaccessible # a link into /run/host, and systemd needs what it leads to
mv /run/host/inaccessible /run/systemd/inaccessible
rm -rf /run/host
