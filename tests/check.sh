#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/check.sh [tsan] [PATH...], called by `make check`: builds plain and sanitized, runs every test sanitized
# and those marked plain in both, the house rules once, and ends with a line "N passed, N failed" (", N skipped"). With a PATH only the tests there, in both,
# with those marked thorough. tsan, called by `make tsan`: the same tests once, under ThreadSanitizer; a process that
# reports anything is a failure, whatever its test thinks.
# Root works on a copy that it hands to nobody; so two runs at once never meet.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export PATH=/usr/lib/postgresql/15/bin:$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
export SKILLSD_SHARED=${SKILLSD_SHARED:-$top/../shared}
asked=("$@")
if [ "${1:-}" = tsan ]; then
	shift
fi
chosen=("$@") plain=("$@")
if [ $# = 0 ]; then
	chosen=(-m "not thorough" tests)
	plain=(-m "plain and not thorough" tests)
fi
passed=0 failed=0 skipped=0

say() { printf 'check: %s\n' "$*"; }

as_nobody_in_a_copy() {
	local room status
	room=$(mktemp -d /var/tmp/skillsd-check.XXXXXX)
	# shellcheck disable=SC2064 # the room of now
	trap "rm -rf '$room'" EXIT
	trap 'exit 130' HUP INT TERM
	mkdir "$room/home" "$room/tree" "$room/tmp"
	(cd "$top" && tar -c --exclude=./build --exclude=./var --exclude=./.git .) | tar -x -C "$room/tree"
	chown -R nobody:nogroup "$room"
	say "root hands a copy in $room to nobody"
	cd "$room/tree" || return 1
	setpriv --reuid nobody --regid nogroup --clear-groups -- env HOME="$room/home" TMPDIR="$room/tmp" \
		PATH="$PATH" LC_ALL="$LC_ALL" SKILLSD_SHARED="$SKILLSD_SHARED" \
		bash tests/check.sh "$@" &
	wait $!
	status=$?
	return $status
}

count() { # passed failed skipped
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# One step that either does or does not.
step() {
	local what=$1
	shift
	say "$what"
	if "$@"; then
		count 1 0 0
	else
		say "FAILED: $what"
		count 0 1 0
	fi
}

build() {
	exec 9>"$top/build/lock.$1" && flock 9
	nice make -s -C "$top" -j2 BUILD_QUIET=1 "${@:2}" all tests-binaries
	local status=$?
	exec 9>&-
	return $status
}

units() {
	local folder=$1 binary log
	log=$(mktemp)
	for binary in "$folder"/unit/test_*; do
		if [[ $binary == *.d || ! -x $binary ]]; then
			continue
		fi
		if SKILLSD_BUILD=$folder timeout 120 "$binary" >"$log" 2>&1; then
			count "$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s)\.$/\1/p' "$log" | tail -n 1)" 0 0
		else
			cat "$log"
			count 0 1 0
		fi
	done
	rm -f "$log"
}

pytests() { # folder seconds what...
	local folder=$1 report line
	report=$(mktemp)
	(cd "$top" && SKILLSD_BUILD=$folder timeout -k 10 "$2" /usr/bin/python3 -m pytest -q -n 4 --dist loadfile \
		-p no:cacheprovider -o faulthandler_timeout=240 --durations=5 -rfEs "${@:3}") 2>&1 | tee "$report" | grep -avE '^\.|^$|^bringing up nodes'
	line=$(grep -aE '^(=+ )?[0-9]+ (passed|failed|skipped|error)' "$report" | tail -n 1)
	rm -f "$report"
	number() { grep -oE "[0-9]+ $1" <<<"$line" | grep -oE '[0-9]+' || echo 0; }
	local errors
	errors=$(number 'errors?')
	count "$(number passed)" $(($(number failed) + errors)) "$(number skipped)"
	[ -n "$line" ] || count 0 1 0
}

check() {
	step "build" build plain
	step "build under AddressSanitizer and UBSan" build asan SANITIZE=1
	if [ $# = 0 ]; then
		step "house rules" make -s house
		say "unit tests"
		units build/plain
		units build/asan
	fi
	say "integration tests that a sanitizer would hide something from"
	pytests build/plain 1500 "${plain[@]}"
	say "integration tests, sanitized"
	pytests build/asan 1500 "${chosen[@]}"
}

# What any process has reported since, and its own word for it.
no_reports() {
	local report status=0
	for report in "$reports"/*; do
		if [ -f "$report" ]; then
			head -n 100 "$report"
			status=1
		fi
	done
	rm -rf "${reports:?}"/*
	return $status
}

# A check that cannot fail would be none.
race_is_reported() {
	gcc -fsanitize=thread -g -x c -o "$reports.race" - <<-'END' || return
		#include <pthread.h>
		static int shared;
		static void *add(void *unused) { shared++; return unused; }
		int main(void)
		{
			pthread_t other;
			pthread_create(&other, 0, add, 0);
			add(0);
			return pthread_join(other, 0);
		}
	END
	"$reports.race"
	rm -f "$reports.race"
	! no_reports >/dev/null
}

tsan() {
	reports=$(mktemp -d)
	# A test kills the signer by SIGSEGV.
	export TSAN_OPTIONS="log_path=$reports/report second_deadlock_stack=1 handle_segv=0 suppressions=$top/tests/tsan.supp"
	step "build under ThreadSanitizer" build tsan SANITIZE=thread
	step "a race is reported" race_is_reported
	if [ $# = 0 ]; then
		say "unit tests"
		units build/tsan
	fi
	say "integration tests under ThreadSanitizer"
	pytests build/tsan 3600 "${chosen[@]}"
	step "nothing is reported" no_reports
	rm -rf "$reports"
}

if [ "$(id -u)" = 0 ]; then
	as_nobody_in_a_copy "${asked[@]}"
	exit
fi

cd "$top" || exit 1
mkdir -p build
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
if [ "${asked[0]:-}" = tsan ]; then
	tsan "$@"
else
	check "$@"
fi
if [ $skipped = 0 ]; then
	echo "$passed passed, $failed failed"
else
	echo "$passed passed, $failed failed, $skipped skipped"
fi
[ $failed = 0 ]
