# SPDX-License-Identifier: Apache-2.0
"""`make demo` in a checkout whose path is too long for a socket's: what it prints works, its programme has a history, it
says so when skillsd has ended, and leaves neither a process nor, once cleaned away, a file."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
import requests
from kit.gate import ROOT
from kit.house import wait_for
from kit.slapd import free_port, short_folder

ROLES = {"ADMIN", "HR", "ISSUER", "ASSESSOR", "AUDITOR", "MANAGER", "EMPLOYEE"}


class Demo:
    """demo.sh with a word, in a process group of its own."""

    def __init__(self, folder):
        self.top, self.output = folder / ("long" * 30) / ("longer" * 10), folder / "output"
        shutil.copytree(ROOT, self.top, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", "var", "asan", "node_modules", "__pycache__", "tests"))
        self.here = self.top / "var/demo"
        self.process = None

    def run(self, *command):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(command, cwd=self.top, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                            env={**os.environ, "SKILLSD_PORT": str(free_port())}, process_group=0)
        return self.process

    def start(self, *prefix):
        self.run(*prefix, "make", "demo")
        wait_for("the demo to serve", lambda: "Ctrl-C stops" in self.output.read_text() or self.process.poll() is not None, 600)
        assert self.process.poll() is None, self.output.read_text()

    def clean(self):
        return self.run(self.top / "etc/demo/demo.sh", "clean").wait(60)

    def env(self):
        return dict(re.findall(r"^(\w+)='(.*)'$", (self.here / "env").read_text(), re.M))

    def started(self):
        return re.findall(r"^(?!step)\w+ (\d+)", (self.here / "state/pids").read_text(), re.M)

    def ask(self, role, path, method="GET", body=None):
        env = self.env()
        return self.ask_as(env[role + "_USER"], env[role + "_PASSWORD"], path, method, body, role.lower())

    def ask_as(self, username, password, path, method="GET", body=None, role="employee"):
        url = self.env()["SKILLSD_URL"] + "/api/v1/"
        session = requests.post(url + "sessions", json={"username": username, "password": password}, timeout=10)
        assert session.status_code == 201 and role in [*session.json()["roles"], "manager", "employee"]
        answer = requests.request(method, url + path, timeout=10, json=body,
                                  headers={"Authorization": "Bearer " + session.json()["token"], "If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def badge(self):
        """The path of its credential."""
        return "credentials/" + self.env()["SKILLSD_BADGE"].split("/")[-1]

    def shell(self, lines):
        """As pasted in the checkout."""
        return subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=self.top, timeout=60, capture_output=True, text=True)

    def readme(self, word):
        """Its only lines for a shell that have the word."""
        lines, = [block for block in re.findall(r"^```sh\n(.*?)^```", (self.top / "README.md").read_text(), re.M | re.S) if word in block]
        return lines

    def lines(self, pattern):
        return re.findall(rf"^{pattern}.*$", self.output.read_text(), re.M)


def paste(line):
    return subprocess.run(line, shell=True, timeout=60, capture_output=True, text=True)


def living(pids):
    return [pid for pid in pids if pathlib.Path("/proc", pid).exists()]


@pytest.fixture(scope="module")
def house():
    folder = short_folder("demo-")
    folder.chmod(0o755)
    demo = Demo(folder)
    yield demo
    if demo.process:
        demo.process.terminate()
        demo.process.wait(60)
    assert demo.clean() == 0
    shutil.rmtree(folder)


@pytest.fixture
def demo(house):
    if not house.process or house.process.poll() is not None:
        house.start()
    return house


def test_accounts_of_all_roles_and_the_lines_to_paste_work(demo):
    env = demo.env()
    assert requests.get(env["SKILLSD_URL"] + "/readyz", timeout=10).status_code == 200
    for role in ROLES:
        assert demo.ask(role, "me")["roles"]
        assert re.search(rf"^  {role.lower()} +{env[role + '_USER']} +{env[role + '_PASSWORD']}$", demo.output.read_text(), re.M)
    lines = demo.lines("curl ")
    assert len(lines) == 6
    for line in lines:
        said = json.loads(paste(line).stdout)
        assert said.get("items") or said.get("person"), (line, said)


def test_what_the_readme_asks_is_answered(demo):
    done = demo.shell(demo.readme(". var/demo/env"))
    (demo.top / "skills.csv").unlink()
    assert (done.returncode, done.stderr) == (0, "") and '"levels"' in done.stdout and "null" not in done.stdout.split()
    job = demo.ask("ISSUER", "jobs?limit=1")["items"][0]["id"]
    wait_for("the job of the batch", lambda: demo.ask("ISSUER", f"jobs/{job}")["state"] == "done")
    rows = demo.ask("ISSUER", f"batches/{demo.ask('ISSUER', 'batches')['items'][0]['id']}/rows")["items"]
    assert [row["state"] for row in rows] == ["done", "faulty"], rows


def test_the_loop_of_the_readme_leads_from_a_gap_to_a_badge_and_back(demo):
    session, loop = demo.readme(". var/demo/env").split("TOKEN=")[0], demo.readme("GAP=")
    assert len(re.findall(r"\n(?! )", loop.split("\n\n")[1])) == 6
    levels = {"Leading an incident: 4 of 3", "Version control with Git: 3 of 2"}
    for achievement, kubernetes, stands in (("Incident Lead", 0, r"3 of 4 steps done; next: Interface Design or Cluster Operator"),
                                            ("Cluster Operator", 4, r"Completed on \d{4}-\d\d-\d\d: 4 of 4 steps done")):
        done = demo.shell(session + loop)
        assert (done.returncode, done.stderr) == (0, ""), done
        said = done.stdout.splitlines()
        badge = demo.env()["SKILLSD_URL"] + "/badges/" + said[-6]
        assert achievement in requests.get(badge, headers={"Accept": "text/html"}, timeout=10).text
        assert re.fullmatch(f"Towards Site Reliability: {stands}", said[-2])
        assert said[-1] == "Safe on Site: 1 of 2 steps done; next: Permit to Work at Height"
        assert set(said[-5:-2]) == levels | {f"Operating Kubernetes: {kubernetes} of 3"}
        assert [word for word in said if word.startswith('"')] == ['"submitted"', '"claimed"', '"done"']


def test_evidence_waits_at_all_stages_and_pathways_have_a_choice_and_hold_one_another(demo):
    reviews = demo.ask("HR", "reviews?limit=500")["items"]
    assert {one["state"] for one in reviews} == {"open", "done", "closed"}
    late, = [one for one in reviews if one["overdue"]]
    assert late["achievement"]["name"] == "Incident Lead" and late["state"] == "open"
    assert [one for one in reviews if one["place"] == 3 and one["state"] == "open"]  # two disagreed
    passwords = dict(line.split(":") for line in (demo.here / "state/accounts").read_text().split())
    people = {one["person"] for one in json.loads((demo.top / "etc/demo/programme.json").read_text())["submissions"]}
    submissions = [one for person in people for one in demo.ask_as(person, passwords[person], "submissions?limit=500")["items"]]
    assert [one for one in submissions if "claim_id" in one] and [one for one in submissions if "renews" in one]
    assert {one["state"] for one in submissions} == {"draft", "submitted", "in_review", "returned", "approved", "declined", "withdrawn"}
    portfolio = demo.ask("EMPLOYEE", f"people/{demo.ask('EMPLOYEE', 'me')['person']['id']}/portfolio")
    assert [len(portfolio[part]) for part in ("claims", "endorsements", "goals", "positions")] == [3, 2, 3, 1]
    pathways = {one["name"]: demo.ask("HR", "pathways/" + one["id"])["nodes"] for one in demo.ask("HR", "pathways")["items"]}
    assert len(pathways) == 3
    nodes = [node for graph in pathways.values() for node in graph]
    assert [node["need"] for node in nodes if node["kind"] == "group"] == [1, 2]
    assert {node["pathway"]["name"] for node in nodes if node["kind"] == "pathway"} < set(pathways)


def test_people_are_at_all_stages_of_pathways(demo):
    def enrolled():
        return demo.ask("HR", "enrolments?limit=500")["items"]
    # 15 of their own; of the 14 of Site Reliability one is among them, and the others are by a rule
    wait_for("whom a rule puts there", lambda: len({one["id"] for one in enrolled()}) == 15 + 13)
    wait_for("awards", lambda: all("credential_id" in one for one in enrolled() if one["state"] == "completed"))
    items = enrolled()
    assert {one["state"] for one in items} == {"invited", "active", "paused", "completed", "left"}
    ruled = [one for one in items if one["via"] == "rule"]
    assert len(ruled) == 13 and {(one["pathway"]["name"], one["state"]) for one in ruled} == {("Towards Site Reliability", "active")}
    rules = demo.ask("EMPLOYEE", f"pathways/{ruled[0]['pathway']['id']}/rules")["items"]
    assert [(one["unit"]["name"], one["days"]) for one in rules] == [("Site Reliability", 180)] and {one["rule_id"] for one in ruled} == {rules[0]["id"]}
    assert "taegisdottir" not in {demo.ask("HR", "people/" + one["person"]["id"])["username"] for one in ruled}
    assert {one["via"] for one in items} == {"self", "invited", "rule"} and len({one["percent"] for one in items if one["state"] == "active"}) > 3
    lost, = [one for one in items if one["state"] != "completed" and "credential_id" in one]
    wait_for("what was lost", lambda: demo.ask("HR", f"credentials/{lost['credential_id']}")["state"] == "suspended")
    assert sorted(one["state"] for one in demo.ask("HR", "proofs")["items"]) == ["accepted", "offered"]


def test_the_badge_opens_for_everybody_in_all_forms_and_is_verified_with_and_without_a_network(demo):
    badge, url = demo.env()["SKILLSD_BADGE"], demo.env()["SKILLSD_URL"]
    links = demo.lines(f"{url}/(?:badges|achievements)/")
    types = [requests.get(link, timeout=60).headers["Content-Type"].split(";")[0] for link in links]
    assert links[0] == badge and types == ["application/vc", "image/png", "application/pdf", "application/ld+json", "application/jose",
                                           "application/ld+json"]
    assert "Łukasz Wójcik" in requests.get(badge, headers={"Accept": "text/html"}, timeout=10).content.decode()
    line, asking = demo.lines(r"\S+/skillsd verify ")
    assert (paste(line).returncode, paste(asking).returncode) == (0, 0)
    demo.ask("ISSUER", demo.badge() + "/suspend", "POST", {"reason": "to see who sees it"})
    assert (paste(line).returncode, paste(asking).returncode) == (0, 1)
    demo.ask("ISSUER", demo.badge() + "/reinstate", "POST", {})
    assert paste(asking).returncode == 0
    saved = demo.here / "badge/badge.json"
    genuine = saved.read_text()
    saved.write_text(genuine.replace("Git", "Gin"))
    assert paste(line).returncode == 1
    saved.write_text(genuine)


def test_the_keys_that_sign_are_listed_and_made_by_the_line_printed(demo):
    line, = demo.lines(r"(?:setpriv .*)?\S+/skillsd -c ")
    before = paste(line).stdout.splitlines()
    made = paste(line.replace(" list", " new ed25519"))
    after = paste(line).stdout.splitlines()
    assert made.returncode == 0 and len(before) >= 3 and len(after) == len(before) + 1


def test_the_programme_has_a_history(demo):
    def all_of(path):
        return demo.ask("HR", path)["items"]

    credentials = all_of("credentials?limit=500")
    assert {one["state"] for one in credentials} == {"active", "scheduled", "suspended", "revoked", "expired", "superseded"}
    assert all(one["reason"] for one in credentials if one["state"] in ("suspended", "revoked", "superseded"))
    assert len({one["issued_at"][:10] for one in credentials}) > 40
    assert {one["visibility"] for one in credentials} == {"private", "colleagues", "public"}
    assert [one for one in credentials if one["evidence"]] and [one for one in credentials if one["results"]]
    assert {one["response"] for one in credentials} == {"pending", "accepted", "hidden"}
    assert len({one["issuer"]["name"] for one in credentials}) == len(all_of("issuers")) == 3
    assert [one for one in all_of("issuers") if one.get("sandbox")]
    assert {one["state"] for one in all_of("achievements")} == {"published", "in_review"}
    assert all_of("endorsements")[0]["state"] == "active" and all_of("collections")[0]["goals"]
    assert len(all_of("positions")) == 3 and all_of("goals")
    me = demo.ask("EMPLOYEE", "me")["person"]["id"]
    gap = demo.ask("EMPLOYEE", f"people/{me}/gap")["skills"]
    assert [one for one in gap if one["missing"] and one["ways"] and one["colleagues"]] and demo.ask("EMPLOYEE", f"people/{me}/recommendations")["recommendations"]


def test_whatever_is_killed_nothing_stays(demo):
    sockets = (demo.here / "run").resolve()
    assert sockets.parent == pathlib.Path("/var/tmp") and sockets.stat().st_mode & 0o777 == 0o700
    started = demo.started()
    assert len(started) == 5
    os.kill(int(demo.env()["SKILLSD_PID"]), signal.SIGKILL)
    assert demo.process.wait(60) == 2
    said = demo.output.read_text()
    assert "demo: skillsd has ended by signal KILL; its log is " in said and "Killed" not in said
    assert not living(started) and not (demo.here / "env").exists()

    demo.start()
    started = demo.started()
    os.kill(int((demo.here / "state/demo.pid").read_text()), signal.SIGKILL)
    demo.process.wait(60)
    wait_for("its servers to end", lambda: not living(started))

    (demo.here / "state/recorded").unlink()  # as if that had been in the middle of it
    before = (demo.here / "state/late").read_text()
    demo.start()
    assert (demo.here / "state/late").read_text() == before and demo.lines("demo: recorded: .* 3 pathways, 15 enrolments, 13 submissions: ")


def test_make_that_takes_no_such_signal_serves_and_a_badge_that_was_closed_stays_as_it_was_saved(demo):
    """As in the background of a script, and under nohup."""
    demo.ask("EMPLOYEE", demo.badge(), "PATCH", {"visibility": "private"})
    demo.process.terminate()
    demo.process.wait(60)
    demo.start("env", "--ignore-signal=HUP,INT")
    assert "demo: " + demo.env()["SKILLSD_BADGE"] + " is not there now (" in demo.output.read_text()
    line, asking = demo.lines(r"\S+/skillsd verify ")
    assert (paste(line).returncode, paste(asking).returncode) == (0, 0)
    demo.ask("EMPLOYEE", demo.badge(), "PATCH", {"visibility": "public"})
    os.kill(int((demo.here / "state/slapd.pid").read_text()), signal.SIGTERM)
    wait_for("the demo to look at its servers", lambda: "slapd has ended" in demo.output.read_text() or demo.process.poll() is not None)
    assert demo.process.poll() is None and "stopping" not in demo.output.read_text()
    demo.process.terminate()
    demo.process.wait(60)


def test_make_that_alone_is_told_to_end_ends_calmly(house):
    house.start("env", "--default-signal=INT", "--ignore-signal=HUP")  # however these tests were started
    started = house.started()
    house.process.send_signal(signal.SIGINT)
    assert house.process.wait(60) == -signal.SIGINT
    assert not living(started) and "***" not in house.output.read_text() and house.output.read_text().endswith("demo: stopped\n")


def test_a_demo_of_another_version_says_how_to_be_rid_of_it(house):
    """Made by the tests before: it has run, and does not now."""
    file = house.top / "schemas/sql/0001_spine.sql"
    before = file.read_bytes()
    file.write_bytes(before + b"-- changed\n")
    try:
        assert house.run("make", "demo").wait(120) != 0
        assert f"{file.name} was applied to this database with another text (this demo is of another version of skillsd: " \
            "make demo-clean removes it)" in house.output.read_text()
    finally:
        file.write_bytes(before)


def test_skillsd_that_is_told_to_end_is_a_calm_end_and_nothing_is_left_after_cleaning(demo):
    sockets = (demo.here / "run").resolve()
    os.kill(int(demo.env()["SKILLSD_PID"]), signal.SIGTERM)
    assert demo.process.wait(60) == 0 and "demo: skillsd has ended with status 0" in demo.output.read_text()
    assert demo.clean() == 0
    assert demo.output.read_text() == "" and not (demo.top / "var").exists() and not sockets.exists()
