# SPDX-License-Identifier: Apache-2.0
"""Two directories feed one registry: a server, and a file that is guarded by thresholds of its own."""
import shutil

import pytest
from kit.house import demo_house, wait_for
from kit.slapd import short_folder
from test_source_ldif import entries

BRANCH = "o=branch"


def staff(count):
    people = [[f"dn: cn=b{number},ou=Bergen,{BRANCH}", "objectClass: inetOrgPerson", f"uid: b{number}",
               f"cn: Branch {number}", "sn: x", f"employeeNumber: {number}",
               *([f"manager: CN=b0, ou=bergen,{BRANCH}"] if number else [])]
              for number in range(count)]
    return entries([f"dn: ou=Bergen,{BRANCH}", "objectClass: organizationalUnit", "ou: Bergen"], *people,
                   [f"dn: cn=assessors,{BRANCH}", "objectClass: groupOfNames", "cn: assessors",
                    *[f"member: cn=b{number},ou=Bergen,{BRANCH}" for number in range(2)]])


class Branch:
    """The house, and its second directory, which is a file."""

    def __init__(self, house, path):
        self.house, self.path = house, path

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
    config = {
        "directory branch": {"plugin": "source_ldif", "file": path, "id": "employeeNumber", "unit_id": "ou",
                             "group_id": "cn", "interval": "1h", "absent_count": 2, "absent_percent": 5,
                             "absent_window": "1s"},
        "role assessor": {"directory": "branch", "group": f"cn=assessors,{BRANCH}"},
    }
    try:
        branch = Branch(demo_house(config, postgres=postgres), path)
        branch.put(staff(20))
        with branch.house:
            branch.sync()
            branch.run_of_main()
            yield branch
    finally:
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
