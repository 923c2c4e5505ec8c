# SPDX-License-Identifier: Apache-2.0
"""Who may see and do what: the whole matrix, rights that end and come back in running sessions, and the audit."""
import time

import ldap
import pytest
from kit.chart import Chart
from kit.house import ACCOUNTS, AUDITOR, BASE, OTHER_HR, demo_house, wait_for
from kit.second import Second
from kit.gate import ROOT
from kit.slapd import free_port

EMPLOYEE, MANAGER, HR, ISSUER, ADMIN = (ACCOUNTS[name] for name in ("EMPLOYEE", "MANAGER", "HR", "ISSUER", "ADMIN"))
UNSEEN = "rthornton"  # below nobody who signs in here, and without a credential
CHART = Chart(ROOT / "etc/demo/organisation.ldif")
ROLES = {EMPLOYEE: "employee", MANAGER: "employee", HR: "hr", ISSUER: "issuer", AUDITOR: "auditor", ADMIN: "admin"}


class Cast:
    """One session for each role, some skills, and a credential and two claims for some people."""

    def __init__(self, house):
        self.house = house
        self.clients = {username: house.sign_in(username) for username in ROLES}
        self.hr, self.issuer, self.admin = self.clients[HR], self.clients[ISSUER], self.clients[ADMIN]
        self.ids = {person["username"]: person["id"] for person in self.hr.pages("/people", limit=500)}
        self.hr.post("/frameworks", {"code": "ACC", "name": "Access"})
        self.skill = self.hr.post("/skills", {"framework": "ACC", "code": "ACC-1", "label": "Keeping doors"})["id"]
        self.achievement = self.hr.post("/achievements", {
            "name": "Doorkeeper", "skills": [{"skill": self.skill, "level": 2}], "state": "published"})["id"]
        self.below = sorted(CHART.below(MANAGER))[0]
        self.awarded = [EMPLOYEE, MANAGER, HR, self.below]
        self.credentials = {username: self.issuer.issue(username, self.achievement,
                                                        evidence=[{"name": "A secret"}])["id"]
                            for username in self.awarded}
        self.claims = {}
        for username in EMPLOYEE, HR:
            for shared in False, True:
                skill = self.hr.post("/skills", {"framework": "ACC", "code": f"{username}-{shared}",
                                                 "label": "Claimed"})
                made = self.clients[username].post("/claims", {"skill": skill["id"], "level": 1, "shared": shared})
                self.claims[username, shared] = made["id"]

    def seen_by(self, username):
        """Usernames of everyone whom the account may see."""
        everyone = set(self.ids)
        own = {username} | CHART.below(username)
        return {EMPLOYEE: own, MANAGER: own, HR: everyone, ADMIN: everyone, ISSUER: own | set(self.awarded),
                AUDITOR: own}[username]

    def credentials_seen_by(self, username):
        return set(self.ids) if username == AUDITOR else self.seen_by(username)


@pytest.fixture(scope="module")
def cast(postgres):
    with demo_house(postgres=postgres) as house:
        yield Cast(house)


@pytest.fixture(scope="module")
def living(postgres):
    """As in life: the directory is read every second, and nobody starts a run."""
    with demo_house(postgres=postgres, interval="1s") as house:
        hr, issuer = house.sign_in(HR), house.sign_in(ISSUER)
        hr.post("/frameworks", {"code": "LIV", "name": "Living"})
        hr.post("/skills", {"framework": "LIV", "code": "LIV-1", "label": "Coming and going"})
        house.achievement = hr.post("/achievements", {"name": "Commuter", "skills": [{"skill": "LIV-1", "level": 1}],
                                                      "state": "published"})["id"]
        for username in HR, EMPLOYEE, MANAGER, OTHER_HR:
            issuer.issue(username, house.achievement)
        yield house


# ---- who sees whom

actors = pytest.mark.parametrize("actor", ROLES)


