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
