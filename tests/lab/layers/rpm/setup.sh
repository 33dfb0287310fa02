# A tree whose packages rpm knows: rpm's own answers about packages built here, under the name of Red Hat's release 9.
apt-get --quiet update
apt-get --quiet install --yes --no-install-recommends --option Acquire::Retries=3 rpm
mkdir -p /etc/rpm
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros # Debian's own has it in the home folder
mkdir /build
cd /build
package() { # NAME VERSION RELEASE: a package of one file
    printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: s\nLicense: none\nBuildArch: noarch\n' "$1" "$2" "$3" >one.spec
    printf '%%description\ns\n%%install\nmkdir -p %%{buildroot}/etc/%s\necho shipped >%%{buildroot}/etc/%s/file\n' "$1" "$1" >>one.spec
    printf '%%files\n/etc/%s/file\n' "$1" >>one.spec
    rpmbuild --quiet -bb --define "_topdir /build" one.spec
}
package telnet 0.17 94.el9
package sudo 1.9.5p2 10.el9_3
package aide 0.16 100.el9
SUDO_FORCE_REMOVE=yes dpkg --purge --force-all sudo # what Debian knows must not answer for rpm
rpm --install --nodeps RPMS/noarch/*.rpm
cd /
rm -r /build
echo changed >/etc/sudo/file
rm /etc/aide/file
mv /var/lib/dpkg /var/lib/dpkg-of-the-builder
printf 'ID="rhel"\nVERSION_ID="9.4"\nID_LIKE="fedora"\nPRETTY_NAME="Red Hat Enterprise Linux 9.4"\n' >/etc/os-release
