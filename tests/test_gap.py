# SPDX-License-Identifier: Apache-2.0
"""What people lack of what positions need, where to get it and from whom to learn it; worked out by hand.

chief in tech; below chief: lead and cleo in dev, dora in ops; below lead: anna and bert in dev, and gone, who leaves. emil is far away."""
import pytest
from kit.contract import MISSING
from kit.house import ACCOUNTS, BASE, demo_house
from kit.two import Both, Two, two_house

PEOPLE = {"chief": ("tech", None), "lead": ("dev", "chief"), "cleo": ("dev", "chief"), "dora": ("ops", "chief"), "anna": ("dev", "lead"),
          "bert": ("dev", "lead"), "gone": ("dev", "lead"), "emil": ("far", None)}
UNITS = {"tech": "ou=tech,ou=people", "dev": "ou=dev,ou=tech,ou=people", "ops": "ou=ops,ou=tech,ou=people", "far": "ou=far,ou=people"}


def dn(name):
    return f"uid={name},{UNITS[PEOPLE[name][0]]},{BASE}"


LDIF = "\n\n".join([f"dn: {place},{BASE}\nobjectClass: organizationalUnit\nou: {name}" for name, place in UNITS.items()] +
                   [f"dn: {dn(name)}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name.title()}\nsn: x" +
                    (f"\nmanager: {dn(above)}" if above else "") for name, (_, above) in PEOPLE.items()])


class World:
    """Skills G1 to G6, of which G4 is archived; DEV needs G1 at 3, G2 at 2 and G4 at 1, and G3 at 4 would be nice; it is of all in dev."""

    def __init__(self, house):
        self.house = house
        for name in PEOPLE:
            house.set_password(name)
        self.clients = {name: house.sign_in(name) for name in PEOPLE}
        self.hr, self.issuer = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ISSUER"])
        self.people = {one["username"]: one["id"] for one in self.hr.pages("/people", limit=500)}
        self.units = {one["name"]: one["id"] for one in self.hr.pages("/units", limit=500)}
        self.hr.post("/frameworks", {"code": "GAP", "name": "Gaps"})
        self.skills = {f"G{n}": self.hr.post("/skills", {"framework": "GAP", "code": f"G{n}", "label": f"G{n}"})["id"] for n in range(1, 8)}
        self.awards = {}
        self.dev = self.position("DEV", G1=3, G2=2, g3=4, G4=1)
        self.hr.patch(f"/skills/{self.skills['G4']}", {"status": "archived"}, "*")
        self.hr.post(f"/positions/{self.dev}/assignments", {"unit": self.units["dev"]})
        for name, skill, level in (("anna", "G1", 2), ("anna", "G2", 2), ("bert", "G1", 3), ("cleo", "G1", 4), ("dora", "G1", 5), ("emil", "G1", 3),
                                   ("gone", "G1", 3), ("bert", "G2", 1), ("lead", "G1", 3), ("lead", "G3", 4), ("dora", "G2", 2)):
            self.issue(name, skill, level)
        hidden = next(one for one in self.clients["lead"].pages(f"/people/{self.people['lead']}/credentials") if one["achievement"]["name"] == "G1-3")
        self.clients["lead"].patch(f"/credentials/{hidden['id']}", {"visibility": "private"}, "*")
        house.slapd.admin().delete_s(dn("gone"))
        house.sync()

    def position(self, code, openings=0, **skills):
        """Capitals must be."""
        needs = [{"skill": skill.upper(), "level": level, "need": "must" if skill.isupper() else "nice"} for skill, level in skills.items()]
        return self.hr.post("/positions", {"code": code, "name": f"The {code}", "openings": openings, "skills": needs}, gives=201)["id"]

    def award(self, skill, level, **fields):
        """The achievement SKILL-LEVEL."""
        name = f"{skill}-{level}"
        if name not in self.awards:
            self.awards[name] = self.hr.post("/achievements", {"name": name, "state": "published", "skills": [{"skill": skill, "level": level}], **fields})["id"]
        return self.awards[name]

    def issue(self, name, skill, level):
        return self.issuer.issue(name, self.award(skill, level))["id"]

    def pathway(self, name, *nodes, state="published", award=None):
        """Behind the daemon's back: nodes of (column, id) or (column, id, level), and of none a group."""
        sql = self.house.sql
        (made,), = sql("INSERT INTO pathway (issuer_id) SELECT id FROM issuer WHERE key = 'company' RETURNING id::text")
        sql("INSERT INTO pathway_version (pathway_id, number, name, state, achievement_id) VALUES (%s, 1, %s, 'draft', %s)", made, name, award)
        kinds = {"achievement_id": "achievement", "skill_id": "skill", "inner_id": "pathway", None: "group"}
        for place, (column, value, *level) in enumerate(nodes):
            sql("INSERT INTO pathway_node (pathway_id, number, place, node, kind) VALUES (%s, 1, %s, %s, 'proof')", made, place, str(place))
            extra = f", {column} = '{value}'" + (f", level = {level[0]}" if level else "") if column else ""
            sql(f"UPDATE pathway_node SET kind = %s{extra} WHERE pathway_id = %s AND place = %s", kinds[column], made, place)
        sql("UPDATE pathway_version SET state = %s WHERE pathway_id = %s", state, made)
        return made

    def gap(self, name, by="hr", gives=200, **params):
        client = self.hr if by == "hr" else self.clients[by]
        return client.get(f"/people/{self.people[name]}/gap", gives=gives, **params)