@actors
def test_people_are_seen_by_those_who_may(cast, actor):
    client, seen = cast.clients[actor], cast.seen_by(actor)
    assert {person["username"] for person in client.pages("/people", limit=100)} == seen
    assert client.get("/people", count=True)["total"] == len(seen)
    for username in {*ROLES, cast.below, UNSEEN}:
        person, status = cast.ids[username], 200 if username in seen else 404
        for path in "", "/holdings", "/credentials":
            client.get(f"/people/{person}{path}", gives=status)


@actors
def test_credentials_are_seen_by_those_who_see_the_person_and_by_auditors(cast, actor):
    client, seen = cast.clients[actor], cast.credentials_seen_by(actor)
    assert {one["person"]["id"] for one in client.pages("/credentials")} == {cast.ids[who] for who in cast.awarded
                                                                             if who in seen}
    for username, credential in cast.credentials.items():
        status = 200 if username in seen else 404
        client.get(f"/credentials/{credential}", gives=status)
        client.get(f"/credentials/{credential}/events", gives=status)
        found = client.get("/credentials", person=username, gives=200 if username in seen else 400).get("items", [])
        assert [one["id"] for one in found] == ([credential] if username in seen else [])


@actors
def test_the_report_holds_those_whom_one_sees(cast, actor):
    client, seen = cast.clients[actor], cast.seen_by(actor)
    rows = client.pages("/reports/skills", skill=cast.skill)
    assert {row["username"] for row in rows} == set(cast.awarded) & seen
    assert client.get("/reports/skills", skill=cast.skill, count=True)["total"] == len(set(cast.awarded) & seen)
    grouped = client.get("/reports/skills", skill=cast.skill, group_by="skill")["items"]
    assert sum(row["people"] for row in grouped) == len(set(cast.awarded) & seen)
    for parameter in "person", "manager":
        client.get("/reports/skills", gives=200 if UNSEEN in seen else 400, **{parameter: cast.ids[UNSEEN]})


@actors
def test_claims_are_their_owners_until_they_are_shared(cast, actor):
    client, seen = cast.clients[actor], cast.seen_by(actor)
    expected = {claim for (owner, shared), claim in cast.claims.items() if owner == actor or (shared and owner in seen)}
    assert {claim["id"] for claim in client.pages("/claims")} == expected
    for claim in cast.claims.values():
        client.get(f"/claims/{claim}", gives=200 if claim in expected else 404)
    rows = client.pages("/reports/skills", verified=False)
    assert len(rows) == len(expected) and not any(row["verified"] for row in rows)


def test_an_admin_sees_of_evidence_what_hr_sees(cast):
    path = f"/credentials/{cast.credentials[EMPLOYEE]}"
    assert cast.admin.get(path) == cast.hr.get(path)
    assert cast.admin.get(path)["evidence"] == [{"name": "A secret"}]
    for path in "/people", "/credentials", "/reports/skills", "/claims":
        mine = [one for one in cast.admin.pages(path, limit=500)]
        theirs = [one for one in cast.hr.pages(path, limit=500)]
        if path == "/claims":
            theirs = [one for one in theirs if one["id"] != cast.claims[HR, False]]
        assert mine == theirs


# ---- who does what

def status_of(allowed, good):
    return lambda actor: good if ROLES[actor] in allowed else 403


WRITERS, KEEPERS = {"admin", "hr", "issuer"}, {"admin", "auditor"}
DEEDS = [
    ("POST", "/frameworks", {"code": "{actor}", "name": "x"}, status_of(WRITERS, 201)),
    ("POST", "/scales", {"name": "{actor}", "levels": ["one"]}, status_of(WRITERS, 201)),
    ("POST", "/skills", {"framework": "ACC", "code": "{actor}", "label": "x"}, status_of(WRITERS, 201)),
    ("POST", "/achievements", {"name": "{actor}"}, status_of(WRITERS, 201)),
    ("PATCH", "/skills/{skill}", {"description": "{actor}"}, status_of(WRITERS, 200)),
    ("POST", "/credentials", {"person": EMPLOYEE, "achievement": "{achievement}"}, status_of({"issuer"}, 201)),
    ("GET", "/directory/runs", None, status_of(KEEPERS, 200)),
    ("POST", "/directory/runs", None, status_of({"admin"}, 201)),
    ("GET", "/audit", None, status_of(KEEPERS, 200)),
    ("GET", "/access", None, status_of(KEEPERS, 200)),
]


