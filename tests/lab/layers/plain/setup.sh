# A stock server with accounts that differ in how they log in and in what sudo says to them.
account() { # NAME [useradd options]: an account that the lab's key opens
    name=$1
    shift
    useradd --create-home --shell /bin/bash "$@" "$name"
    install -d -m 700 -o "$name" -g "$(id -gn "$name")" "/home/$name/.ssh"
    echo "$LAB_KEY" >"/home/$name/.ssh/authorized_keys"
    chown "$name:" "/home/$name/.ssh/authorized_keys"
    chmod 600 "/home/$name/.ssh/authorized_keys"
}
password() { echo "$1:$LAB_PASSWORD" | chpasswd; }

account asks --groups sudo
password asks

account nosudoers
password nosudoers

account tty --gid tty --groups sudo
password tty
echo 'Defaults:tty requiretty' >/etc/sudoers.d/tty

account limited
password limited
echo 'limited ALL=(root) NOPASSWD: /usr/bin/systemctl status ssh, /usr/sbin/nft list ruleset' >/etc/sudoers.d/limited

account noisy
echo 'noisy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/noisy
printf '%s\n' 'echo "NOISE ON STDOUT"' 'echo "NOISE ON STDERR" >&2' >/home/noisy/.bashrc
chown noisy:noisy /home/noisy/.bashrc

account encrypted
echo "$LAB_ENCRYPTED_KEY" >/home/encrypted/.ssh/authorized_keys
echo 'encrypted ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/encrypted

account pwonly
password pwonly
rm /home/pwonly/.ssh/authorized_keys
cat >/etc/ssh/sshd_config.d/20-accounts.conf <<'END'
PasswordAuthentication no
Match User pwonly
    PasswordAuthentication yes
END

account mustchange
password mustchange
chage --lastday 0 mustchange

account nologin
usermod --shell /usr/sbin/nologin nologin

chmod 440 /etc/sudoers.d/*
