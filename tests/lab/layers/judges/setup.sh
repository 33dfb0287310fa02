# The programs of other judges, as Debian has them. Hosts get their files laid over, not the packages, but for one:
# OpenSCAP's content takes a tree for a container image unless linux-base is installed, which is part of every kernel.
apt-get --quiet update
apt-get --quiet install --yes --no-install-recommends --option Acquire::Retries=3 lynis openscap-scanner
mkdir /usr/share/judges
cd /usr/share/judges
apt-get --quiet --option APT::Sandbox::User=root download linux-base