@pytest.mark.parametrize("method, path, body, expected", DEEDS, ids=[f"{deed[0]} {deed[1]}" for deed in DEEDS])
def test_deeds_are_done_by_those_who_may(cast, method, path, body, expected):
    for actor, client in cast.clients.items():
        words = {"actor": actor, "skill": cast.skill, "achievement": cast.achievement}
        filled = body and {name: value.format(**words) if isinstance(value, str) else value for name,
                           value in body.items()}
        answer = client.ask(method, path.format(**words), filled, headers={"If-Match": "*"}
                            if method == "PATCH" else ())
        assert answer.status_code == expected(actor), f"{actor}: {answer.text}"
        if answer.status_code == 403:
            assert answer.json()["type"] == "urn:skillsd:problem:forbidden"


@actors
@pytest.mark.parametrize("verb", ["revoke", "suspend", "reinstate"])
def test_credentials_are_turned_by_issuers_and_hidden_from_those_who_do_not_see_them(cast, actor, verb):
    if actor == ISSUER:
        return
    seen = cast.credentials_seen_by(actor)
    for username in EMPLOYEE, HR:
        answer = cast.clients[actor].ask("POST", f"/credentials/{cast.credentials[username]}/{verb}", {"reason": "x"})
        assert answer.status_code == (403 if username in seen else 404)
        assert username in seen or "Doorkeeper" not in answer.text
    cast.clients[actor].post(f"/credentials/0190a000-0000-7000-8000-000000000000/{verb}", {"reason": "x"}, gives=404)
    assert cast.issuer.get(f"/credentials/{cast.credentials[HR]}")["state"] == "active"


def test_a_claim_is_changed_by_its_owner_only(cast):
    shared, own = cast.claims[EMPLOYEE, True], cast.claims[EMPLOYEE, False]
    for claim, status in (shared, 403), (own, 404):
        cast.hr.patch(f"/claims/{claim}", {"level": 5}, "*", gives=status)
        cast.hr.delete(f"/claims/{claim}", "*", gives=status)
    assert cast.clients[EMPLOYEE].get(f"/claims/{shared}")["level"] == 1
    assert cast.admin.house.rescue.post("/claims", {"skill": cast.skill, "level": 1}, gives=403)


def test_without_a_valid_token_every_route_is_401(cast):
    nobody = cast.house.client()
    some = cast.ids[EMPLOYEE]
    for method, path in [("GET", "/me"), ("GET", "/people"), ("GET", f"/people/{some}"), ("GET", "/reports/skills"),
                         ("POST", "/credentials"), ("PATCH", f"/skills/{cast.skill}"), ("DELETE", f"/claims/{some}"),
                         ("POST", "/tokens"), ("GET", "/audit"), ("DELETE", "/sessions/current"),
                         ("POST", f"/directory/runs/{some}/approve")]:
        for token in None, "nonsense", "sks_" + "A" * 49:
            nobody.token = token
            answer = nobody.ask(method, path, {} if method != "GET" else None)
            assert answer.status_code == 401, f"{method} {path} with {token}: {answer.text}"
            assert answer.json()["type"] == "urn:skillsd:problem:unauthorized"


def test_what_is_not_there_is_404_and_other_methods_405(cast):
    missing = "0190a000-0000-7000-8000-000000000000"
    for path in "/people", "/units", "/skills", "/credentials", "/directory/runs", "/achievements", "/tokens":
        problem = cast.admin.get(f"{path}/{missing}", gives=404)
        assert problem["type"] == "urn:skillsd:problem:not-found"
        cast.admin.get(f"{path}/not-an-id", gives=404)
    cast.admin.get("/nowhere", gives=404)
    answer = cast.admin.ask("DELETE", "/people")
    assert answer.status_code == 405 and set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert cast.house.client().ask("OPTIONS", "/credentials").headers["Allow"] == "GET, HEAD, POST, OPTIONS"


