# SPDX-License-Identifier: Apache-2.0
"""What pathways awarded, held against their story: one award for each completion that had none, and what became of it when a part
was lost is what the version says by which it was given."""
from kit.progress import Standing

STORY = """SELECT v.kind, v.number, v.enrolment_id::text, v.credential_id::text, c.achievement_id::text FROM enrolment_event v
  JOIN enrolment e ON e.id = v.enrolment_id LEFT JOIN credential c ON c.id = v.credential_id
  WHERE e.person_id = %s AND e.pathway_id = %s ORDER BY v.id"""
GIVEN = "SELECT id::text, achievement_id::text, state FROM credential WHERE person_id = %s AND achievement_id = ANY (%s::uuid[])"


class Story:
    """Of one person on one way, through all their enrolments: what it says must follow of each other."""

    def __init__(self, way, events):
        self.way, self.found = way, []
        self.given, self.milestones = [], []
        self.last, self.newest = {}, None  # whether it was completed or lost: of each enrolment, and of all
        self.held = None  # (credential, achievement) that was given and not taken back since
        for kind, number, enrolment, credential, achievement in events:
            getattr(self, "at_" + kind, lambda *_: None)(enrolment, number, credential, achievement)

    def must(self, so, what):
        if not so:
            self.found.append(what)

    def at_completed(self, enrolment, *_):
        self.must(self.last.get(enrolment) != "completed", "completed twice")
        self.last[enrolment] = self.newest = "completed"

    def at_lost(self, enrolment, *_):
        self.must(self.last.get(enrolment) == "completed", "lost and not completed before")
        self.last[enrolment] = self.newest = "lost"

    def at_awarded(self, enrolment, number, credential, achievement):
        self.must(self.last.get(enrolment) == "completed", "awarded and not completed")
        self.must(achievement == self.way.versions[number].achievement, f"awarded what version {number} does not give")
        self.must(self.held is None or self.held[1] != achievement, "awarded twice")
        self.held = credential, achievement
        self.given.append(credential)

    def at_reinstated(self, enrolment, number, credential, achievement):
        self.must(self.last.get(enrolment) == "completed", "reinstated and not completed")
        self.must(self.held == (credential, achievement), "reinstated and not held")

    def at_suspended(self, enrolment, number, credential, achievement):
        self.must(self.newest == "lost", "suspended and not lost")
        self.must(self.held == (credential, achievement), "suspended and not held")

    def at_revoked(self, *event):
        self.at_suspended(*event)
        self.held = None

    def at_milestone(self, enrolment, number, credential, achievement):
        self.milestones.append(achievement)
        self.given.append(credential)


def award_differences(house, someone, way, row, facts, enrolled):
    """In words, once nothing is due; none: it is right. `row`: of their enrolment, or None."""
    story = Story(way, house.sql(STORY, someone.id, way.id))
    credentials = house.sql(GIVEN, someone.id, [*way.wholes, *way.milestones.values()])
    story.must(sorted(story.given) == sorted(id for id, _, _ in credentials), f"given {story.given}, held {credentials}")
    story.must(len({*story.milestones}) == len(story.milestones), "a milestone twice")
    if row:
        story.must((story.last.get(row["id"]) == "completed") == (row["state"] == "completed"), "its story ends otherwise")
        story.must(row["told"] == (row["state"] == "completed"), "told otherwise")
        row_differences(story, someone, way, row)
        milestone_differences(story, someone, way, row, facts, enrolled)
    return story.found


def row_differences(story, someone, way, row):
    is_complete, by_hand = row["state"] == "completed", row["credential"] in someone.hand
    wanted = way.versions[row["number"]].achievement
    if is_complete and wanted:
        story.must(row["credential_achievement"] == wanted, "completed without what it gives")
        story.must(by_hand or row["credential_state"] == "active" and not row["held_back"], "completed, and what it gave is not good")
    elif not is_complete and row["credential"]:
        lost = way.versions[row["awarded"]].lost
        story.must(by_hand or lost != "revoke", "lost, and not revoked")
        story.must(by_hand or row["credential_state"] == {"keep": "active", "suspend": "suspended"}.get(lost), f"lost, and not as {lost} says")


def milestone_differences(story, someone, way, row, facts, enrolled):
    """What is reached now has been told of."""
    if row["state"] not in ("active", "completed"):
        return
    version = way.versions[row["number"]]
    standing = Standing(version.nodes, version.enforced, facts.of(someone.id, way.id, version.nodes, facts.now, enrolled))
    for node in version.nodes:
        if "milestone" in node and standing.is_done(node["id"]):
            story.must(node["milestone"] in story.milestones, f"reached {node['id']} without its milestone")
