# SPDX-License-Identifier: Apache-2.0
"""Names that look like other names: groups that are called what another's DN is, people who share a username,
usernames in more than one spelling; and totals that would tell of one person."""
import pytest
from kit.house import BASE, House

HR = f"cn=hr\\, all,ou=groups,{BASE}"


def entry(dn, *lines):
    return "\n".join([f"dn: {dn},{BASE}" if dn else f"dn: {BASE}", *lines]) + "\n"


def person(uid, above="ou=people"):
    return entry(f"uid={uid},{above}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {uid}", "sn: x")


def group(name, cn, *members, above="ou=groups"):
    return entry(f"cn={name},{above}", "objectClass: groupOfNames", f"cn: {cn}",
                 *(f"member: uid={uid},ou=people,{BASE}" for uid in members))


LDIF = "\n".join([
    entry("", "objectClass: dcObject", "objectClass: organization", "o: x", "dc: example"),
    entry("cn=sync", "objectClass: simpleSecurityObject", "objectClass: organizationalRole", "cn: sync",
          "userPassword: admin"),
    *(entry(f"ou={name}", "objectClass: organizationalUnit", f"ou: {name}") for name in ("people", "more", "groups", "clubs")),
    *map(person, ("boss", "thief", "clerk", "twin", "reader", "other")), person("twin", "ou=more"),
    group("hr\\2C all", "hr, all", "boss"),
    group(HR.replace("\\", "\\5C").replace(",", "\\2C").replace("=", "\\3D"), HR, "thief", above="ou=clubs"),
    group("readers", "readers", "reader"), group("readers", "Readers", "thief", above="ou=clubs"),
    group("issuers", "issuers", "clerk"),
    entry("cn=assessors,ou=groups", "objectClass: posixGroup", "cn: assessors", "gidNumber: 9", "memberUid: twin",
          "memberUid: clerk"),
])
CONFIG = {
    "role hr": {"group": HR}, "role auditor": {"group": "readers"}, "role issuer": {"group": "ISSUERS"},
    "role assessor": {"group": "assessors"},
    "throttle": {"user_failures": "3", "address_failures": "1000", "failure_delay": "10ms", "block": "30s"},
}


@pytest.fixture(scope="module")
def house(postgres):
    with House(LDIF, config=CONFIG, postgres=postgres) as made:
        for uid in "boss", "clerk", "thief", "reader":
            made.set_password(uid)
        yield made


def holders(house):
    return {item["role"]: {one["username"] for one in item["holders"]} for item in house.rescue.get("/access")["items"]}


def test_a_group_called_what_anothers_dn_is_gives_none_of_its_roles(house):
    assert holders(house)["hr"] == {"boss"}, "also with a comma escaped in another way than the server does"


def test_a_plain_name_gives_a_role_only_while_one_group_has_it(house):
    assert holders(house)["auditor"] == set() and holders(house)["issuer"] == {"clerk"}


def test_a_username_of_two_people_is_no_member_by_name(house):
    assert holders(house)["assessor"] == {"clerk"}
    run = house.sync()
    assert [line["detail"]["why"] for line in run["lines"]] == \
        ["more than one person has the username twin of a member"]


def test_failures_count_for_the_account_however_its_name_is_spelled(house):
    spellings = ["thief ", " thief", "thief  "]
    answers = [house.try_sign_in(name, "wrong").status_code for name in spellings]
    assert answers == [401, 401, 401]
    assert house.try_sign_in("thief", house.passwords["thief"]).status_code == 429
    assert house.try_sign_in("thief   ", house.passwords["thief"]).status_code == 429


def test_a_total_of_few_people_does_not_tell_what_they_claim(house):
    framework = house.rescue.post("/frameworks", {"code": "F", "name": "F"})
    skill = house.rescue.post("/skills", {"framework": framework["code"], "code": "K", "label": "Knots"})
    house.sign_in("boss").post("/claims", {"skill": skill["id"], "level": 2})
    asked = {"verified": False, "group_by": "skill"}
    whole = house.rescue.get("/reports/skills", **asked)["items"]
    assert [(row["skill"]["label"], row["people"]) for row in whole] == [("Knots", 1)]
    assert house.rescue.get("/reports/skills", person="boss", **asked)["items"] == []
    entries = house.rescue.get("/audit", action="claim.add")["items"]
    assert len(entries) == 1 and "Knots" not in str(entries)
