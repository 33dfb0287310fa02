# Accounts whose login shells do not speak as sh does.
apt-get --quiet update
apt-get --quiet install --yes --no-install-recommends --option Acquire::Retries=3 csh fish
for name in csh fish; do
    useradd --create-home --shell "/usr/bin/$name" "$name"
    install -d -m 700 -o "$name" -g "$name" "/home/$name/.ssh"
    install -m 600 -o "$name" -g "$name" /home/audit/.ssh/authorized_keys "/home/$name/.ssh/authorized_keys"
    echo "$name ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$name"
    chmod 440 "/etc/sudoers.d/$name"
done
