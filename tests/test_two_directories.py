# SPDX-License-Identifier: Apache-2.0
"""Several directories feed one registry: two servers and a file, each guarded by thresholds of its own."""
import shutil

import pytest
from kit.house import BASE, demo_house, wait_for
from kit.slapd import Slapd, short_folder
from test_directory import CHART, QUIET
from test_source_ldif import entries

BRANCH = "o=branch"
NORTH = (f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\n" +
         "".join(f"dn: uid=n{n},{BASE}\nobjectClass: inetOrgPerson\nuid: n{n}\ncn: North {n}\nsn: x\n\n" for n in range(5)))


def staff(count):
    people = [[f"dn: cn=b{number},ou=Bergen,{BRANCH}", "objectClass: inetOrgPerson", f"uid: b{number}",
               f"cn: Branch {number}", "sn: x", f"employeeNumber: {number}",
               *([f"manager: CN=b0, ou=bergen,{BRANCH}"] if number else [])]
              for number in range(count)]
    return entries([f"dn: ou=Bergen,{BRANCH}", "objectClass: organizationalUnit", "ou: Bergen"], *people,
                   [f"dn: cn=assessors,{BRANCH}", "objectClass: groupOfNames", "cn: assessors",
                    *[f"member: cn=b{number},ou=Bergen,{BRANCH}" for number in range(2)]])


class Branch:
    """The house, its second directory, which is a file, and its third, which is another server."""

    def __init__(self, house, path, north):
        self.house, self.path, self.north = house, path, north

    def put(self, text):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.rename(self.path)

    def sync(self, state="done"):
        return self.house.sync(state, source="branch")

    def people(self):
        """{username: status} of both directories."""
        return {one["username"]: one["status"] for one in self.house.rescue.pages("/people", limit=500)}

    def runs_of(self, source):
        return {one["id"] for one in self.house.rescue.pages("/directory/runs", source=source, limit=500)}

    def run_of_main(self):
        return self.house.sync("done", source="main")


@pytest.fixture(scope="module")
def branch(postgres):
    folder = short_folder("branch-")
    folder.chmod(0o755)
    path = folder / "people.ldif"
    north = Slapd().load(NORTH).start()
    config = {
        "directory branch": {"plugin": "source_ldif", "file": path, "id": "employeeNumber", "unit_id": "ou",
                             "group_id": "cn", "interval": "1h", "absent_count": 2, "absent_percent": 5,
                             "absent_window": "1s"},
        "directory main": {"absent_count": 3, "absent_percent": 0, "absent_window": "1ms"},
        "directory north": {"plugin": "source_ldap", "uri": north.uri, "base": BASE, "bind": "anonymous", "unit_from": "none",
                            "interval": "1h", "absent_count": 1, "absent_percent": 0},
        "role assessor": {"directory": "branch", "group": f"cn=assessors,{BRANCH}"},
    }
    try:
        branch = Branch(demo_house(config, postgres=postgres), path, north)
        branch.put(staff(20))
        with branch.house:
            branch.sync()
            branch.run_of_main()
            yield branch
    finally:
        north.remove()
        shutil.rmtree(folder)


def test_two_directories_feed_one_registry(branch):
    people = branch.people()
    assert {f"b{number}" for number in range(20)} < set(people) and "cbianchi" in people
    someone, = branch.house.rescue.get("/people", username="b7")["items"]
    assert (someone["external_id"], someone["unit"]["name"], someone["manager"]["name"]) == ("7", "Bergen", "Branch 0")
    role, = (item for item in branch.house.rescue.get("/access")["items"] if item["role"] == "assessor")
    assert {one["username"] for one in role["holders"]} == {"b0", "b1"}
    run = branch.sync()
    assert [run[count] for count in ("added", "changed", "moved", "absent", "returned", "skipped")] == [0] * 6


def test_a_run_asked_for_or_approved_is_of_that_directory_alone(branch):
    """So often that another one that was woken would have run by now."""
    before = branch.runs_of("main")
    for _ in range(3):
        branch.sync()
    branch.put(staff(10))
    run = branch.sync("needs_approval")
    branch.house.rescue.post(f"/directory/runs/{run['id']}/approve", gives=200)
    wait_for("the ten to leave", lambda: list(branch.people().values()).count("absent") == 10)
    wait_for("the run of the approval", lambda: not branch.house.rescue.get("/directory/runs", state="running")["items"])
    branch.put(staff(20))
    branch.sync()
    assert branch.runs_of("main") == before
    before = branch.runs_of("branch")
    for _ in range(3):
        branch.run_of_main()
    assert branch.runs_of("branch") == before