@pytest.fixture(scope="module")
def world(postgres):
    with demo_house(more_ldif=LDIF, postgres=postgres) as house:
        yield World(house)


def short(gap):
    return [(one["skill"]["label"], one["need"], one["level"], one.get("held"), one["missing"]) for one in gap["skills"]]


def ways(gap, skill):
    one, = (one for one in gap["skills"] if one["skill"]["label"] == skill)
    return [((way.get("achievement") or way["pathway"])["name"], way["level"], way["steps"]) for way in one["ways"]]


def colleagues(gap, skill):
    one, = (one for one in gap["skills"] if one["skill"]["label"] == skill)
    return [(one["person"]["name"], one["level"], one.get("distance")) for one in one["colleagues"]]


# ---- of a person

def test_what_is_missing_stands_first_and_claims_apart(world):
    world.clients["anna"].post("/claims", {"skill": "G3", "level": 5})
    gap = world.gap("anna", by="anna")
    assert gap["person"] == {"id": world.people["anna"], "name": "Anna"}
    assert gap["positions"] == [{"id": world.dev, "code": "DEV", "name": "The DEV", "openings": 0}]
    assert short(gap) == [("G1", "must", 3, 2, 1), ("G3", "nice", 4, None, 4), ("G2", "must", 2, 2, 0)]
    assert gap["skills"][1]["claimed"] == 5 and "ways" not in gap["skills"][2]
    assert gap["skills"][0]["positions"] == [{"id": world.dev, "name": "The DEV"}]
    assert "claimed" not in world.gap("anna", by="lead")["skills"][1], "not shared"


def test_who_holds_more_than_is_needed_lacks_nothing(world):
    assert short(world.gap("cleo")) == [("G2", "must", 2, None, 2), ("G3", "nice", 4, None, 4), ("G1", "must", 3, 4, 0)]
    assert short(world.gap("emil")) == [] and world.gap("emil")["positions"] == []


def test_it_may_be_asked_of_another_position(world):
    other = world.position("OTHER", G1=4, g2=1)
    for ref in other, "OTHER":
        assert short(world.gap("anna", position=ref)) == [("G1", "must", 4, 2, 2), ("G2", "nice", 1, 2, 0)]
    for ref in "nothing", MISSING:
        assert world.gap("anna", gives=400, position=ref)["errors"][0]["field"] == "position"
    world.hr.patch(f"/positions/{other}", {"state": "archived"}, "*")
    world.gap("anna", gives=400, position="OTHER")


def test_of_several_positions_the_most_is_asked_and_nice_is_no_must(world):
    first, second = world.position("FIRST", G5=2, G6=3), world.position("SECOND", g5=4, g6=1)
    for one in first, second:
        world.hr.post(f"/positions/{one}/assignments", {"person": "emil"})
    world.issue("emil", "G5", 3)
    gap = world.gap("emil")
    assert short(gap) == [("G6", "must", 3, None, 3), ("G5", "nice", 4, 3, 1), ("G5", "must", 2, 3, 0)]
    assert [[one["name"] for one in skill["positions"]] for skill in gap["skills"]] == [["The FIRST"], ["The SECOND"], ["The FIRST"]]
    for one in first, second:
        at = f"/positions/{one}/assignments"
        world.hr.delete(f"{at}/{world.hr.get(at)['items'][0]['id']}", "*")


