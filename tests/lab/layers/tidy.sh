# Last step of every tree: what dpkg was told not to unpack is not missing, and no download stays.
left_out='usr/share/(doc|info|locale|man)/.'
grep --extended-regexp --files-with-matches "$left_out" /var/lib/dpkg/info/*.md5sums /var/lib/dpkg/info/*.list |
    xargs --no-run-if-empty sed --in-place --regexp-extended "\\#$left_out#d"
rm -rf /var/cache/apt/*.bin /var/cache/apt/archives/*.deb
