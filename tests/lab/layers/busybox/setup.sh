# A server whose shell and tools are those of busybox where it has them: another `sh`, `stat`, `find`, `awk`, `timeout`.
apt-get --quiet update
apt-get --quiet install --yes --no-install-recommends --option Acquire::Retries=3 busybox

swap() { # last of all, because what tidies up counts on the usual tools
    kept=' busybox depmod dpkg dpkg-deb halt init insmod ip login lsmod modprobe mount poweroff reboot rmmod rpm ss su sulogin umount '
    for applet in $(/usr/bin/busybox --list); do
        case $kept in *" $applet "*) continue ;; esac
        for folder in /usr/bin /usr/sbin; do
            [ ! -e "$folder/$applet" ] || /usr/bin/busybox ln -sf /usr/bin/busybox "$folder/$applet"
        done
    done
}
trap swap EXIT
