# SPDX-License-Identifier: Apache-2.0
"""People on pathways, to whom things happen by chance: in a house of their own, over REST. After each step what is answered of
who it happened to is held against the model, and now and then, once nothing is due, what is kept of everybody and what they were
awarded. All that is by chance comes from one seed; what passes by itself, from the clock."""
import collections
import random
import time
from datetime import UTC, datetime

from kit.awarded import award_differences
from kit.house import ACCOUNTS, Client, demo_house, wait_for
from kit.judging import at_once
from kit.progress import ALWAYS
from kit.stood import Expected, Facts, of_row, of_view, seconds
from kit.ways import WITH_MILESTONE, Maker, Way

PEOPLE = [ACCOUNTS["EMPLOYEE"], "jmarsh", "hnguyen", "asharma"]
RANKS, EARNED, SETTLE_EVERY = 4, 6, 80
TOLD = 60  # steps, by who is told of a failure
# What follows for awards comes when it comes.
LATE = """CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.owed_at := NEW.owed_at + greatest(0, random() * 2 - 1) * interval '1 second';
  RETURN NEW;
END $$;
CREATE TRIGGER late BEFORE UPDATE ON enrolment FOR EACH ROW WHEN (OLD.owed_at = 'infinity' AND NEW.owed_at < 'infinity') EXECUTE FUNCTION late()"""
DUE = """SELECT row_to_json(e)::text FROM enrolment e WHERE due_at <= now() OR owed_at < 'infinity'
  UNION ALL SELECT row_to_json(n)::text FROM enrolment_news n UNION ALL SELECT row_to_json(j)::text FROM job j WHERE state IN ('queued', 'running')"""
HAPPENED = "SELECT kind, count(*) FROM enrolment_event GROUP BY kind ORDER BY kind"


class Wrong(AssertionError):
    pass


class Quick(Client):
    """A client whose answers are not held against the document: others do that."""

    def ask(self, method, path, body=None, *, headers=(), params=(), **_):
        found = self.session.request(method, self.house.url + "/api/v1" + path, json=body, params=dict(params), timeout=60,
                                     headers={"Authorization": f"Bearer {self.token}", **dict(headers)})
        self.last = found
        return found


def moment(later):
    return datetime.fromtimestamp(time.time() + later, UTC).isoformat().replace("+00:00", "Z")


class Someone:
    """One of the people: what they were issued, by hand, and what they are on: {way: [enrolment, phase, begun on]}."""

    def __init__(self, client, id):
        self.client, self.id = client, id
        self.credentials = collections.defaultdict(lambda: collections.deque(maxlen=2))  # by achievement
        self.on, self.hand = {}, set()
        self.last, self.completed, self.between = None, {}, False  # what was so when they were looked at, and when they had completed what


