#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etc/setup.sh run|check|directories|bench|fuzz [packages]: puts in place what the demo, the tests or the measurements
# need: Debian packages, and for the tests what tests/package.json names ("packages": just the former).
# Knows their names and how to keep them from setting anything up; leaves the rest of the system alone.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
wanted=(gcc libc6-dev make pkg-config
	libcurl4-openssl-dev libinih-dev libjansson-dev libkrb5-dev libldap-dev libmicrohttpd-dev libpam0g-dev libpango1.0-dev libpng-dev libpq-dev libqrencode-dev librsvg2-dev libssl-dev libtalloc-dev libxml2-dev zlib1g-dev
	python3 python3-yaml
	fonts-dejavu-core fonts-droid-fallback curl db5.3-util jq ldap-utils libpam-modules openssl postgresql-15 slapd util-linux)
tests=(haproxy libcmocka-dev libpam-wrapper poppler-utils python3-jsonschema python3-cryptography python3-ldap python3-psycopg2 python3-pytest python3-pytest-xdist python3-pyzbar python3-requests
	systemd)
directories=(389-ds-base krb5-admin-server krb5-kdc krb5-user libsasl2-modules-gssapi-mit
	libsocket-wrapper python3-samba samba samba-ad-provision samba-dsdb-modules)
benches=(nginx wrk)
fuzzers=(clang-14 libclang-rt-14-dev)

policy=/usr/sbin/policy-rc.d
cluster_folder=/etc/postgresql-common/createcluster.d
cluster_file=$cluster_folder/skillsd-setup.conf
mark="made by skillsd's etc/setup.sh for the time of an installation"

say() { printf 'setup: %s\n' "$*"; }
quit() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

missing() {
	local package installed
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || :)
	for package in "$@"; do
		grep -qx "installed $package" <<<"$installed" || echo "$package"
	done
}

# While packages are installed: no service starts, PostgreSQL makes no cluster, slapd no directory.
hold_still() {
	trap let_go EXIT
	trap 'rm -f "$log"; exit 130' HUP INT TERM
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
		chmod 755 "$policy"
	fi
	mkdir -p "$cluster_folder"
	printf '# %s\ncreate_main_cluster = false\n' "$mark" >"$cluster_file"
	if [ -n "$(missing slapd)" ]; then
		debconf-set-selections <<<'slapd slapd/no_configuration boolean true'
	fi
}

# Not with the next start of the system either.
keep_off() {
	if [ -x "$(command -v systemctl)" ]; then
		systemctl disable "$@" >>"$log" 2>&1 || :
	fi
}

let_go() {
	if grep -qs "$mark" "$policy"; then
		rm -f "$policy"
	fi
	rm -f "$cluster_file"
	rmdir "$cluster_folder" "${cluster_folder%/*}" 2>/dev/null || :
}

# Everything into the log, a line now and then to the reader.
follow() {
	local line count=0 total=0
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$log"
		case $line in
		*' newly installed, '*)
			total=${line#*, }
			total=${total%% *}
			say "$total packages to fetch and set up"
			;;
		'Setting up '*)
			count=$((count + 1))
			if [ $((count % 20)) = 0 ]; then
				say "$count of $total set up"
			fi
			;;
		esac
	done
}

apt() {
	apt-get -y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold "$@" </dev/null 2>&1 | follow
}

refresh() {
	say "fetching the lists of packages"
	apt update
}

install() {
	apt install --no-install-recommends "$@"
}

# A run that was cut off leaves packages half set up.
mend_and_install() {
	dpkg --configure -a </dev/null >>"$log" 2>&1 || :
	refresh && install "$@"
}

install_packages() {
	local packages package
	# One at a time, so that nobody takes the policy away while another still installs.
	exec 8</var/lib/dpkg
	flock 8
	mapfile -t packages < <(missing "${wanted[@]}")
	if [ ${#packages[@]} = 0 ]; then
		return
	fi
	export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true NEEDRESTART_SUSPEND=1 LC_ALL=C
	log=$(mktemp /tmp/skillsd-setup.XXXXXX.log)
	hold_still
	if ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; then
		refresh || :
	fi
	say "installing ${packages[*]}"
	install "${packages[@]}" || mend_and_install "${packages[@]}" ||
		quit "apt could not install the packages: $(grep -m1 '^E: ' "$log" || tail -n1 "$log"); its log is $log"
	for package in "${packages[@]}"; do
		case $package in
		samba) keep_off smbd nmbd samba-ad-dc ;;
		krb5-kdc | krb5-admin-server) keep_off "$package" ;;
		esac
	done
	rm -f "$log"
	let_go
	trap - EXIT HUP INT TERM
	exec 8<&-
}

packages() {
	local packages
	mapfile -t packages < <(missing "${wanted[@]}")
	if [ ${#packages[@]} = 0 ]; then
		return
	fi
	[ -x "$(command -v apt-get)" ] || quit "these Debian packages are missing: ${packages[*]}"
	if [ "$(id -u)" != 0 ]; then
		say "these packages are missing: ${packages[*]}"
		say "install them with this line, and then go on:"
		printf 'sudo %q %s packages\n' "$top/etc/setup.sh" "$goal"
		exit 1
	fi
	install_packages
}

fetch_modules() {
	local room=$1 as=()
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody:nogroup "$room"
		as=(setpriv --reuid nobody --regid nogroup --clear-groups --)
	fi
	(cd "$room" && HOME=$room npm_config_cache=$room/.cache "${as[@]}" \
		npm ci --no-audit --no-fund --ignore-scripts </dev/null >"$room/log" 2>&1)
}

# Fetched in a folder of its own: the checkout may be out of reach of the user that fetches.
modules() {
	local where=$top/$1 room
	exec 8<"$where"
	flock 8
	if [ ! -f "$where/package-lock.json" ] ||
		[ "$where/node_modules/.package-lock.json" -nt "$where/package-lock.json" ]; then
		return
	fi
	say "fetching $2 with npm"
	room=$(mktemp -d /var/tmp/skillsd-setup.XXXXXX)
	cp "$where/package.json" "$where/package-lock.json" "$room"
	if [ -f "$where/.npmrc" ]; then
		cp "$where/.npmrc" "$room"
	fi
	fetch_modules "$room" || quit "npm could not fetch it: $(tail -n1 "$room/log"); its log is $room/log"
	chown -R --reference="$where" "$room/node_modules"
	rm -rf "$where/node_modules"
	mv "$room/node_modules" "$where/node_modules"
	rm -rf "$room"
	exec 8<&-
}

goal=${1:-}
case $goal in
run) ;;
check | directories) wanted+=("${tests[@]}" "${directories[@]}") ;;
bench) wanted+=("${tests[@]}" "${benches[@]}") ;;
fuzz) wanted+=("${fuzzers[@]}") ;;
*) quit "usage: etc/setup.sh run|check|directories|bench|fuzz [packages]" ;;
esac
if [[ $goal == check || $goal == bench ]] && ! command -v npm >/dev/null; then
	wanted+=(nodejs npm)
fi
packages
if [[ $goal == check || $goal == bench ]] && [ "${2:-}" != packages ]; then
	modules tests "the linter of the OpenAPI document and the verifiers of badges"
fi
if [[ $goal == bench ]] && [ "${2:-}" != packages ]; then
	modules tests/bench "the peers that are measured beside the daemon"
fi
