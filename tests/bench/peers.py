# SPDX-License-Identifier: Apache-2.0
"""A person's holdings by what others would write: fastify with pg, and postgraphile, in Node.js, one process each, on the
same database by the same SQL. They ask nobody who they are, which the daemon does. Knows peers.mjs."""
import contextlib
import json
import pathlib
import shutil
import subprocess

import requests
from bench.answer import NAMED_SQL, WRK_PEOPLE, wrk_people
from bench.measure import alternate, pg_environment, wrk
from bench.people import FIRST, ID, get
from kit.slapd import free_port, short_folder

HERE = pathlib.Path(__file__).parent
COLUMNS = {"person_id": "uuid", "person": "text", "skill_id": "uuid", "level": "int", "expires_at": "timestamptz", "credential_id": "uuid",
           "issuer_id": "uuid", "achievement_id": "uuid", "achievement_number": "int", "issued_at": "timestamptz", "skill": "text",
           "code": "text", "achievement": "text", "issuer": "text"}
SQL = f"SELECT * FROM ({NAMED_SQL.format(person='$1')}) AS h ({', '.join(COLUMNS)})"
FUNCTION = f"""
CREATE SCHEMA IF NOT EXISTS bench;
CREATE OR REPLACE FUNCTION bench.holdings(who uuid) RETURNS TABLE ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})
LANGUAGE sql STABLE AS $$ {NAMED_SQL.format(person='$1')} $$"""
QUERY = """query holdings($who: UUID!) { holdings(who: $who) { nodes { personId person skillId level expiresAt credentialId issuerId
  achievementId achievementNumber issuedAt skill achievement issuer } } }"""
WRK_GRAPHQL = wrk_people(f"""wrk.format("POST", "/graphql", {{["Content-Type"] = "application/json"}},
      '{{"query": {json.dumps(" ".join(QUERY.split()))}, "variables": {{"who": "{ID}' .. n .. '"}}}}')""")


@contextlib.contextmanager
def peer(house, kind):
    """The address of a running one."""
    port = free_port()
    environment = {**pg_environment(house.postgres, house.database), "NODE_ENV": "production", "SQL": SQL}
    process = subprocess.Popen(["node", HERE / "peers.mjs", kind, str(port)], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{kind} does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def answers(fastify, postgraphile, who):
    """{(skill, level)} as either tells them."""
    rest = requests.get(f"{fastify}/api/v1/people/{who}/holdings", timeout=30).json()["items"]
    graph = requests.post(f"{postgraphile}/graphql", json={"query": QUERY, "variables": {"who": who}}, timeout=30).json()
    return [{(one["skill"]["id"], one["level"]) for one in rest}, {(one["skillId"], one["level"]) for one in graph["data"]["holdings"]["nodes"]}]


def peers(table, house, people, rounds, seconds):
    if not (HERE / "node_modules").exists():
        table.note("fastify and postgraphile are not there: etc/setup.sh bench fetches them")
        return
    house.sql(FUNCTION)
    folder, who = short_folder("wrk-"), f"{ID}{FIRST}"
    try:
        (folder / "people.lua").write_text(WRK_PEOPLE)
        (folder / "graphql.lua").write_text(WRK_GRAPHQL)
        with peer(house, "fastify") as fastify, peer(house, "postgraphile") as postgraphile:
            ours = {(one["skill"]["id"], one["level"]) for one in get(house, f"/people/{who}/holdings")["items"]}
            assert answers(fastify, postgraphile, who) == [ours, ours] and len(ours) == 20

            def load(url, script, token=None):
                return lambda: wrk(url, seconds, token=token, script=folder / script, arguments=["/holdings", people])[1]
            rest, graph, rate = alternate(rounds, load(fastify, "people.lua"), load(postgraphile, "graphql.lua"),
                                          load(house.url, "people.lua", house.token))
    finally:
        shutil.rmtree(folder)
    table.ratio("  Node.js, fastify with pg", rest, rate, "/s", least=4.5)
    table.ratio("  Node.js, postgraphile", graph, rate, "/s", least=20)