def test_the_fewest_steps_to_it_come_first(world):
    """The inner pathway has three steps, since a group is none, of which anna, who holds G2 at 2, has two to go; drafts and what is of a
    sandbox lead nowhere. Of By award nothing is left but the award, which is one."""
    world.award("G1", 5)
    sandbox = world.house.sign_in(ACCOUNTS["ADMIN"]).post("/issuers", {"name": "Sandbox", "sandbox": True})["id"]
    for fields in {"state": "draft"}, {"state": "published", "issuer": sandbox}:
        world.hr.post("/achievements", {"name": "No way", "skills": [{"skill": "G1", "level": 4}], **fields})
    old = world.hr.post("/achievements", {"name": "Was a way", "state": "published", "skills": [{"skill": "G1", "level": 4}]})["id"]
    world.hr.patch(f"/achievements/{old}", {"state": "archived"}, "*")
    inner = world.pathway("Inner", ("achievement_id", world.awards["G1-3"]), ("skill_id", world.skills["G2"], 1), ("skill_id", world.skills["G3"], 1), (None, None))
    world.pathway("Outer", ("inner_id", inner), ("skill_id", world.skills["G2"], 1))
    world.pathway("By skill", ("skill_id", world.skills["G1"], 4), ("skill_id", world.skills["G2"], 1), ("skill_id", world.skills["G3"], 1), ("skill_id", world.skills["G5"], 1))
    world.pathway("By award", ("skill_id", world.skills["G2"], 1), award=world.awards["G1-5"])
    world.pathway("Too low", ("skill_id", world.skills["G1"], 2))
    world.pathway("Draft", ("skill_id", world.skills["G1"], 5), state="draft")
    assert ways(world.gap("anna"), "G1") == [("G1-3", 3, 1), ("G1-4", 4, 1), ("G1-5", 5, 1), ("Outer", 3, 1), ("By award", 5, 1), ("Inner", 3, 2), ("By skill", 4, 3)]


def test_colleagues_are_named_the_nearest_first(world):
    """bert has anna's manager, cleo her unit, dora is below the unit above, and emil nowhere near; lead shows that badge to nobody, and gone left."""
    assert colleagues(world.gap("anna", by="anna"), "G1") == [("Bert", 3, 0), ("Cleo", 4, 1), ("Dora", 5, 2), ("Emil", 3, None)]
    assert colleagues(world.gap("anna"), "G1") == [("Bert", 3, 0), ("Cleo", 4, 1), ("Lead", 3, 1), ("Dora", 5, 2), ("Emil", 3, None)]
    assert colleagues(world.gap("anna", by="chief"), "G1")[2] == ("Lead", 3, 1), "who is above sees it"
    assert colleagues(world.gap("anna", by="anna"), "G3") == [("Lead", 4, 1)]


def test_units_that_are_in_themselves_end(world):
    world.house.sql("UPDATE unit SET parent_id = %s WHERE id = %s", world.units["dev"], world.units["tech"])
    near = colleagues(world.gap("anna", by="anna"), "G1")
    many = unit_gap(world, "dev")[0]
    world.house.sql("UPDATE unit SET parent_id = NULL WHERE id = %s", world.units["tech"])
    assert near == [("Bert", 3, 0), ("Dora", 5, 1), ("Cleo", 4, 1), ("Emil", 3, None)], "dora is below dev, too, by tech"
    assert many == 6


def test_no_more_than_five_are_named(world):
    for name in "bert", "cleo", "dora", "lead", "chief", "emil":
        world.issue(name, "G7", 1)
    named = colleagues(world.gap("anna", position=world.position("SEVEN", G7=1)), "G7")
    assert [name for name, *_ in named] == ["Bert", "Cleo", "Lead", "Chief", "Dora"]


def test_it_is_told_to_who_may_know(world):
    for by, status in ("anna", 200), ("lead", 200), ("chief", 200), ("bert", 404), ("cleo", 404), ("emil", 404):
        for what in "gap", "openings":
            world.clients[by].get(f"/people/{world.people['anna']}/{what}", gives=status)
    for what in "gap", "openings":
        world.issuer.get(f"/people/{world.people['anna']}/{what}", gives=404)
        world.hr.get(f"/people/{MISSING}/{what}", gives=404)


# ---- of a unit

def unit_gap(world, unit, by="hr", **params):
    client = world.hr if by == "hr" else world.clients[by]
    gap = client.get(f"/units/{world.units[unit]}/gap", **params)
    return gap["people"], [(one["skill"]["label"], one["need"], one["needed"], one["held"], one["missing"]) for one in gap["skills"]]