class Wandering:
    def __init__(self, seed, postgres, settle_every=SETTLE_EVERY):
        self.seed, self.postgres, self.settle_every = seed, postgres, settle_every
        self.chance, self.steps, self.counts = random.Random(str(seed)), collections.deque(maxlen=TOLD), collections.Counter()

    # ---- the world

    def run(self, steps):
        with demo_house(postgres=self.postgres) as self.house:
            self.house.expects_errors = True  # it is killed
            self.furnish()
            try:
                for step in range(steps):
                    self.step(step)
                self.settle()
                self.counts.update(dict(self.house.sql(HAPPENED)))
            except BaseException:
                print(f"seed {self.seed}; the last steps:\n" + "\n".join(self.steps))
                print("due: " + "\n".join(one for one, in self.house.sql(DUE)) + "\n" + self.house.log()[-TOLD * 100:])
                raise
        return self.counts

    def client(self, username):
        signed = self.house.sign_in(username)
        return Quick(self.house, signed.token)

    def furnish(self):
        house = self.house
        house.sql(LATE)
        for username in PEOPLE:
            house.set_password(username)
        self.hr, self.issuer = self.client(ACCOUNTS["HR"]), self.client(ACCOUNTS["ISSUER"])
        ids = {one["username"]: one["id"] for one in self.hr.pages("/people", limit=500)}
        self.people = [Someone(self.client(username), ids[username]) for username in PEOPLE]
        self.hr.post("/frameworks", {"code": "W", "name": "Wandering"})
        skills = [self.hr.post("/skills", {"framework": "W", "code": f"W{n}", "label": f"Skill {n}"})["id"] for n in range(2)]
        proves = [[(0, 2)], [(0, 4)], [(1, 1), (0, 1)]]
        self.earned = [self.achievement([(skills[n], level) for n, level in (proves[k] if k < len(proves) else [])]) for k in range(EARNED)]
        self.maker = Maker(self.chance, self.earned, [(skill, level) for skill in skills for level in (1, 2, 3)])
        self.ways = []
        for rank in range(RANKS):
            self.make(rank)

    def achievement(self, skills=()):
        body = {"name": "Earned 🏅", "state": "published", "skills": [{"skill": skill, "level": level} for skill, level in skills]}
        return self.hr.post("/achievements", body)["id"]

    def make(self, rank):
        way = Way(rank, [self.achievement(), self.achievement()], {name: self.achievement() for name in WITH_MILESTONE})
        body = self.maker.body(way, self.lower(rank))
        said = {name: value for name, value in body.items() if value is not None}
        way.published(self.issuer.post("/pathways", said), body, ALWAYS)
        self.ways.append(way)

    def lower(self, rank):
        return [way for way in self.ways if way.rank < rank and not way.is_archived]

    # ---- steps

    KINDS = {"issue": 18, "issue_for_a_while": 14, "revoke": 6, "suspend": 8, "reinstate": 10, "replace": 4, "prove": 12, "publish": 4,
             "archive": 0.2, "enrol": 10, "invite": 3, "accept": 8, "pause": 2, "resume": 5, "leave": 7, "turn_award": 1.5, "at_once": 3,
             "wait": 1, "kill": 0.15}

    def step(self, number):
        kind, = self.chance.choices([*self.KINDS], [*self.KINDS.values()])
        someone = self.chance.choice(self.people)
        self.counts[kind] += 1
        self.steps.append(f"{number} of {self.people.index(someone)}: {kind}")
        getattr(self, "do_" + kind)(someone)
        self.look(someone)
        if number % self.settle_every == self.settle_every - 1:
            self.settle()

    def say(self, what):
        self.steps[-1] += f" {what}"

    def asks(self, client, path, body=None, gives=(200, 201, 409), method="POST"):
        """The answer where it is one of these; what it says where it is done."""
        found = client.ask(method, path, body, headers={"If-Match": "*"} if method == "PATCH" else ())
        self.say(f"{path} {found.status_code}")
        if found.status_code not in gives:
            raise Wrong(f"{method} {path} {body}: {found.status_code} {found.text}")
        return found.json() if found.status_code < 300 else None

    def issuing(self, someone, **fields):
        """What issues them something, by a client; chosen now. Of what they have had of it for long nothing is left."""
        achievement = self.chance.choice(self.earned)
        known = someone.credentials[achievement]

        def do(client):
            if len(known) == known.maxlen:
                self.asks(client, f"/credentials/{known.popleft()}/revoke", {"reason": "x"})
            made = self.asks(client, "/credentials", {"person": someone.id, "achievement": achievement, **fields})
            known.append(made["id"])
        return do

    def turning(self, someone, verb, **fields):
        """The same for all that they were issued of an achievement lately; that is replaced: the last one, unless it begins later than
        the new one shall end."""
        known = someone.credentials[self.chance.choice(self.earned)]

        def do(client):
            for number, credential in enumerate([*known][-1 if verb == "replace" else 0:]):
                if number and client is self.issuer:  # what was so for that moment was seen then
                    self.look(someone)
                made = self.asks(client, f"/credentials/{credential}/{verb}", fields or None, gives=(200, 201, 400, 409))
                if verb == "replace" and made:
                    known.append(made["id"])
        return do

    def do_issue(self, someone):
        self.issuing(someone, **({"valid_from": f"20{self.chance.randint(10, 25)}-01-01"} if self.chance.random() < 0.3 else {}))(self.issuer)

    def do_issue_for_a_while(self, someone):
        begin, lasts = self.chance.choice([-1000000, 0.3, 1]), self.chance.choice([0.3, 1, 2, 5])
        self.issuing(someone, valid_from=moment(begin), expires_at=moment(max(begin, 0) + lasts))(self.issuer)

    def do_revoke(self, someone):
        self.turning(someone, "revoke", reason="x")(self.issuer)

    def do_suspend(self, someone):
        self.turning(someone, "suspend", reason="x")(self.issuer)

    def do_reinstate(self, someone):
        self.turning(someone, "reinstate")(self.issuer)

    def do_replace(self, someone):
        until = {"expires_at": moment(self.chance.choice([0.5, 2, 1000]))} if self.chance.random() < 0.5 else {}
        self.turning(someone, "replace", reason="x", **until)(self.issuer)

    def do_at_once(self, someone):
        """Two at once of what counts."""
        deeds = [self.issuing(someone), self.turning(someone, "revoke", reason="x"), self.turning(someone, "suspend", reason="x"),
                 self.turning(someone, "reinstate")]
        done = at_once(*(lambda deed=deed: deed(self.issuer.twin()) or True for deed in self.chance.sample(deeds, 2)))
        someone.between = True
        if None in done:
            self.wrong("one of two at once failed")

    def do_wait(self, someone):
        time.sleep(self.chance.choice([0.1, 0.4, 1.2]))

    def do_kill(self, someone):
        self.house.kill()
        self.house.start(migrate=False)

    # ---- pathways

    def do_publish(self, someone):
        way = self.chance.choice([way for way in self.ways if not way.is_archived])
        body = self.maker.body(way, self.lower(way.rank))
        later = self.chance.choice([None, None, 0.5, 2, 10])
        keep = {"keep_until": moment(later)} if later else {}
        made = self.asks(self.issuer, f"/pathways/{way.id}", {**body, **keep}, method="PATCH", gives=(200,))
        way.published(made, body, seconds(keep["keep_until"]) if keep else ALWAYS)

    def do_archive(self, someone):
        way = self.chance.choice([way for way in self.ways if not way.is_archived])
        self.asks(self.issuer, f"/pathways/{way.id}", {"state": "archived"}, method="PATCH", gives=(200,))
        way.is_archived = True
        self.make(way.rank)

    def begin(self, someone, client, phase, **body):
        way = self.chance.choice([*(way for way in self.ways if not way.is_archived), self.chance.choice(self.ways)])
        refused = way in someone.on or way.is_archived
        made = self.asks(client, f"/pathways/{way.id}/enrolments", body or None, gives=(409,) if refused else (201,))
        if made:
            someone.on[way] = [made["id"], phase, way.newest]

    def do_enrol(self, someone):
        self.begin(someone, someone.client, "active")

    def do_invite(self, someone):
        self.begin(someone, self.hr, "invited", person=someone.id)

    def turn(self, someone, verb, phases, to):
        """Who has completed it meanwhile does not pause or leave."""
        ways = [way for way, (_, phase, _) in someone.on.items() if phase in phases]
        if not ways:
            return
        way = self.chance.choice(ways)
        if self.asks(someone.client, f"/enrolments/{someone.on[way][0]}/{verb}"):
            if to:
                someone.on[way][1] = to
            else:
                del someone.on[way]

    def do_accept(self, someone):
        self.turn(someone, "accept", ["invited"], "active")

    def do_pause(self, someone):
        self.turn(someone, "pause", ["active"], "paused")

    def do_resume(self, someone):
        self.turn(someone, "resume", ["paused"], "active")

    def do_leave(self, someone):
        self.turn(someone, "leave", ["invited", "active", "paused"], None)

    def do_prove(self, someone):
        """Something that was done outside: offered, and accepted or not."""
        open_steps = [(way, node["id"]) for way, (_, phase, _) in someone.on.items() if phase == "active"
                      for node in way.versions[way.newest].nodes if node["kind"] == "proof"]
        if not open_steps:
            return
        way, node = self.chance.choice(open_steps)
        offered = self.asks(someone.client, f"/enrolments/{someone.on[way][0]}/proofs", {"node": node, "text": "x"}, gives=(201, 400, 409))
        if offered:
            verb = self.chance.choice(["accept", "accept", "refuse"])
            self.asks(self.hr, f"/proofs/{offered['id']}/{verb}", gives=(200,))

    def do_turn_award(self, someone):
        """By hand, of what a pathway gave."""
        given = self.house.sql("SELECT DISTINCT v.credential_id::text FROM enrolment_event v JOIN enrolment e ON e.id = v.enrolment_id"
                               " WHERE e.person_id = %s AND v.kind = 'awarded' ORDER BY 1", someone.id)
        if given:
            (credential,), verb = self.chance.choice(given), self.chance.choice(["revoke", "suspend", "reinstate"])
            someone.hand.add(credential)
            self.asks(self.issuer, f"/credentials/{credential}/{verb}", None if verb == "reinstate" else {"reason": "x"})

    # ---- what has to be so

    def wrong(self, what):
        raise Wrong(f"with the seed {self.seed}, after {self.steps[-1]!r}: {what}")

    def look(self, someone):
        """What they are told is right at once."""
        for _ in range(50):
            before, begun = Facts(self.house, [someone.id]), time.time()
            items = someone.client.get("/me/pathways", limit=100)["items"]
            ended, after = time.time(), Facts(self.house, [someone.id])
            if before.same(after):  # no award came in between
                break
        else:
            self.wrong("no moment of peace")
        if {item["id"] for item in items} != {id for id, _, _ in someone.on.values()}:
            self.wrong(f"{items} instead of {someone.on}")
        moments = self.moments(after, begun, ended)
        tries = [self.view_differences(someone, items, after, at) for at in moments]
        if all(tries):
            self.wrong(f"{tries[0]}; at {moments}, {items}")
        self.look_since(someone, items, after)

    def moments(self, facts, begun, ended):
        """At any of them the answer may have been made."""
        kept = {version.keep_until for way in self.ways for version in way.versions.values()}
        return [ended, *(time - 1e-6 for time in facts.changes() | kept if begun - 0.001 < time <= ended + 0.001)]

    def expected(self, someone, way, number, facts, at, enrolled):
        _, phase, begun = someone.on[way]
        return Expected(way, someone.id, phase, begun, number, facts, at, enrolled, {one.id for one in self.ways if one.is_archived})

    def view_differences(self, someone, items, facts, at):
        enrolled = {item["pathway"]["id"]: of_view(item) for item in items}
        ways = {way.id: way for way in someone.on}
        return [f"rank {ways[item['pathway']['id']].rank}: {what}" for item in items for what in self.expected(
            someone, ways[item["pathway"]["id"]], item["pathway"]["version"], facts, at, enrolled).view_differences(item)]

    def completed_by_then(self, someone, facts, enrolled, at, items):
        """What they were on, had nothing happened since but that time passed: what is within comes first."""
        then, ways = dict(enrolled), {way.id: way for way in someone.on}
        for item in sorted(items, key=lambda item: ways[item["pathway"]["id"]].rank):
            way, (state, _, _) = ways[item["pathway"]["id"]], enrolled.get(item["pathway"]["id"], (None, None, None))
            standing = self.expected(someone, way, item["pathway"]["version"], facts, at, then).standing
            if state == "active" and standing.is_complete:
                then[way.id] = "completed", max(standing.since, seconds(item["created_at"])), 100
        return then

    def look_since(self, someone, items, facts):
        """Completed since what was needed was there, or since they began: as it was when that was seen, before the step, by what came
        with time alone, after, or in between."""
        enrolled = {item["pathway"]["id"]: of_view(item) for item in items}
        known, someone.completed = someone.completed, {}
        between, someone.between = someone.between, False  # two things happened, and it may have been so for a moment
        last, someone.last = someone.last, (facts, enrolled)
        for item in items:
            if item["state"] != "completed":
                continue
            someone.completed[item["id"]] = item["completed_at"]
            if known.get(item["id"]) == item["completed_at"]:
                continue
            at, = self.house.sql("SELECT extract(epoch FROM at)::float8 FROM enrolment_event WHERE enrolment_id = %s AND kind = 'completed'"
                                 " ORDER BY id DESC LIMIT 1", item["id"])[0]
            way = next(way for way in someone.on if way.id == item["pathway"]["id"])
            tries = [(facts, enrolled)]
            if last:
                then = self.completed_by_then(someone, *last, at, items)
                tries += [last, (last[0], then), (facts.and_before(last[0]), then)]
            found = [max(self.expected(someone, way, item["pathway"]["version"], some, at, on).standing.since, seconds(item["created_at"]))
                     for some, on in tries]
            if not between and min(abs(one - seconds(item["completed_at"])) for one in found) > 2e-6:
                self.wrong(f"completed at {item['completed_at']}, not {[str(one) if one > 1e11 else moment(one - time.time()) for one in found]}: {item}")

    def settle(self):
        """Nothing is due, and then what is kept is what the model says, for everybody at one moment; and so are awards."""
        people = {one.id: one for one in self.people}

        def idle():
            facts = Facts(self.house, people)
            return facts.is_idle and facts
        facts = wait_for("nothing is due", idle)
        self.counts["settled"] += 1
        for someone in self.people:
            rows = {row["pathway"]: row for row in facts.enrolments if row["person"] == someone.id}
            enrolled = {pathway: of_row(row) for pathway, row in rows.items()}
            if {row["id"] for row in rows.values()} != {id for id, _, _ in someone.on.values()}:
                self.wrong(f"{rows} instead of {someone.on}")
            for way in someone.on:
                row = rows[way.id]
                expected = self.expected(someone, way, row["number"], facts, facts.now, enrolled)
                if found := expected.differences(row):
                    self.wrong(f"kept of rank {way.rank}: {found}; {row}")
            for way in self.ways:
                if found := award_differences(self.house, someone, way, rows.get(way.id), facts, enrolled):
                    self.wrong(f"awards of rank {way.rank}: {found}; {rows.get(way.id)}")
