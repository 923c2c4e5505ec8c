#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/run.sh SECONDS|keep [TARGET...], called by `make fuzz` and `make fuzz-keep`: lets libFuzzer try each target
# (all of tests/fuzz) for so long, from the inputs in tests/fuzz/corpus and those it found before, which it keeps in
# FINDS; and names the inputs that break one. keep: copies of what was found what reaches code that no input in
# tests/fuzz/corpus reaches, as few and as small as can be. Root hands the work to nobody.
set -euo pipefail
shopt -s nullglob

usage() {
	echo "usage: tests/fuzz/run.sh SECONDS|keep [TARGET...]" >&2
	exit 2
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
finds=${FINDS:-/var/tmp/skillsd-fuzz.$(id -un)}
what=${1:-}
[[ $what == keep || $what =~ ^[1-9][0-9]*$ ]] || usage
shift
targets=("$@")
if [ $# = 0 ]; then
	for source in "$top"/tests/fuzz/fuzz_*.c; do
		source=${source##*/fuzz_}
		targets+=("${source%.c}")
	done
fi
as=()
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid nobody --regid nogroup --clear-groups --)
fi
mkdir -p "$finds"
[[ -O $finds && ! -L $finds ]] || {
	echo "fuzz: $finds is somebody else's; say another folder in FINDS" >&2
	exit 1
}
room=$(mktemp -d /var/tmp/skillsd-fuzz.XXXXXX)
trap 'rm -rf "$room"' EXIT
trap 'exit 130' HUP INT TERM
failed=()

say() { printf 'fuzz: %s\n' "$*"; }

# The target, and copies of its inputs, where whoever runs it can read them.
lay_out() {
	rm -rf "${room:?}"/*
	mkdir -p "$finds/$1" "$room/tmp"
	cp "$top/build/fuzz/fuzz/$1" "$room/target"
	cp -r "$top/tests/fuzz/corpus/$1" "$room/kept"
	cp -r "$finds/$1" "$room/found"
	if [ ${#as[@]} != 0 ]; then
		chown -R nobody:nogroup "$room"
	fi
}

run() {
	(cd "$room" && ulimit -c 0 && TMPDIR=$room/tmp nice "${as[@]}" ./target -rss_limit_mb=1024 -timeout=20 \
		-verbosity=0 "$@" >log 2>&1)
}

try() {
	local target=$1 status=0 before
	before=$(find "$finds/$target" -type f | wc -l)
	run -max_total_time="$what" -print_final_stats=1 -artifact_prefix="broken-" found kept || status=$?
	cp -rn "$room/found/." "$finds/$target/"
	say "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$room/log") runs," \
		"$(($(find "$finds/$target" -type f | wc -l) - before)) new inputs"
	if [ $status = 0 ]; then
		return
	fi
	cat "$room/log"
	failed+=("$target")
	for input in "$room"/broken-*; do
		cp "$input" "$finds/$target.${input##*/}"
		failed+=("$finds/$target.${input##*/}")
	done
}

keep() {
	local target=$1 before after
	before=$(find "$top/tests/fuzz/corpus/$target" -type f | wc -l)
	run -set_cover_merge=1 -use_counters=0 kept found || {
		cat "$room/log"
		failed+=("$target")
		return
	}
	cp -n "$room"/kept/* "$top/tests/fuzz/corpus/$target/"
	after=$(find "$top/tests/fuzz/corpus/$target" -type f | wc -l)
	say "$target: $before kept before, $after now"
}

for target in "${targets[@]}"; do
	[ -e "$top/build/fuzz/fuzz/$target" ] || usage
	lay_out "$target"
	if [ "$what" = keep ]; then
		keep "$target"
	else
		try "$target"
	fi
done
if [ ${#failed[@]} != 0 ]; then
	printf 'fuzz: FAILED: %s\n' "${failed[@]}"
	exit 1
fi