def test_a_unit_is_counted_with_those_below_it(world):
    """lead, cleo, anna and bert are in dev, with chief and dora six in tech; G1 at 3 have all of the four but anna, G2 at 2 just she."""
    four = [("G1", "must", 4, 3, 1), ("G2", "must", 4, 1, 3), ("G3", "nice", 4, 1, 3)]
    assert unit_gap(world, "dev") == (4, four)
    assert unit_gap(world, "tech") == (6, four)
    assert unit_gap(world, "ops") == (1, [])


def test_of_a_unit_one_learns_of_those_one_sees(world):
    assert unit_gap(world, "tech", by="lead") == (3, [("G1", "must", 3, 2, 1), ("G2", "must", 3, 1, 2), ("G3", "nice", 3, 1, 2)])
    assert unit_gap(world, "dev", by="bert") == (1, [("G1", "must", 1, 1, 0), ("G2", "must", 1, 0, 1), ("G3", "nice", 1, 0, 1)])
    world.clients["emil"].get(f"/units/{world.units['dev']}/gap", gives=404)
    world.clients["bert"].get(f"/units/{world.units['ops']}/gap", gives=404)
    world.hr.get(f"/units/{MISSING}/gap", gives=404)


def test_a_unit_may_be_measured_against_one_position(world):
    """G1 at 4 have cleo and dora of the six."""
    made = world.position("UNIT", G1=4, g2=1)
    assert unit_gap(world, "tech", position=made) == (6, [("G1", "must", 6, 2, 4), ("G2", "nice", 6, 3, 3)])
    assert world.hr.get(f"/units/{world.units['tech']}/gap", gives=400, position="nothing")["errors"][0]["field"] == "position"


def test_levels_are_told_apart(world):
    """lead needs G1 at 5 by another position, too: who has several is asked for the most."""
    made = world.position("LEAD", G1=5)
    world.hr.post(f"/positions/{made}/assignments", {"person": "lead"})
    gap = world.hr.get(f"/units/{world.units['dev']}/gap")
    assert [[(one["level"], one["needed"], one["held"], one["missing"]) for one in skill["levels"]]
            for skill in gap["skills"] if skill["skill"]["label"] == "G1"] == [[(3, 3, 2, 1), (5, 1, 0, 1)]]
    at = f"/positions/{made}/assignments"
    world.hr.delete(f"{at}/{world.hr.get(at)['items'][0]['id']}", "*")


# ---- openings

def test_openings_come_best_fit_first_with_why_and_why_not(world):
    """bert holds G1 at 3, G2 at 1 and G7 at 1. A: all of it. B: all he must, and a quarter of what is nice: (2 + 1/4) / 3 = 75 %.
    C: half of a must is missing: (2 + 2 * 1/2) / 4 = 75 %, but it does not fit. D: nothing. E is closed, and DEV he has. emil holds no G2."""
    for code, openings, needs in (("A", 2, {"G1": 3, "g2": 1}), ("B", 1, {"G1": 3, "g2": 4}), ("C", 1, {"G1": 2, "G2": 2}), ("D", 1, {"G6": 1}), ("E", 0, {"G1": 1})):
        world.position(code, openings, **needs)
    world.hr.patch(f"/positions/{world.dev}", {"openings": 1}, "*")
    found = world.clients["bert"].get(f"/people/{world.people['bert']}/openings")["openings"]
    assert [(one["position"]["code"], one["fits"], one["fit"]) for one in found] == [("A", True, 100), ("B", True, 75), ("C", False, 75)]
    skill = {name: {"id": value, "label": name} for name, value in world.skills.items()}
    assert found[0]["why"] == [{"skill": skill["G1"], "need": "must", "level": 3, "held": 3}, {"skill": skill["G2"], "need": "nice", "level": 1, "held": 1}]
    assert world.gap("bert", by="bert")["openings"] == world.gap("bert", position="DEV")["openings"] == found
    assert found[0]["why_not"] == [] and found[2]["why"] == [{"skill": skill["G1"], "need": "must", "level": 2, "held": 3}]
    assert found[1]["why_not"] == [{"skill": skill["G2"], "need": "nice", "level": 4, "held": 1}]
    assert world.hr.get(f"/people/{world.people['emil']}/openings")["openings"][:2] == [
        {**one, "fit": 66, "why": [{"skill": skill["G1"], "need": "must", "level": 3, "held": 3}],
         "why_not": [{"skill": skill["G2"], "need": "nice", "level": level}]} for one, level in zip(found, (1, 4))]


