# SPDX-License-Identifier: Apache-2.0
"""What a badge costs: a whole credential beside a bare signature and beside the reference implementation in Node; what
skillsd-sign signs beside a bare signature; and a single durable issue over REST beside the rows that it writes."""
import json
import pathlib
import shutil
import statistics
import subprocess

from bench.measure import alternate, cpu_seconds, pgbench, run, wrk
from kit.badges import HOLDER, Programme, badge_house, base58, verify_proof
from kit.gate import build_folder, drop_to
from kit.postgres import Postgres
from kit.signer import HASHES, PROOF, Signer, request
from kit.slapd import short_folder

HERE = pathlib.Path(__file__).parent
SERVER = "fsync = on\nshared_buffers = 256MB\nmax_wal_size = 8GB\ncheckpoint_timeout = 1h\nautovacuum = off\n"
WHOLE, NODE, BATCH = 16384, 3000, 1000  # how often


# ---- one credential

def verify_by(key, document):
    """Raises unless it is the key that signed."""
    method = document["proof"][0]["verificationMethod"]
    did, _, multibase = method.partition("#")
    if base58(multibase[1:])[2:] != key.public[-32:]:
        raise RuntimeError(f"{method} is another key")
    verify_proof(document, {"id": did, "assertionMethod": [method], "verificationMethod": [
        {"id": method, "controller": did, "publicKeyMultibase": multibase}]})


def whole(key):
    """Seconds of processor of a bare signature and of a whole credential, and the last one."""
    words = [build_folder() / "bench/badge_bare", build_folder() / "plugins", key.path, WHOLE]
    figures, text = run(*words, **drop_to()).splitlines()
    return *map(float, figures.split()), text


def node(text):
    return float(run("node", HERE / "badge_node.mjs", NODE, input=text))


def credential(table, rounds):
    with Signer() as signer:
        key = signer.new("ed25519")
        text = whole(key)[2]
        verify_by(key, json.loads(text))
        pairs = [(whole(key), node(text)) for _ in range(rounds)]
        bare, ours, reference = (statistics.median(column) for column in zip(*((*one[:2], other) for one, other in pairs)))
        table.ratio("whole credential, bare EVP_DigestSign", 1 / bare, 1 / ours, "/s", least=0.85)
        table.ratio("  the reference implementation in Node", 1 / reference, 1 / ours, "/s", least=16)
        bare, ours = alternate(rounds, lambda: whole(key)[0], lambda: signed(signer, key))
        table.ratio("  batches by skillsd-sign, bare EVP_DigestSign", 1 / bare, 1 / ours, "/s")


def signed(signer, key):
    """Seconds of the signer's processor for one of a batch."""
    with signer.connect() as peer:
        peer.ask(request(PROOF, key.id, HASHES))
        before = cpu_seconds([signer.process.pid])
        for _ in range(20):
            peer.ask(*[request(PROOF, key.id, HASHES)] * BATCH)
        return (cpu_seconds([signer.process.pid]) - before) / (20 * BATCH)


# ---- one picture

SQUARE = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='400'><circle cx='200' cy='200' r='150' fill='#14646e'/></svg>"
BAKED = 20000  # how often


def baking(table, rounds):
    """On one core: a badge into a picture as the daemon draws them, beside a copy of the bytes of both."""
    folder = short_folder("bench-")
    folder.chmod(0o755)
    (folder / "png").write_bytes(subprocess.run([build_folder() / "skillsd-draw", "render", "400"], input=SQUARE.encode(),
                                                capture_output=True, check=True).stdout)
    pairs = [list(map(float, run(build_folder() / "bench/bake_bare", folder / "png", BAKED).split())) for _ in range(rounds)]
    bare, ours = (statistics.median(column) for column in zip(*pairs))
    table.ratio("a PNG baked, the aim of 1,000/s a core", 1000, 1 / ours, "/s", least=1)
    table.ratio("  its bytes copied and summed up", 1 / bare, 1 / ours, "/s")
    shutil.rmtree(folder)


# ---- one issue

WRK = """
wrk.method, wrk.body = "POST", '{body}'
wrk.headers["Content-Type"] = "application/json"
"""
TABLES = {"credential": "id", "credential_event": "credential_id", "proof": "credential_id", "badge": "credential_id",
          "status_entry": "credential_id", "badge_form": "credential_id", "audit_entry": "object",
          "change": "key", "outbox": "object"}


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def rows_as_script(house, credential):
    """What is in the database of a credential, as the statements that write it once more, under another id."""
    fresh = "('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid"
    lines = ["\\set n random(1, 200000000000000)", "\\set place random(0, 2000000000)", "BEGIN;"]
    for table, name in TABLES.items():
        given = [column for column, in house.sql(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO' AND column_name <> 'tx'"
            " AND NOT (table_name IN ('audit_entry', 'outbox') AND column_name = 'id') ORDER BY ordinal_position", table)]
        others = {name: fresh, "place": ":place + {row}"}
        for number, row in enumerate(house.sql(f"SELECT {', '.join(f'{column}::text' for column in given)} FROM {table}"
                                               f" WHERE {name}::text = %s", credential["id"])):
            values = (others[column].format(row=number) if column in others else literal(value)
                      for value, column in zip(row, given))
            lines.append(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({', '.join(values)});")
    return "\n".join([*lines, "INSERT INTO audit_unsealed (entry) VALUES (lastval());", "COMMIT;", ""])


def one_issue(table, rounds, seconds):
    folder = short_folder("bench-")
    folder.chmod(0o755)
    with Postgres(SERVER) as postgres, badge_house(("ed25519",), postgres=postgres, config={"server": {"log_level": "info"}}) as house:
        programme = Programme(house)
        achievement = programme.achievement()
        made = programme.issue(achievement=achievement)
        (folder / "rows.sql").write_text(rows_as_script(house, made))
        (folder / "issue.lua").write_text(WRK.format(body=json.dumps({"person": HOLDER, "achievement": achievement["id"]})))

        def ours():
            return 1e3 / wrk(house.url + "/api/v1/credentials", seconds, 1, programme.issuer.token, folder / "issue.lua")[1]

        def limit():
            return 1e3 / pgbench(postgres, house.database, folder / "rows.sql", seconds, 1)[1]
        table.ratio("a single durable issue, pgbench of its rows", *alternate(rounds, limit, ours), "ms", most=1.25)
    shutil.rmtree(folder)


def badges(table, rounds):
    credential(table, rounds)
    baking(table, rounds)
    one_issue(table, rounds, 2)
