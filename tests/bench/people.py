# SPDX-License-Identifier: Apache-2.0
"""A house with a company of any size, written straight into its database: people in a chart, units, skills,
achievements, credentials in the order of their issue, and what they prove. Knows the tables of schemas/sql."""
import requests
from kit.house import BASE, House
from kit.postgres import Postgres

SKILLS_EACH = 20
ID = "00000000-0000-7000-8000-0000"  # of a person, with 8 digits behind: 10000000 + their number
FIRST = 10000000
READER, PASSWORD = "reader", "pw-reader"
LDIF = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: uid={READER},{BASE}
objectClass: inetOrgPerson
uid: {READER}
cn: A Reader
sn: Reader
userPassword: {PASSWORD}

dn: cn=hr,{BASE}
objectClass: groupOfNames
cn: hr
member: uid={READER},{BASE}
"""
SERVER = """
shared_buffers = 1GB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum = off
"""
CATALOGUE = """
INSERT INTO unit (source, external_id, name) SELECT 'bench', n, 'Department of Section ' || n FROM generate_series(1, 200) n;
INSERT INTO framework (code, name) VALUES ('bench', 'Bench');
INSERT INTO skill (framework_id, code, label, scale_id)
  SELECT f.id, 'S' || n, 'Handling of subject number ' || n, s.id
  FROM framework f, scale s, generate_series(1, 500) n WHERE f.code = 'bench' AND s.name = 'default' ORDER BY n;
INSERT INTO achievement (issuer_id) SELECT i.id FROM issuer i, generate_series(1, 250) WHERE i.key = 'company';
INSERT INTO achievement_version (achievement_id, number, type, name, state)
  SELECT id, 1, 'Certificate', 'Certificate of subject ' || row_number() OVER (ORDER BY id), 'published' FROM achievement;
CREATE TABLE bench_skill AS
  SELECT a.n - 1 AS n, a.id AS achievement_id, s.id AS skill_id
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM achievement) a
  JOIN (SELECT id, (row_number() OVER (ORDER BY id) + 1) / 2 AS n FROM skill) s USING (n);
INSERT INTO achievement_skill (achievement_id, number, skill_id, level) SELECT achievement_id, 1, skill_id, 1 + n % 5 FROM bench_skill;
"""
PEOPLE = """
INSERT INTO person (id, source, external_id, username, name, mail, title, unit_id, manager_id)
  SELECT ('{id}' || {first} + n)::uuid, 'bench', n, 'user' || n,
    (ARRAY['Maria','José','Amélie','Björn','Nguyễn','Fatima','John','Wei'])[1 + n % 8] || ' Surname-' || n,
    'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'Specialist, grade ' || n % 9 END, u.id,
    CASE WHEN n > 0 THEN ('{id}' || {first} + n / 15)::uuid END
  FROM generate_series(0, {people} - 1) n JOIN unit u ON u.source = 'bench' AND u.external_id = (1 + n % 200)::text;
"""
CREDENTIALS = """
CREATE TABLE bench_credential AS
  SELECT uuid7() AS id, ('{id}' || {first} + p)::uuid AS person_id, (p * 13 + k * 25) % 250 AS n,
    now() - interval '700 days' * random() AS issued_at,
    CASE WHEN (p + k) % 4 = 0 THEN 'infinity' ELSE now() + interval '100 days' + interval '900 days' * random() END AS expires_at
  FROM generate_series(0, {people} - 1) p, generate_series(0, {each} / 2 - 1) k ORDER BY random();
INSERT INTO credential (id, person_id, entry_id, achievement_id, achievement_number, issuer_id, issued_by, issued_at, valid_from, expires_at)
  SELECT b.id, b.person_id, b.person_id, a.id, 1, a.issuer_id, account.id, b.issued_at, b.issued_at, b.expires_at
  FROM bench_credential b JOIN (SELECT DISTINCT n, achievement_id FROM bench_skill) s USING (n)
  JOIN achievement a ON a.id = s.achievement_id, (SELECT id FROM account LIMIT 1) account;
INSERT INTO proof (credential_id, person_id, skill_id, level, issued_at, expires_at, issuer_id, achievement_id,
    achievement_number, valid_from, valid_to)
  SELECT b.id, b.person_id, s.skill_id, 1 + b.n % 5, b.issued_at, b.expires_at, i.id, s.achievement_id, 1, b.issued_at, b.expires_at
  FROM bench_credential b JOIN bench_skill s USING (n), issuer i WHERE i.key = 'company';
DROP TABLE bench_credential, bench_skill;
"""


def open_house(people):
    """Serving, with `people` who hold SKILLS_EACH skills each; its .token is that of one who sees them all."""
    house = House(LDIF, config={"role hr": {"group": f"cn=hr,{BASE}"}, "server": {"log_level": "info", "connections": 10200,
                                                                                 "idle": "600s"}},
                  postgres=Postgres(SERVER).start())
    try:
        house.start()
        opened = requests.post(house.url + "/api/v1/sessions", json={"username": READER, "password": PASSWORD}, timeout=30)
        house.token = opened.json()["token"]
        fill(house, people)
        house.restart()  # as it starts in a company of that size
    except BaseException:
        close_house(house)
        raise
    return house


def get(house, path):
    answer = requests.get(house.url + "/api/v1" + path, headers={"Authorization": f"Bearer {house.token}"}, timeout=30)
    answer.raise_for_status()
    return answer.json()


def close_house(house):
    house.remove()
    house.postgres.remove()


def fill(house, people):
    values = {"id": ID, "first": FIRST, "people": people, "each": SKILLS_EACH}
    house.sql("SET session_replication_role = replica")  # the rows are sound: no foreign keys need be looked up
    for text in CATALOGUE, PEOPLE, CREDENTIALS:
        house.sql(text.format(**values) if "{" in text else text)
    house.sql("VACUUM (ANALYZE)")
    house.sql("CHECKPOINT")
