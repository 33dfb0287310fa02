# What this host shows of a kernel that it shares with the machine it runs on, and that gives a namespace no audit
# system, no AppArmor and no lockdown, and no clock to set. Each answer follows from the host's own configuration.

# AppArmor: all profiles that apparmor.service would load, as the kernel lists them. Lockdown as the kernel parameters
# of proc.conf ask for.
install -d "$fake/security/apparmor"
find /etc/apparmor.d -maxdepth 1 -type f -exec apparmor_parser --names '{}' + | sort -u |
    sed 's/$/ (enforce)/' >"$fake/security/apparmor/profiles"
echo 'none [integrity] confidentiality' >"$fake/security/lockdown"
chmod 444 "$fake"/security/apparmor/profiles "$fake/security/lockdown"
mount --bind "$fake/security" /sys/kernel/security
mount -o remount,bind,ro,nosuid,nodev,noexec /sys/kernel/security
mount -o remount,bind,rw /sys
install -d /sys/module/apparmor/parameters
echo Y >/sys/module/apparmor/parameters/enabled
mount -o remount,bind,ro,nosuid,nodev,noexec /sys

# The flaws of the CPU: those that the kernel knows, on a CPU that has none, whatever machine the lab runs on.
install -d "$fake/vulnerabilities"
for flaw in /sys/devices/system/cpu/vulnerabilities/*; do
    echo 'Not affected' >"$fake/vulnerabilities/${flaw##*/}"
done
mount --bind "$fake/vulnerabilities" /sys/devices/system/cpu/vulnerabilities
mount -o remount,bind,ro,nosuid,nodev,noexec /sys/devices/system/cpu/vulnerabilities

# auditctl -l and -s: what the kernel would list after augenrules has loaded the rules, in its order and spelling.
install -d "$fake/root/usr/sbin"
cat >"$fake/root/usr/sbin/auditctl" <<'END'
#!/bin/sh
rules=/etc/audit/audit.rules # augenrules made it of rules.d at boot
case $1 in
-l) exec awk '
    $1 == "-w" { print; next }
    $1 == "-a" {
        line = $1 " " $2
        calls = compared = filters = key = ""
        for (i = 3; i < NF; i += 2) {
            value = $(i + 1)
            if ($i == "-S") calls = calls (calls ? "," : "") value
            else if ($i == "-k") key = " -F key=" value
            else if ($i == "-C") { split(value, side, "!="); compared = compared " -C " side[2] "!=" side[1] }
            else if (value ~ /^arch=/) line = line " -F " value
            else { sub(/!=unset$/, "!=-1", value); filters = filters " -F " value }
        }
        print line " -S " (calls ? calls : "all") compared filters key
    }' "$rules" ;;
-s) exec awk '
    BEGIN { enabled = failure = 1; backlog = 64 }
    $1 == "-e" { enabled = $2 }
    $1 == "-f" { failure = $2 }
    $1 == "-b" { backlog = $2 }
    END {
        print "enabled " enabled "\nfailure " failure "\npid 1\nrate_limit 0\nbacklog_limit " backlog
        print "lost 0\nbacklog 0\nbacklog_wait_time 60000\nbacklog_wait_time_actual 0\nloginuid_immutable 0 unlocked"
    }' "$rules" ;;
*) echo 'The audit system is in immutable mode, no rule changes allowed' >&2; exit 1 ;;
esac
END

# chronyc tracking: chronyd as it is, following the first server of its configuration; it runs with -x, and the lab has
# no time server. A daemon that does not answer is told by chronyc itself.
install -d "$fake/root/usr/bin" "$fake/bin"
cat >"$fake/root/usr/bin/chronyc" <<'END'
#!/bin/sh
said=$(/run/chronyc "$@") || { echo "$said"; exit 1; }
server=$(awk '$1 == "server" { print $2; exit }' /etc/chrony/sources.d/*.sources)
case $* in
*-c*tracking) echo "$said" | sed "s/^[^,]*,[^,]*,[^,]*/0A4D0001,$server,3/; s/,[^,]*\$/,Normal/" ;;
*) echo "$said" ;;
esac
END
chmod 755 "$fake"/root/usr/*/*
install -m 755 /usr/bin/chronyc /run/chronyc