@pytest.mark.parametrize("cut, why", [(lambda text: text[:300], "is not whole"),
                                      (lambda text: text.replace("sn: x", "sn x", 1), "no \"attribute: value\""),
                                      (lambda text: text + "\ndn: cn=x\nchangetype: delete\n", "record of a change"),
                                      (None, "No such file")])
def test_a_broken_file_fails_its_own_source_and_no_other(branch, cut, why):
    before = branch.people()
    if cut:
        branch.put(cut(staff(20)))
    else:
        branch.path.unlink()
    try:
        run = branch.sync("failed")
        assert run["complete"] is False and why in run["error"] and str(branch.path) in run["error"]
        assert branch.run_of_main()["complete"] is True and branch.people() == before
    finally:
        branch.put(staff(20))
    assert branch.sync()["absent"] == 0 and branch.people() == before


@pytest.mark.parametrize("count", [0, 17])
def test_an_emptied_or_shortened_file_parks_its_own_source_by_its_own_threshold(branch, count):
    before = branch.people()
    branch.put(staff(count) if count else "")
    run = branch.sync("needs_approval")
    assert run["absent"] == 20 - count and run["people"] == count
    assert branch.run_of_main()["absent"] == 0 and branch.people() == before
    branch.put(staff(20))
    assert branch.sync()["absent"] == 0
    wait_for("the parked run to be dropped",
             lambda: branch.house.rescue.get(f"/directory/runs/{run['id']}")["state"] == "dropped")
    assert branch.people() == before


def test_few_enough_leave_and_come_back(branch):
    before = branch.people()
    branch.put(staff(18))
    assert branch.sync()["absent"] == 2
    assert {name for name, status in branch.people().items() if status == "absent"} == {"b18", "b19"}
    branch.put(staff(20))
    assert branch.sync()["returned"] == 2 and branch.people() == before


def test_the_file_is_read_while_the_server_is_down(branch):
    before = branch.people()
    branch.house.slapd.stop()
    try:
        assert branch.house.sync("failed", source="main")["complete"] is False
        branch.put(staff(21))
        assert branch.sync()["added"] == 1
        assert branch.people() == {**before, "b20": "active"}
    finally:
        branch.house.slapd.start()
    branch.run_of_main()


def test_each_of_three_sources_is_parked_by_its_own_threshold(branch):
    house, main, north = branch.house, iter(QUIET), iter(range(5))

    def leave(main_count=0, north_count=0):
        link, other = house.slapd.admin(), branch.north.admin()
        for _ in range(main_count):
            link.delete_s(CHART.people[next(main)].dn)
        for _ in range(north_count):
            other.delete_s(f"uid=n{next(north)},{BASE}")

    def gone():
        return dict(house.sql("SELECT source, count(*) FROM person WHERE absent_since IS NOT NULL GROUP BY 1"))

    branch.put(staff(21))
    branch.sync()
    house.sync("done", source="north")
    assert gone() == {}
    leave(2, 2)
    branch.put(staff(19))
    states = {source: house.sync(None, source=source)["state"] for source in ("main", "branch", "north")}
    assert states == {"main": "done", "branch": "done", "north": "needs_approval"}
    assert gone() == {"main": 2, "branch": 2}
    leave(3)
    branch.put(staff(16))
    parked = branch.sync("needs_approval")
    assert parked["absent"] == 3
    house.sync("done", source="main")
    leave(4)
    assert house.sync("needs_approval", source="main")["absent"] == 4
    assert gone() == {"main": 5, "branch": 2}
    house.rescue.post(f"/directory/runs/{parked['id']}/approve", gives=200)
    wait_for("those of the approved run", lambda: gone() == {"main": 5, "branch": 5})
    waiting = house.rescue.get("/directory/runs", state="needs_approval")["items"]
    assert {run["source"] for run in waiting} == {"main", "north"}