# ---- rights that end, and come back

def group(name):
    return f"cn={name},ou=groups,{BASE}"


class Member:
    """Takes a member out of a group, and puts it back in the end."""

    def __init__(self, house, name, member):
        self.link, self.group = house.slapd.admin(), group(name)
        self.member = member.encode()

    def __enter__(self):
        self.link.modify_s(self.group, [(ldap.MOD_DELETE, "member", [self.member])])
        return self

    def back(self):
        self.link.modify_s(self.group, [(ldap.MOD_ADD, "member", [self.member])])

    def __exit__(self, *_):
        try:
            self.back()
        except ldap.TYPE_OR_VALUE_EXISTS:
            pass


class OtherAdmin:
    """A group must have a member: somebody whom PAM does not know takes the place."""

    def __init__(self, house):
        self.link = house.slapd.admin()

    def _put(self, username):
        self.link.modify_s(group("admins"), [(ldap.MOD_REPLACE, "member", [CHART.people[username].dn.encode()])])

    def __enter__(self):
        self._put(UNSEEN)

    def __exit__(self, *_):
        self._put(ADMIN)


def soon(what, condition):
    """With the next run."""
    wait_for(what, condition, 30)


def test_an_issuer_out_of_the_group_may_issue_no_more_and_back_in_it_may_again(living):
    issuer = living.sign_in(ISSUER)
    made = issuer.post("/tokens", {"name": "machine", "scopes": ["credentials:write"]})
    machine = living.client(made["token"])

    def issues(client):
        return client.ask("POST", "/credentials", {"person": MANAGER, "achievement": living.achievement}).status_code
    assert [issues(issuer), issues(machine)] == [201, 201]
    with Member(living, "issuers", CHART.people[ISSUER].dn) as member:
        soon("403", lambda: issues(issuer) == 403)
        assert issues(machine) == 403
        assert issuer.get("/me")["roles"] == ["employee"]
        member.back()
        soon("201", lambda: issues(issuer) == 201)
        assert issues(machine) == 201


def test_hr_out_of_the_group_sees_their_own_rows_and_back_in_it_everyones(living):
    hr = living.sign_in(HR)

    def names():
        return {row["username"] for row in hr.pages("/reports/skills", skill="LIV-1")}
    assert names() == {HR, EMPLOYEE, MANAGER, OTHER_HR}
    with Member(living, "hr", CHART.people[HR].dn) as member:
        soon("own rows only", lambda: names() == {HR})
        assert {person["username"] for person in hr.get("/people")["items"]} == {HR}
        member.back()
        soon("everyone's rows", lambda: names() == {HR, EMPLOYEE, MANAGER, OTHER_HR})


def test_a_group_within_a_group_gives_and_takes_the_right(living):
    nested = "zsahin"
    living.set_password(nested)
    client = living.sign_in(nested)
    assert client.opened["roles"] == ["hr"]
    with Member(living, "hr", group("people-team")) as member:
        soon("no role", lambda: client.get("/me")["roles"] == ["employee"])
        member.back()
        soon("the role", lambda: client.get("/me")["roles"] == ["hr"])


