# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by serve.sh: starts processes, waits until they serve, and stops them by process id.
# Knows what is written down in state/pids; refuses to know what a process is for.

say() { printf 'demo: %s\n' "$*" || :; }
quit() {
	printf 'demo: %s\n' "$*" >&2 || :
	exit 1
}

# What fails says which step it was, why, and where its log is.
# shellcheck disable=SC2154 # serve.sh says where
quit_step() {
	local what=$1 log=$2 why
	why=$(grep -iE '(error|fatal)( [a-z]+)?: ' "log/$log" 2>/dev/null || cat "log/$log")
	why=$(grep -v '^[[:space:]]*$' <<<"$why" | tail -n 1) || :
	case $why in
	*"applied to this database with another text" | *"the database is newer than this program"*)
		why+=" (this demo is of another version of skillsd: make demo-clean removes it)"
		;;
	esac
	quit "$what failed: ${why:-no word of why}; its log is $shown/log/$log"
}

# When a process began, in clock ticks since boot: with the id it tells a process from a later one.
began() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] && printf '%s\n' "${stat[19]}"
}

note() { echo "$1 $2 $(began "$2")" >>state/pids; }

# In the background, since `wait` is left at once when a signal comes, and a foreground command is not.
try() {
	local log=$1
	shift
	"$@" >"log/$log" 2>&1 </dev/null 9>&- &
	note step $!
	wait $!
}

step() {
	local what=$1
	shift
	try "$@" || quit_step "$what" "$1"
}

declare -A pid
start() {
	local name=$1
	shift
	# What runs in the background ignores SIGINT from bash on; a session of its own spares it the terminal's. It is told
	# to end when we are killed.
	env --default-signal=INT,QUIT,PIPE setsid setpriv --pdeathsig INT -- "$@" >>"log/$name.log" 2>&1 </dev/null 9>&- &
	pid[$name]=$!
	note "$name" $!
}

is_running() { began "${pid[$1]}" >/dev/null; }

# wait_until NAME SECONDS COMMAND...: false when the process ends or the time is over before it succeeds.
wait_until() {
	local name=$1 end=$((SECONDS + $2))
	shift 2
	until "$@" >>"log/$name.wait" 2>&1; do
		if ! is_running "$name" || [ $SECONDS -ge $end ]; then
			return 1
		fi
		sleep 0.05
	done
	rm -f "log/$name.wait"
}

# The processes of a name that are alive: those we started, and one that was restarted in its place.
alive() {
	local name id when
	while read -r name id when; do
		if [ "$name" = "$1" ] && [ -n "$when" ] && [ "$(began "$id")" = "$when" ]; then
			echo "$id"
		fi
	done <state/pids
	case $1 in
	postgres) restarted pg/postmaster.pid "$PWD/pg" ;;
	slapd) restarted state/slapd.pid "$PWD" ;;
	esac
}

restarted() {
	local id
	if read -r id 2>/dev/null <"$1" && [ "$(readlink "/proc/$id/cwd")" = "$2" ]; then
		echo "$id"
	fi
}

stop() {
	local name=$1 signal=$2 end=$((SECONDS + $3)) ids id
	ids=$(alive "$name")
	for id in $ids; do
		kill -s "$signal" "$id" 2>/dev/null || :
	done
	while ids=$(alive "$name") && [ -n "$ids" ]; do
		if [ $SECONDS -ge $end ]; then
			say "$name does not end; killing it"
			for id in $ids; do
				kill -s KILL "$id" 2>/dev/null || :
			done
			end=$((end + 5))
		fi
		sleep 0.05
	done
}

# PostgreSQL does not start where a process of today has the id that a killed forerunner left behind.
forget() {
	local id
	if read -r id 2>/dev/null <"$1" && began "${id:-0}" >/dev/null; then
		rm -f "$1"
	fi
}

stop_all() {
	if [ ! -s state/pids ]; then
		return
	fi
	stop step TERM 10
	stop skillsd TERM 30
	stop gate TERM 10
	stop signer TERM 10
	stop slapd TERM 10
	# Fast: sessions are ended, nothing is lost.
	stop postgres INT 30
	forget pg/postmaster.pid
	forget run/.s.PGSQL.5432.lock
	rm -f state/pids state/slapd.pid
}