def test_the_gap_of_a_person_names_the_five_best(world):
    for n in range(5):
        world.position(f"MORE{n}", 1, G1=1, g6=1 + n)
    all_of_them = world.clients["cleo"].get(f"/people/{world.people['cleo']}/openings")["openings"]
    assert len(all_of_them) > 5 and world.gap("cleo", by="cleo")["openings"] == all_of_them[:5]


# ---- how that of a unit closes

def test_a_unit_is_told_where_to_get_what_is_missing_and_who_is_near_that_has_it(world):
    """Of the four of dev anna holds G7 at 3 and cleo shows hers at 2 to nobody; dora, at 4, is in ops, which is in tech, too, and emil is
    nowhere near. For the far one they all are, and nobody asks for more than she has in ops."""
    for name, level in (("anna", 3), ("cleo", 2), ("dora", 4), ("emil", 2)):
        world.issue(name, "G7", level)
    hidden = next(one for one in world.clients["cleo"].pages(f"/people/{world.people['cleo']}/credentials") if one["achievement"]["name"] == "G7-2")
    world.clients["cleo"].patch(f"/credentials/{hidden['id']}", {"visibility": "private"}, "*")
    world.pathway("To seven", ("achievement_id", world.awards["G7-3"]), ("skill_id", world.skills["G2"], 1), ("skill_id", world.skills["G3"], 1))
    up, over = world.position("UP", G7=2), world.position("OVER", G7=3)
    assignment = world.hr.post(f"/positions/{up}/assignments", {"unit": world.units["dev"]})["id"]
    more = world.hr.post(f"/positions/{over}/assignments", {"person": "bert"})["id"]

    def levels(unit, by="hr", **params):
        client = world.hr if by == "hr" else world.clients[by]
        return next(one for one in client.get(f"/units/{world.units[unit]}/gap", **params)["skills"] if one["skill"]["label"] == "G7")["levels"]

    def named(level):
        return [(one["person"]["name"], one["level"], one.get("distance")) for one in level["colleagues"]]

    found = levels("dev")
    assert [(one["level"], one["needed"], one["held"]) for one in found] == [(2, 3, 2), (3, 1, 0)]
    assert [[((way.get("achievement") or way["pathway"])["name"], way["level"], way["steps"]) for way in one["ways"]] for one in found] == [
        [("G7-2", 2, 1), ("G7-3", 3, 1), ("G7-4", 4, 1), ("To seven", 3, 3)], [("G7-3", 3, 1), ("G7-4", 4, 1), ("To seven", 3, 3)]]
    assert [named(one) for one in found] == [[("Anna", 3, 1), ("Cleo", 2, 1), ("Dora", 4, 2), ("Emil", 2, None)], [("Anna", 3, 1), ("Dora", 4, 2)]]
    assert [named(one) for one in levels("dev", by="lead")] == [[("Anna", 3, 1), ("Dora", 4, 2), ("Emil", 2, None)], [("Anna", 3, 1), ("Dora", 4, 2)]]
    assert named(levels("tech")[0]) == [("Dora", 4, 1), ("Anna", 3, 1), ("Cleo", 2, 1), ("Emil", 2, None)], "what is below is in it"
    assert named(levels("far", position=over)[0]) == [("Anna", 3, None), ("Dora", 4, None)][::-1]
    assert not {"ways", "colleagues"} & set(levels("ops", position=over)[0])
    world.hr.delete(f"/positions/{up}/assignments/{assignment}", "*")
    world.hr.delete(f"/positions/{over}/assignments/{more}", "*")


# ---- one human

def test_linked_entries_are_one(postgres):
    with two_house(postgres) as house:
        two = Two(house)
        who = Both(two, 1, employeeNumber=None)
        made = two.hr.post("/positions", {"code": "TWO", "name": "x", "skills": [{"skill": two.skill, "level": 1}]})["id"]
        two.hr.post(f"/positions/{made}/assignments", {"person": who.branch})
        who.issue("main")
        assert two.hr.get(f"/people/{who.branch}/gap")["skills"][0]["missing"] == 1
        assert two.hr.get(f"/people/{who.main}/gap")["skills"] == []
        who.put("branch", employeeNumber="n1").put("main", employeeNumber="n1")
        two.sync()
        for entry in who.main, who.branch:
            gap = two.hr.get(f"/people/{entry}/gap")
            assert gap["person"]["id"] == who.main and gap["skills"][0]["missing"] == 0