def test_a_disabled_account_has_no_right_left_and_does_not_sign_in(living):
    client = living.sign_in(OTHER_HR)
    machine = living.client(client.post("/tokens", {"name": "x", "scopes": ["people:read"]})["token"])
    assert client.get("/me")["roles"] == ["hr"] and machine.get("/people")
    link, dn = living.slapd.admin(), CHART.people[OTHER_HR].dn
    link.modify_s(dn, [(ldap.MOD_ADD, "pwdAccountLockedTime", [b"000001010000Z"])])
    try:
        soon("403", lambda: client.ask("GET", "/reports/skills").status_code == 403)
        assert machine.ask("GET", "/people").status_code == 403
        me = client.get("/me")
        assert me["roles"] == [] and "person" not in me
        assert living.try_sign_in(OTHER_HR, living.passwords[OTHER_HR]).status_code == 401
        person, = living.rescue.get("/people", username=OTHER_HR)["items"]
        assert person["status"] == "disabled"
    finally:
        link.modify_s(dn, [(ldap.MOD_DELETE, "pwdAccountLockedTime", None)])
    soon("200", lambda: client.ask("GET", "/reports/skills").status_code == 200)
    assert client.get("/me")["roles"] == ["hr"]


def test_who_leaves_the_directory_has_no_right_left(living):
    link = living.slapd.admin()
    dn = CHART.people["rdeshpande"].dn
    client = living.sign_in("rdeshpande")
    assert client.opened["roles"] == ["issuer"]
    found = link.search_s(dn, ldap.SCOPE_BASE, attrlist=["*"])[0][1]
    link.delete_s(dn)
    soon("403", lambda: client.ask("GET", "/people").status_code == 403)
    assert client.get("/me")["roles"] == []
    assert living.try_sign_in("rdeshpande", living.passwords["rdeshpande"]).status_code == 401
    link.add_s(dn, list(found.items()))


