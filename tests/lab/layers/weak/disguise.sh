# The flaws of a CPU whose mitigations are off, whatever machine the lab runs on.
install -d "$fake/vulnerabilities"
for flaw in meltdown mds spectre_v2; do
    echo Vulnerable >"$fake/vulnerabilities/$flaw"
done
mount --bind "$fake/vulnerabilities" /sys/devices/system/cpu/vulnerabilities
mount -o remount,bind,ro,nosuid,nodev,noexec /sys/devices/system/cpu/vulnerabilities
