#!/bin/sh
# Lays out the file system of the container image from an unpacked archive: image-root.sh FROM TO
set -eu
from=$1
to=$2
mkdir -p "$to/data" "$to/state" "$to/etc" "$to/proc" "$to/tmp"
cp "$from/sftp" "$from/LICENSE" "$from/THIRD-PARTY.txt" "$to/"
# What it is linked with, and what loads that, each where it is here.
ldd "$from/sftp" | grep -o '/lib[^ ]*' | while read -r library; do
  mkdir -p "$to$(dirname "$library")"
  cp -L "$library" "$to$library"
done
echo 'sftp:x:10001:10001:Simple FTP:/state:/sftp' >"$to/etc/passwd"
echo 'sftp:x:10001:' >"$to/etc/group"
chown 10001:10001 "$to/data" "$to/state"
chmod 700 "$to/state"
chmod 1777 "$to/tmp"
