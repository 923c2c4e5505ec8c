# SPDX-License-Identifier: Apache-2.0
"""Pathways by chance: graphs with groups in groups, choices, what is optional, an order, milestones, and pathways within."""
from kit.progress import Version

NAMES = "abcdefgh"  # the same in each version, so that nodes stay and become something else
WITH_MILESTONE = "aceg"
WEIGHTS = [0, 1, 1, 1, 2, 3, 7]


class Way:
    """A pathway of a rank: what is within it, or earned by it, is of lower ones."""

    def __init__(self, rank, wholes, milestones):
        self.rank, self.wholes, self.milestones = rank, wholes, milestones
        self.id, self.versions, self.is_archived = None, {}, False

    newest = property(lambda self: max(self.versions))

    def published(self, answer, body, keep_until):
        self.id = answer["id"]
        self.versions.setdefault(answer["version"], Version(body["nodes"], body["enforced"], body["lost"], body["achievement"], keep_until))


class Maker:
    """chance: a random.Random; achievements: ids to be earned; skills: [(id, level)]."""

    def __init__(self, chance, achievements, skills):
        self.chance, self.achievements, self.skills = chance, achievements, skills

    def body(self, way, lower):
        """Of a version. `lower`: the ways of lower ranks."""
        chance = self.chance
        return {"name": f"Rank {way.rank} 🧭 {chance.random()}", "state": "published", "enforced": chance.random() < 0.5,
                "lost": chance.choice(["keep", "suspend", "revoke"]), "achievement": chance.choice([*way.wholes[:1] * 5, *way.wholes, None]),
                "nodes": self.nodes(way, lower)}

    def nodes(self, way, lower):
        """Whatever a node comes after or is within stands before it; so there are no circles."""
        made, count = [], min(self.chance.randint(1, len(NAMES)) for _ in range(2))
        for place, name in enumerate(NAMES[:count]):
            is_group = self.chance.random() < 0.25 and count - place > 2
            made.append({"id": name, **({"kind": "group"} if is_group else self.step(name, way, lower))})
        self.arrange(made)
        for node in made:
            self.dress(node, made, way)
        self.needed(made)
        return made

    def step(self, name, way, lower):
        """What it stands for."""
        kind = self.chance.choice(["achievement"] * 4 + ["skill", "skill", "proof", "pathway" if lower else "achievement"])
        if kind == "pathway":
            return {"kind": kind, "pathway": self.chance.choice(lower).id}
        if kind == "skill":
            skill, level = self.chance.choice(self.skills)
            return {"kind": kind, "skill": skill, "level": level}
        if kind == "proof":
            return {"kind": kind, "name": f"Proof {name}"}
        return {"kind": kind, "achievement": self.chance.choice([*self.achievements * 2, *(one.wholes[0] for one in lower)])}

    def arrange(self, made):
        """Each group has the next one in it, and perhaps more, until one is outside; of some so many are needed."""
        groups = []  # that are open, the innermost last
        for place, node in enumerate(made):
            is_first = place and made[place - 1]["kind"] == "group"
            while groups and not is_first and self.chance.random() < 0.3:
                groups.pop()
            if groups:
                node["within"] = groups[-1]
            if node["kind"] == "group":
                groups.append(node["id"])
        for group in made:
            if group["kind"] == "group" and self.chance.random() < 0.6:
                inside = sum(node.get("within") == group["id"] for node in made)
                group["need"] = min(inside, self.chance.choice([1, 2, 2, 3]))

    def dress(self, node, made, way):
        chance, place = self.chance, made.index(node)
        around = set(self.around(node, made))
        before = [one["id"] for one in made[:place] if one["id"] not in around]
        after = chance.sample(before, min(len(before), chance.choice([0, 0, 1, 1, 2])))
        node.update({"weight": chance.choice(WEIGHTS)}, **({"after": after} if after else {}))
        if chance.random() < 0.2:
            node["optional"] = True
        if node["id"] in way.milestones and chance.random() < 0.5:
            node["milestone"] = way.milestones[node["id"]]

    @staticmethod
    def around(node, made):
        """The groups that it is in."""
        while "within" in node:
            node = next(one for one in made if one["id"] == node["within"])
            yield node["id"]

    @staticmethod
    def needed(made):
        """Something is, whatever else is optional."""
        step = next(node for node in made if node["kind"] != "group")
        names = {step["id"], *Maker.around(step, made)}
        for node in made:
            if node["id"] in names:
                node.pop("optional", None)
