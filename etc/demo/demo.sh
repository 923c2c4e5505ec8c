#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etc/demo/demo.sh run|clean: `make demo` and `make demo-clean`.
# Knows where the demo lives, whether one runs already, and who it runs as: packages are installed, then
# root becomes nobody. What is served, and how, is serve.sh's.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
demo=$top/var/demo
away=/var/tmp/skillsd-demo
export PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
trap : PIPE

say() { printf 'demo: %s\n' "$*"; }
quit() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}
is_root() { [ "$(id -u)" = 0 ]; }
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }

# Whether nobody can read all of the checkout that the demo needs.
is_reachable() {
	local unread
	# shellcheck disable=SC2016 # the shell that becomes nobody expands it
	unread=$(as_nobody bash -c 'cd "$1" && find . \( -path ./.git -o -path ./build -o -path ./var \
		-o -name node_modules \) -prune -o ! -readable -print -quit' bash "$top" 2>/dev/null) && [ -z "$unread" ]
}

# A folder under /var/tmp that a link of ours leads to.
is_away() {
	local target
	target=$(readlink "$1") && [[ $target == "$away".* && $target != *..* ]] && [ -d "$target" ]
}

make_folder() {
	if [ -L "$demo" ] && ! is_away "$demo"; then
		rm "$demo"
	fi
	if [ ! -e "$top/var" ]; then
		mkdir "$top/var"
		if is_root; then
			chown --reference="$top" "$top/var"
		fi
	fi
	if is_root && [ ! -e "$demo" ] && ! is_reachable; then
		local room
		room=$(mktemp -d "$away.XXXXXX") && mkdir "$room/demo" && ln -s "$room/demo" "$demo"
	fi
	mkdir -p "$demo"
}

print_address() {
	local url
	url=$(sed -n "s/^SKILLSD_URL='\(.*\)'$/\1/p" "$demo/env" 2>/dev/null)
	[ -n "$url" ] && say "already running at $url, as process $(<"$demo/state/demo.pid") (accounts: $demo/env)"
}

# Only one demo a checkout: the lock is held, and known to nobody else, until its process ends.
open_lock() {
	if [ ! -w "$demo/" ]; then
		quit "$demo belongs to $(stat -c %U "$demo/" 2>/dev/null || echo another user); as that user or root, make demo-clean removes it"
	fi
	exec 9>>"$demo/lock"
}

take_lock() {
	open_lock
	if flock -n 9; then
		rm -f "$demo/env"
		return
	fi
	if print_address; then
		exit 0
	fi
	say "another make demo is at work here; waiting for it"
	while ! flock -n 9; do
		if print_address; then
			exit 0
		fi
		sleep 0.2
	done
	quit "the other one has ended; try again"
}

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_port() {
	if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || [ "$port" -gt 65535 ]; then
		quit "SKILLSD_PORT is no port: $port"
	fi
	# Where a demo was killed, it may be its own daemon that is still there.
	if [ ! -s "$demo/state/pids" ] && is_taken "$port"; then
		quit "port $port is taken by another program; choose another one: make demo SKILLSD_PORT=$((port + 1))"
	fi
}

# Out of reach of nobody, the checkout is built in a copy, and what was built before is kept.
copy_tree() {
	local room=$1
	rm -rf "$room/tree.new"
	install -d -o nobody -g nogroup -m 700 "$room" "$room/tree.new"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var --exclude=node_modules -cf - . |
		as_nobody tar -C "$room/tree.new" -xf -
	if [ -d "$room/tree/build" ]; then
		mv "$room/tree/build" "$room/tree.new/build"
	fi
	rm -rf "$room/tree"
	mv "$room/tree.new" "$room/tree"
}

# Becomes serve.sh, as nobody where we are root; it is told to end when make is killed.
become() {
	local what=$1 home tree=$top as=(setpriv --pdeathsig TERM) prefix=
	home=$(readlink -f "$demo")
	if is_root; then
		prefix="setpriv --reuid nobody --regid nogroup --clear-groups "
		as+=(--reuid nobody --regid nogroup --clear-groups)
		chown -R -h nobody:nogroup "$home"
		if is_away "$demo"; then
			tree=${home%/demo}/tree
			copy_tree "${home%/demo}"
		else
			mkdir -p "$top/build"
			chown -R -h nobody:nogroup "$top/build"
		fi
	fi
	chmod 700 "$home"
	cd "$home"
	exec "${as[@]}" -- env -i --default-signal=INT,QUIT PATH="$PATH" HOME="$home" LC_ALL=C.UTF-8 TMPDIR="$home/tmp" \
		http_proxy="${http_proxy:-}" bash "$tree/etc/demo/serve.sh" "$what" "$tree" "$demo" "$port" "$prefix"
}

run() {
	trap 'exit 0' HUP INT TERM
	make_folder || quit "$demo cannot be made"
	take_lock
	check_port
	"$top/etc/setup.sh" run
	become run
}

# The links go last, so that a clean that was cut off can be called again.
clean() {
	local link pid folders=()
	if [ -e "$demo" ]; then
		open_lock
		pid=$(cat "$demo/state/demo.pid" 2>/dev/null || :)
		flock -n 9 || quit "the demo is ${pid:+running; stop it first, with Ctrl-C or kill }${pid:-still ending; try again}"
		if [ -s "$demo/state/pids" ]; then
			(become stop)
		fi
	fi
	for link in "$demo/run" "$demo"; do
		if is_away "$link"; then
			folders+=("$(readlink "$link")")
		fi
	done
	for link in "${folders[@]}"; do
		rm -rf "${link%/demo}"
	done
	rm -rf "$demo"
	rmdir "$top/var" 2>/dev/null || :
}

port=${SKILLSD_PORT:-8080}
case ${1:-} in
run) run ;;
clean) clean ;;
*) quit "usage: etc/demo/demo.sh run|clean" ;;
esac
