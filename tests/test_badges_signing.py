# SPDX-License-Identifier: Apache-2.0
"""Between the daemon and skillsd-sign: connections that are kept, a signer that is killed and comes back as another one,
keys that end elsewhere."""
import signal
from concurrent.futures import ThreadPoolExecutor

from kit.badges import HOLDER, house, new_key, programme, verify_proof  # noqa: F401 fixtures
from kit.gate import wait_until
from kit.house import ACCOUNTS, BASE

MANY = 6


def issue_many(programme, achievement):
    """At once, so that as many connections are kept afterwards; gives their badges."""
    clients = [programme.issuer.twin() for _ in range(MANY)]
    with ThreadPoolExecutor(MANY) as pool:
        made = list(pool.map(lambda client: client.issue(HOLDER, achievement["id"]), clients))
    return [programme.badge(one) for one in made]


def method(badge):
    return badge["proof"][0]["verificationMethod"]


def connections(house):
    """How many the signer has open, but for its listener."""
    rows = open("/proc/net/unix").read().splitlines()
    return sum(row.endswith(f" {house.signer.path}") and row.split()[5] == "03" for row in rows)


def test_connections_are_kept_and_no_more_than_are_needed(house, programme):
    achievement = programme.achievement()
    programme.issue(achievement=achievement)
    before = connections(house)
    for _ in range(20):
        programme.issue(achievement=achievement)
    assert connections(house) == before >= 1


def test_a_signer_that_is_killed_and_comes_back_with_other_keys_is_found_without_a_failure(house, programme):
    achievement = programme.achievement()
    before = {method(badge) for badge in issue_many(programme, achievement)}
    for _ in range(3):
        house.signer.stop(signal.SIGKILL)
        for path in house.signer.keys.glob("*.pem"):
            path.unlink()
        new_key(house, "ed25519")
        house.signer.start()
        badges = issue_many(programme, achievement)
        did = programme.stranger.get("/.well-known/did.json")
        for badge in badges:
            verify_proof(badge, did)
        signers = {method(badge) for badge in badges}
        assert len(signers) == 1 and not signers & before
        before |= signers


def test_a_key_that_is_retired_by_another_process_signs_not_one_more(house, programme):
    achievement = programme.achievement()
    key = new_key(house, "ed25519")
    old = method(programme.badge(programme.issue(achievement=achievement)))
    assert programme.hr.get(f"/keys/{key}")["verification_method"] == old
    new_key(house, "ed25519")
    assert house.command("key", "retire", key).returncode == 0
    assert all(method(badge) != old for badge in issue_many(programme, achievement))
    assert key not in house.signer.list()


def test_a_key_that_skillsd_sign_has_made_by_itself_is_added_by_what_it_printed(house, programme):
    key, other = house.signer.new("ed25519"), house.signer.new("p256")
    words = key.line.split()
    school = house.sign_in(ACCOUNTS["ADMIN"]).post("/issuers", {"name": "School", "groups": [f"cn=issuers,ou=groups,{BASE}"]}, gives=201)["id"]
    for bad in ([*words[:3], other.line.split()[3]], [words[0], "p256", *words[2:]], [words[0], words[1], "checkpoint", words[3]],
                ["x", *words[1:]], [*words[:3], words[3][:-8]], [*words, "nobody"]):
        done = house.command("key", "add", *bad)
        assert done.returncode == 1 and done.stderr.startswith("skillsd key: "), bad
    assert house.command("key", "add", *words[:3]).returncode == 2
    done = house.command("key", "add", *words, school)
    assert (done.returncode, done.stdout.strip()) == (0, key.id), done.stderr
    assert house.command("key", "add", *words).returncode == 1
    badge = programme.badge(programme.issue(achievement=programme.achievement(issuer=school)))
    verify_proof(badge, programme.stranger.get(f"/issuers/{school}/did.json"))


def test_where_its_file_cannot_be_put_away_it_is_said_and_the_key_has_ended_all_the_same(house, programme):
    key = new_key(house, "ed25519")
    (house.signer.keys / f"{key}.pem").unlink()
    done = house.command("key", "revoke", key)
    assert done.returncode == 1 and f"{key}.pem is still where skillsd-sign reads it" in done.stderr
    assert programme.hr.get(f"/keys/{key}")["state"] == "revoked"
    new_key(house, "ed25519")


def test_nothing_is_issued_by_half_while_the_signer_is_killed_under_load(house, programme):
    achievement = programme.achievement()
    clients = [programme.issuer.twin() for _ in range(2)]
    house.expects_errors = True

    def ask(client):
        answer = client.ask("POST", "/credentials", {"person": HOLDER, "achievement": achievement["id"]})
        assert answer.status_code in (201, 503), answer.text
        return [answer.json()["id"]] if answer.status_code == 201 else []
    with ThreadPoolExecutor(2) as pool:
        asked = pool.map(lambda number: ask(clients[number % 2]), range(60))
        for _ in range(3):
            house.signer.stop(signal.SIGKILL)
            house.signer.start()
        made = sorted(one for ids in asked for one in ids)
    listed = programme.issuer.pages("/credentials", achievement=achievement["id"], limit=500)
    assert sorted(one["id"] for one in listed) == made and made
    for one in made:
        verify_proof(programme.badge({"id": one}), programme.stranger.get("/.well-known/did.json"))
    wait_until(lambda: ask(clients[0]))
