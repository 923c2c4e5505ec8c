#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# serve.sh run|stop TREE SHOWN PORT AS: the demo itself, in the folder it is called in, as an ordinary user.
# TREE is the source tree, SHOWN how people reach the folder, AS what makes a command of theirs one of that user.
# Knows what is served and with which configuration; packages, root and locks are demo.sh's, processes servers.sh's.
set -euo pipefail

tree=$2
shown=$3
port=$4
as=$5
url=http://127.0.0.1:$port
here=$tree/etc/demo
base=dc=example,dc=org
umask 077
export LDAPNOINIT=1 PYTHONDONTWRITEBYTECODE=1

# shellcheck source-path=SCRIPTDIR source=servers.sh disable=SC1091
. "$here/servers.sh"
# shellcheck source-path=SCRIPTDIR source=accounts disable=SC1091
. "$here/accounts"

finish() {
	local status=$?
	trap '' HUP INT TERM
	trap - EXIT
	rm -f env
	if [ -s state/pids ]; then
		say "stopping"
		stop_all
		say "stopped"
	fi
	exit "$status"
}

secret() { head -n 1 "state/$1.secret"; }
password() { sed -n "s/^$1://p" state/accounts; }
is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
percent() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }

build() {
	mkdir -p "$tree/build"
	step "the build" build.log flock -F "$tree/build/lock.plain" make -C "$tree" -j "$(nproc)" --no-print-directory all
	ln -sfn "$tree/build/plain/plugins" "$tree/build/plain/skillsd-sign" .
}

