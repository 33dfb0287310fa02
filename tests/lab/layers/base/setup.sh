# A stock Debian server, as the installer leaves it, with one account for the scanner.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub # every host gets its own when it starts
: >/etc/machine-id
: >/etc/resolv.conf
echo localhost >/etc/hostname
printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts

useradd --create-home --shell /bin/bash --groups sudo audit
install -d -m 700 -o audit -g audit /home/audit/.ssh
echo "$LAB_KEY" >/home/audit/.ssh/authorized_keys
chown audit:audit /home/audit/.ssh/authorized_keys
chmod 600 /home/audit/.ssh/authorized_keys

echo 'audit ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/audit
chmod 440 /etc/sudoers.d/audit

# A kernel is installed as on every server; a lab host that looks like a machine of its own says that it runs this one.
# Nothing is in the package: a real one is 400 MB, and the host is booted without it.
install -d /tmp/kernel/DEBIAN
printf '%s\n' 'Package: linux-image-6.1.0-0.lab-amd64' 'Version: 6.1.0-0.lab.1' 'Architecture: all' \
    'Maintainer: Lab <lab@lab.test>' 'Description: Linux kernel of the lab' >/tmp/kernel/DEBIAN/control
dpkg-deb --build /tmp/kernel /tmp/kernel.deb
dpkg --install /tmp/kernel.deb
rm -r /tmp/kernel /tmp/kernel.deb

# apt has fetched a list of security updates: as short as it gets, with what is installed as the newest. That it was
# fetched today is said when a host boots.
suite=$(. /etc/os-release && echo "$VERSION_CODENAME-security") architecture=$(dpkg --print-architecture)
rm -rf /var/lib/apt/lists/*
lists=/var/lib/apt/lists/security.debian.org_debian-security_dists_$suite
printf '%s\n' 'Origin: Debian' 'Label: Debian-Security' "Codename: $suite" "Architectures: $architecture" \
    'Components: main' >"${lists}_InRelease"
dpkg-query --show --showformat 'Package: ${Package}\nVersion: ${Version}\nArchitecture: ${Architecture}\n\n' \
    openssh-server sudo >"${lists}_main_binary-${architecture}_Packages"
