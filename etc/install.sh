#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etc/install.sh BUILD: `make install` puts what BUILD holds below $DESTDIR, under $PREFIX and $SYSCONFDIR.
# Knows where files go; configuration that is there already stays as it is.
set -euo pipefail

build=$1
prefix=${PREFIX:-/usr}
sysconf=${SYSCONFDIR:-/etc}
root=${DESTDIR:-}
lib=$prefix/lib
etc=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

put() { install -D -m "$1" "$2" "$root$3"; }

# A unit or manual page with the folders of this installation in place of the usual ones.
put_text() {
	put 644 "$1" "$2"
	sed -i "s|/usr/bin/skillsd|$prefix/bin/skillsd|g; s|/usr/lib/skillsd|$lib/skillsd|g; s|/etc/skillsd|$sysconf/skillsd|g" \
		"$root$2"
}

put_once() {
	if [ ! -e "$root$2" ]; then
		put_text "$1" "$2"
	fi
}

# The daemon carries the folder of its plugins and the path of its configuration: it must be built for where it goes.
must_carry() {
	if [[ $2 != *"$3"* ]]; then
		printf 'install: %s is not built for %s; run make clean, then make install PREFIX=%q SYSCONFDIR=%q\n' \
			"$build/skillsd" "$1" "$prefix" "$sysconf" >&2
		exit 1
	fi
}

must_carry "PREFIX=$prefix" "$("$build/skillsd" options)" $'\t'"$lib/skillsd/plugins"$'\t'
must_carry "SYSCONFDIR=$sysconf" "$("$build/skillsd" --help)" "(default $sysconf/skillsd/skillsd.conf)"
put 755 "$build/skillsd" "$prefix/bin/skillsd"
put 755 "$build/skillsd-gate" "$lib/skillsd/skillsd-gate"
put 755 "$build/skillsd-sign" "$lib/skillsd/skillsd-sign"
put 755 "$build/skillsd-draw" "$lib/skillsd/skillsd-draw"
for plugin in "$build"/plugins/*.so; do
	put 644 "$plugin" "$lib/skillsd/plugins/${plugin##*/}"
done
put 644 "$etc/../include/skillsd/plugin.h" "$prefix/include/skillsd/plugin.h"
for unit in "$etc"/systemd/*; do
	put_text "$unit" "$lib/systemd/system/${unit##*/}"
done
put 644 "$etc/sysusers.d/skillsd.conf" "$lib/sysusers.d/skillsd.conf"
put 644 "$etc/tmpfiles.d/skillsd.conf" "$lib/tmpfiles.d/skillsd.conf"
put_text "$etc/skillsd.conf" "$prefix/share/doc/skillsd/skillsd.conf"
put_text "$etc/nginx/skillsd.conf" "$prefix/share/doc/skillsd/nginx.conf"
put_text "$etc/haproxy/skillsd.cfg" "$prefix/share/doc/skillsd/haproxy.cfg"
put_text "$etc/patroni/skillsd.yml" "$prefix/share/doc/skillsd/patroni.yml"
put_once "$etc/skillsd.conf" "$sysconf/skillsd/skillsd.conf"
put_once "$etc/pam.d/skillsd" "$sysconf/pam.d/skillsd"
for page in "$etc"/man/*.[1-9]; do
	if [ -e "$page" ]; then
		put_text "$page" "$prefix/share/man/man${page##*.}/${page##*/}"
	fi
done