# Where sockets are: their names have at most 107 bytes, and stand in texts with rules of their own.
make_run_folder() {
	local longest=$PWD/run/.s.PGSQL.5432
	if [ -L run ] && [ ! -O run/ ]; then
		rm run
	fi
	if [ ! -e run ] && { [ ${#longest} -gt 107 ] || [[ $longest =~ [^][:alnum:]\ _./+@%:=~-] ]]; }; then
		ln -s "$(mktemp -d /var/tmp/skillsd-demo.XXXXXX)" run
	fi
	mkdir -p run
	run=$(readlink -f run)
}

make_accounts() {
	step "making up passwords" accounts.log "$here/people.py" "$here/organisation.ldif" state
	cp state/sync.secret ldap.secret
	if [ ! -s token.key ]; then
		openssl rand -hex 32 >token.key.new
		mv token.key.new token.key
	fi
}

serve_postgres() {
	if [ ! -d pg ]; then
		say "making a PostgreSQL database cluster"
		rm -rf pg.new
		step "initdb" initdb.log initdb -D pg.new -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
			--no-sync --no-instructions
		cat >>pg.new/postgresql.conf <<-CONF
			listen_addresses = ''
			max_connections = 100
			shared_buffers = 64MB
			random_page_cost = 1.1
			timezone = 'UTC'
			log_timezone = 'UTC'
		CONF
		mv pg.new pg
	fi
	say "starting PostgreSQL"
	start postgres postgres -D pg -k "$run" -p 5432
	export PGHOST=$run PGPORT=5432 PGUSER=postgres
	wait_until postgres 60 pg_isready -q -d postgres || quit_step "starting PostgreSQL" postgres.log
	step "making the database" createdb.log psql -X -q -v ON_ERROR_STOP=1 -d postgres -f "$here/database.sql"
}

slapd_conf() {
	local folder=$1
	cat <<-CONF
		modulepath /usr/lib/ldap
		moduleload back_mdb.so
		moduleload ppolicy.so
		moduleload refint.so
		moduleload syncprov.so
		include /etc/ldap/schema/core.schema
		include /etc/ldap/schema/cosine.schema
		include /etc/ldap/schema/inetorgperson.schema
		include /etc/ldap/schema/nis.schema
		pidfile state/slapd.pid
		database mdb
		suffix "$base"
		directory $folder
		maxsize 1073741824
		rootdn "cn=admin,$base"
		rootpw $(slappasswd -T state/directory.pass)
		limits dn.exact="cn=sync,$base" size=unlimited time=unlimited
		index objectClass,entryUUID,entryCSN,uid,member,uniqueMember,memberUid,manager eq
		access to attrs=userPassword by self =xw by anonymous auth by * none
		access to * by users read by * none
		overlay syncprov
		syncprov-checkpoint 100 1
		syncprov-sessionlog 1000
		overlay refint
		refint_attributes member uniqueMember manager
		overlay ppolicy
		ppolicy_default "cn=passwords,$base"
	CONF
}

load_directory() {
	say "loading the organisation into slapd"
	rm -rf ldap.new
	mkdir ldap.new
	slapd_conf ldap.new >slapd.conf
	step "loading the organisation" slapadd.log slapadd -q -f slapd.conf -l state/people.ldif
	mv ldap.new ldap
}

# A free port may be gone before slapd has it.
serve_directory() {
	local try
	tr -d '\n' <state/directory.secret >state/directory.pass
	if [ ! -d ldap ]; then
		load_directory
	fi
	slapd_conf ldap >slapd.conf
	say "starting slapd"
	for try in 1 2 3 4 5; do
		if [ ! -s state/ldap.port ] || is_taken "$(<state/ldap.port)"; then
			free_port >state/ldap.port
		fi
		ldap_uri=ldap://127.0.0.1:$(<state/ldap.port)
		start slapd slapd -f slapd.conf -h "$ldap_uri/ ldapi://$(percent "$run/ldapi")" -d none
		if wait_until slapd 20 ldapwhoami -x -H "$ldap_uri"; then
			return
		fi
		rm -f state/ldap.port
	done
	quit_step "starting slapd (attempt $try)" slapd.log
}

# The accounts of admins: a file of names and crypt(3) hashes that pam_userdb reads, and nobody else.
serve_gate() {
	local db="db=$run/admins" line
	printf '%s\n%s\n' "$ADMIN" "$(openssl passwd -6 -stdin <state/pam.secret)" >state/admins
	step "making the accounts for PAM" db.log db5.3_load -T -t hash -f state/admins "$run/admins.new"
	mv "$run/admins.new" "$run/admins.db"
	for line in auth account; do
		printf '%s required pam_userdb.so crypt=crypt [%s]\n' "$line" "$db"
	done >pam.d/skillsd
	printf '%s required pam_deny.so\n' auth account password session >pam.d/other
	rm -f "$run/gate.sock"
	start gate "$tree/build/plain/skillsd-gate" --listen "$run/gate.sock" --service skillsd --confdir "$PWD/pam.d"
	wait_until gate 10 test -S "$run/gate.sock" || quit_step "starting skillsd-gate" gate.log
}

serve_signer() {
	mkdir -p -m 700 keys
	rm -f "$run/sign.sock"
	start signer ./skillsd-sign --keys keys --socket "$run/sign.sock"
	wait_until signer 10 test -S "$run/sign.sock" || quit_step "starting skillsd-sign" signer.log
}

skillsd_conf() {
	cat <<-CONF
		[server]
		listen = 127.0.0.1:$port
		public_url = https://skills.example.org
		plugin_path = plugins
		token_key = token.key

		[database]
		dsn = host='$run' port=5432 user=skillsd dbname=skillsd

		[issuer]
		name = Example Ltd
		url = https://example.org
		mail = badges@example.org
		visibility = public

		[signer]
		socket = $run/sign.sock
		program = skillsd-sign
		keys = keys

		[submissions]
		folder = files

		[directory main]
		plugin = source_ldap
		interval = 1s
		uri = ldapi://$(percent "$run/ldapi")
		base = $base
		preset = openldap
		bind_dn = cn=sync,$base
		bind_password = ldap.secret

		[authenticator pam]
		plugin = auth_pam
		socket = $run/gate.sock
		person = username

		[authenticator ldap]
		plugin = auth_ldap
		directory = main

	CONF
	for role in admin:admins hr:hr issuer:issuers assessor:assessors auditor:auditors; do
		printf '[role %s]\ngroup = cn=%s,ou=groups,%s\n\n' "${role%:*}" "${role#*:}" "$base"
	done
}

is_ready() { curl -q -sf --noproxy '*' -o log/ready.json "$url/readyz"; }

serve() {
	local skillsd=$tree/build/plain/skillsd key
	mkdir -p files
	skillsd_conf >skillsd.conf
	say "starting skillsd"
	step "checking the configuration" check.log "$skillsd" -c skillsd.conf check
	step "preparing the database" migrate.log "$skillsd" -c skillsd.conf migrate
	for key in ed25519 p256 rsa2048; do
		if [ ! -e "state/key.$key" ]; then
			step "making a key" key.log "$skillsd" -c skillsd.conf key new "$key"
			: >"state/key.$key"
		fi
	done
	start skillsd "$skillsd" -c skillsd.conf serve
	wait_until skillsd 60 is_ready || quit_step "starting skillsd" skillsd.log
}

record() {
	if [ ! -e state/recorded ]; then
		say "syncing the directory, and recording a programme of skills and credentials"
		step "recording the programme" programme.log "$here/programme.py" "$url" "$here" state \
			"$tree/build/plain/skillsd" -c skillsd.conf key new ed25519
		make_late
		say "recorded: $(tail -n 1 log/programme.log)"
		: >state/recorded
	fi
}

# What was handed in before the demo began: over REST nobody hands in but now.
make_late() {
	local id
	while read -r id; do
		step "making a submission late" late.log psql -X -q -v ON_ERROR_STOP=1 -d skillsd -v id="$id" -f "$here/late.sql"
	done <state/late
}

# A badge, and what it is checked by where there is no network. Its holder may have closed it, or its key be revoked.
save_badge() {
	badge=/badges/$(<state/badge)
	mkdir -p badge
	fetch "$badge" badge/badge.json
	fetch /.well-known/did.json badge/did.json
	if [ -s badge/badge.json ]; then
		fetch "$(path_in_badge .credentialStatus.statusListCredential)" badge/status.json
	fi
}

path_in_badge() { jq -r "$1 | ltrimstr(\"https://skills.example.org\")" badge/badge.json; }

fetch() {
	if try fetch.log curl -q -sS -f --noproxy '*' -o "$2.new" "$url$1"; then
		mv "$2.new" "$2"
	else
		say "$url$1 is not there now ($(tail -n 1 log/fetch.log)); $shown/$2 stays as it was"
	fi
}

# For a shell to read: between quotes, with '\'' for a quote.
assign() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

write_env() {
	local role
	{
		assign SKILLSD_URL "$url"
		assign SKILLSD_PUBLIC_URL https://skills.example.org
		assign SKILLSD_PID "${pid[skillsd]}"
		assign SKILLSD_BADGE "$url$badge"
		assign LDAP_URI "$ldap_uri"
		assign LDAP_BASE "$base"
		assign LDAP_ADMIN_DN "cn=admin,$base"
		assign LDAP_ADMIN_PASSWORD "$(secret directory)"
		assign PGHOST "$run"
		assign PGPORT 5432
		assign PGUSER postgres
		assign PGDATABASE skillsd
		for role in ADMIN HR ISSUER ASSESSOR AUDITOR MANAGER EMPLOYEE; do
			assign "${role}_USER" "${!role}"
			assign "${role}_PASSWORD" "$(password_of $role)"
		done
	} >env.new
	mv env.new env
}

password_of() {
	if [ "$1" = ADMIN ]; then
		secret pam
	else
		password "${!1}"
	fi
}

# A line that signs the account of a role in and asks, good for any shell.
curl_line() {
	local role=$1 path=$2 direct=
	if [ -n "${http_proxy:-}" ]; then
		direct=" --noproxy '*'"
	fi
	# shellcheck disable=SC2016 # the reader's shell expands it
	printf 'curl -s%s "%s%s" -H "Authorization: Bearer $(echo '\''{"username":"%s","password":"%s"}'\'' |' \
		"$direct" "$url" "$path" "${!role}" "$(password_of "$role")"
	printf ' curl -s%s --json @- %s/api/v1/sessions | jq -r .token)" | jq .\n' "$direct" "$url"
}

# A line that calls skillsd, good for any shell.
skillsd_line() {
	printf '%q' "$tree/build/plain/skillsd"
	printf ' %q' "$@"
	echo
}

print_guide() {
	local role
	cat <<-TEXT

		skillsd serves. Open  $url/api/v1/openapi.json  for what it can be asked.

		Accounts (sign in with POST $url/api/v1/sessions):
	TEXT
	for role in ADMIN HR ISSUER ASSESSOR AUDITOR MANAGER EMPLOYEE; do
		printf '  %-9s %-12s %s\n' "${role,,}" "${!role}" "$(password_of $role)"
	done
	cat <<-TEXT

		Try: as HR, who can give first aid, and how we know; who an employee is to skillsd; as the admin, who has
		which role, and through which group; as the issuer, what is suspended, and why; as an assessor, what waits to be judged,
		what is late first; as the auditor, what was done last.

		$(curl_line HR '/api/v1/reports/skills?skill=SW-1')

		$(curl_line EMPLOYEE /api/v1/me)

		$(curl_line ADMIN /api/v1/access)

		$(curl_line ISSUER '/api/v1/credentials?state=suspended')

		$(curl_line ASSESSOR '/api/v1/reviews?mine=true&state=open')

		$(curl_line AUDITOR '/api/v1/audit?limit=3')

	TEXT
	if [ -s badge/badge.json ]; then
		print_badge
	fi
	cat <<-TEXT
		The keys that sign; in place of "list", "new ed25519" makes one:

		$as$(skillsd_line -c "$PWD/skillsd.conf" key list)

		These and the addresses of the servers stand in $shown/env, the logs in $shown/log.
		Ctrl-C stops the demo; another make demo goes on with the same data, make demo-clean removes them.
	TEXT
}

print_badge() {
	local saved=$shown/badge
	cat <<-TEXT
		A badge, for everybody who has the link: as a page or Open Badges 3.0, as a picture that carries it, as a certificate to
		print, for readers of Open Badges 2.0, and signed for them; and what it is awarded for:

		$url$badge
		$url$badge?format=png
		$url$badge?format=pdf
		$url$badge?format=ob2
		$url$badge?format=ob2-jws
		$url$(path_in_badge .credentialSubject.achievement.id)

		Whether it is genuine: with no network, as of when the demo began; and asking the demo, which sees a revocation since:

		$(skillsd_line verify --did "$saved/did.json" --status "$saved/status.json" "$saved/badge.json")

		$(skillsd_line verify --origin "https://skills.example.org=$url" "$saved/badge.json")

	TEXT
}

# Servers may be stopped and started again under a demo, to see what happens; without skillsd it is over, calmly where it was
# told to stop. Looks at each in turn, since `wait -n` never tells of one that ended before it was called.
watch() {
	local name
	while [ -n "${pid[skillsd]:-}" ]; do
		if is_told; then
			exit 0
		fi
		for name in "${!pid[@]}"; do
			is_running "$name" || say_end "$name"
		done
		sleep 0.3 >/dev/null 9>&- &
		wait $! || :
	done
}

# Whether make was told to end, and we were not: it waits for us, and the signal is none that it catches any more. One that was
# ignored when it began it never catches.
is_told() {
	local kept
	kept=0$(sed -n 's/^Sig\(Cgt\|Ign\):\t/|0x/p' "/proc/$PPID/status" 2>/dev/null) && [ "$(cat "/proc/$PPID/comm")" = make ] &&
		(((kept & 3) != 3))
}

say_end() {
	local name=$1 status=0 signal how
	wait "${pid[$name]}" || status=$?
	how="with status $status"
	if [ $status -gt 128 ] && signal=$(kill -l $status); then
		how="by signal $signal"
	fi
	unset "pid[$name]"
	if [ "$name" = skillsd ]; then
		ended=$((status != 0))
	fi
	say "$name has ended $how; its log is $shown/log/$name.log"
}

run() {
	local began=$SECONDS ended
	echo $$ >state/demo.pid
	if [ -s state/pids ]; then
		say "an earlier demo was killed; stopping what it left"
		stop_all
	fi
	if is_taken "$port"; then
		quit "port $port is taken by another program; choose another one: make demo SKILLSD_PORT=$((port + 1))"
	fi
	make_run_folder
	say "building"
	build
	make_accounts
	serve_postgres
	serve_directory
	serve_gate
	serve_signer
	serve
	record
	save_badge
	write_env
	say "ready after $((SECONDS - began)) seconds"
	# Of one that is killed bash would print a line of its own.
	{
		print_guide
		watch
	} 2>/dev/null
	say "without skillsd the demo is over"
	exit "$ended"
}

mkdir -p log pam.d state tmp
trap finish EXIT
trap 'exit 0' HUP INT TERM
trap : PIPE
case $1 in
run) run ;;
stop) ;;
esac
