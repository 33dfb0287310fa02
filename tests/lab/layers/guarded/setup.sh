# A jump host that forwards nothing.
echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/20-guarded.conf