def test_the_first_run_gives_the_roles_even_where_the_daemons_start_is_held_up(postgres):
    house = demo_house(postgres=postgres)
    house.port = free_port()
    house.configure()
    house.migrate()
    lock = postgres.connect(house.database)
    lock.cursor().execute("BEGIN; LOCK TABLE issuer IN ACCESS EXCLUSIVE MODE")  # the last that a starting daemon writes
    try:
        house.start(migrate=False)
        wait_for("the start to wait", lambda: house.sql(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'issuer'::regclass"))
        lock.cursor().execute("COMMIT")
        wait_for("the run", lambda: house.sql("SELECT 1 FROM directory_run WHERE state = 'done'"))
        wait_for("the start", lambda: house.sql("SELECT 1 FROM role_group"))
        assert house.sign_in(HR).opened["roles"] == ["hr"]
        assert house.stop() == 0
    finally:
        lock.close()
        house.remove()


# ---- who holds what, and why

def test_access_lists_each_role_what_gives_it_and_who_holds_it(cast):
    items = {item["role"]: item for item in cast.clients[AUDITOR].get("/access")["items"]}
    assert list(items) == sorted(items) and set(items) == {"admin", "assessor", "auditor", "employee", "hr", "issuer"}
    assert items["admin"]["accounts"] == ["pam:rescue"]
    assert items["admin"]["groups"] == [{"name": "admins", "dn": group("admins")}]
    holders = {holder["username"]: holder for holder in items["hr"]["holders"]}
    assert set(holders) == {"cbianchi", "tdube", "ogrant", "mhale", "zsahin"}
    assert all(holder["through"] == {"name": "hr", "dn": group("hr")} for holder in holders.values())
    assert {who: holder["via"] for who, holder in holders.items() if "via" in holder} == \
        {"zsahin": {"name": "people-team", "dn": group("people-team")}}
    assert holders[HR]["person"] == {"id": cast.ids[HR], "name": CHART.people[HR].name}
    started = cast.house.sql("SELECT min(started_at) FROM directory_run")[0][0]
    assert all(abs(time.mktime(time.strptime(holder["since"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                   - started.timestamp()) < 120 for holder in holders.values())
    assert items["employee"]["holders"] == []


def test_access_names_the_group_that_a_holder_is_in_itself(postgres):
    """However deep, with groups that contain each other; whoever is in the configured one too is there directly."""
    def made(name, *members):
        return f"dn: {group(name)}\nobjectClass: groupOfNames\ncn: {name}\n" \
            + "".join(f"member: {member}\n" for member in members) + "\n"
    first, second, third = (CHART.people[who].dn for who in (EMPLOYEE, MANAGER, UNSEEN))
    ldif = made("top", first, group("deep")) + made("deep", group("deeper"), group("deeper-too")) \
        + made("deeper", first, second, third, group("top")) + made("deeper-too", second)
    with demo_house({"role assessor": {"group": [group("top"), group("deep")]}}, ldif, postgres=postgres) as house:
        item, = (item for item in house.rescue.get("/access")["items"] if item["role"] == "assessor")
        found = {(one["username"], one["through"]["name"], one.get("via", {}).get("name")) for one in item["holders"]}
        assert found == {(EMPLOYEE, "top", None), (EMPLOYEE, "deep", "deeper"), (MANAGER, "top", "deeper"),
                         (MANAGER, "deep", "deeper"), (UNSEEN, "top", "deeper"), (UNSEEN, "deep", "deeper")}


def test_a_configured_group_that_the_directory_lacks_is_shown_and_warned_of_once(postgres):
    """By its DN or its name; and so is a name that several groups have."""
    missing, twin = group("nobody-made-this"), f"cn=issuers,ou=people,{BASE}"
    config = {"role assessor": {"group": missing}, "role auditor": {"group": ["auditors", "no-such-name"]},
              "role issuer": {"group": "issuers"}}
    with demo_house(config, postgres=postgres, interval="1s") as house:
        def groups(role):
            item, = (item for item in house.rescue.get("/access")["items"] if item["role"] == role)
            return item["groups"]

        def warnings(words):
            return [line for line in house.log().splitlines() if " warning " in line and words in line]
        issuers = {"name": "issuers", "dn": group("issuers")}
        auditors = {"name": "auditors", "dn": group("auditors")}
        assert groups("hr") == [{"name": "hr", "dn": group("hr")}] and groups("issuer") == [issuers]
        assert groups("assessor") == [{"name": missing, "dn": missing, "missing": True}]
        assert groups("auditor") == [auditors, {"name": "no-such-name", "missing": True}]
        link = house.slapd.admin()
        link.add_s(missing, [("objectClass", [b"groupOfNames"]), ("cn", [b"nobody-made-this"]),
                             ("member", [CHART.people[EMPLOYEE].dn.encode()])])
        link.add_s(twin, [("objectClass", [b"groupOfNames"]), ("member", [CHART.people[EMPLOYEE].dn.encode()])])
        soon("the group", lambda: groups("assessor") == [{"name": "nobody-made-this", "dn": missing}])
        soon("two of a name", lambda: groups("issuer") == [{"name": "issuers", "ambiguous": True}])
        link.delete_s(missing)
        link.delete_s(twin)
        soon("its end", lambda: groups("assessor") == [{"name": missing, "dn": missing, "missing": True}])
        soon("one of a name", lambda: groups("issuer") == [issuers])
        before = house.sql("SELECT max(id::text) FROM directory_run")
        soon("another run", lambda: house.sql("SELECT max(id::text) FROM directory_run") != before)
        assert [len(warnings(words)) for words in (missing, "no-such-name", "several groups", "issuers")] == [2, 1, 1, 1]
        assert len(warnings("role")) == 4, house.log()
        house.configure({"directory main": {"interval": "1h"}})
        house.restart()
        with Second(house) as other:
            soon("its words", lambda: other.log().count("nobody has the role") == 2)
            assert groups("assessor") == [{"name": missing, "dn": missing, "missing": True}], "who starts forgets nothing"


def test_the_break_glass_account_is_admin_whatever_the_directory_says(cast):
    rescue = cast.house.rescue.get("/me")
    assert rescue["account"] == {"authenticator": "pam", "name": "rescue"} and rescue["roles"] == ["admin"]
    assert "person" not in rescue
    with OtherAdmin(cast.house):
        cast.house.sync()
        cast.admin.get("/access", gives=403)
        assert cast.house.rescue.get("/access")
    cast.house.sync()
    cast.admin.get("/access")
