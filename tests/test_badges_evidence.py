# SPDX-License-Identifier: Apache-2.0
"""What of the evidence a badge carries is its holder's choice: on the page and in every form. The credential says all of it
to those who may read that."""
import threading

from kit.badges import b64url, house, programme, verify_jws, verify_proof  # noqa: F401 fixtures

PIECES = [{"name": f"Piece {letter}", "url": f"https://example.org/{letter}", "narrative": f"Words {letter}"} for letter in "abc"]


def choose(programme, credential, places, gives=200):
    return programme.holder.patch(f"/credentials/{credential['id']}", {"shown_evidence": places}, "*", gives=gives)


def form_of(programme, credential, form):
    programme.badge(credential, format=form)
    return programme.stranger.last.content


def letters(found):
    return "".join(letter for letter in "abc" if f"Words {letter}".encode() in found or f"Piece {letter}".encode() in found)


def shown(programme, credential):
    """What strangers get of the pieces, and that it is the same in all forms."""
    found = {letters(form_of(programme, credential, form)) for form in ("html", "ob3", "ob2", "png", "svg", "ob2-png", "ob2-svg")}
    found |= {letters(b64url(form_of(programme, credential, form).decode().split(".")[1])) for form in ("jwt", "ob2-jws")}
    assert len(found) == 1
    return found.pop()


def test_the_badge_carries_what_its_holder_chose(programme):
    made = programme.issue(evidence=PIECES)
    did, jwks = programme.stranger.get("/.well-known/did.json"), programme.stranger.get("/.well-known/jwks.json")
    assert shown(programme, made) == "abc" and "shown_evidence" not in made
    for places, carried in ([2, 0], "ac"), ([1, 1], "b"), ([], ""), (None, "abc"):
        said = choose(programme, made, places)
        kept = {} if places is None else {"shown_evidence": sorted(set(places))}
        assert said == {**made, **kept} == programme.hr.get(f"/credentials/{made['id']}")
        assert shown(programme, made) == carried
        verify_proof(programme.badge(made, format="ob3"), did)
        verify_jws(form_of(programme, made, "jwt").decode(), jwks)


def test_forms_are_made_anew_for_another_choice_alone(programme):
    made = programme.issue(evidence=PIECES)
    choose(programme, made, [0])
    before = form_of(programme, made, "ob3")
    choose(programme, made, [0])
    programme.holder.patch(f"/credentials/{made['id']}", {"response": "accepted"}, "*")
    assert form_of(programme, made, "ob3") == before
    choose(programme, made, [1])
    assert form_of(programme, made, "ob3") != before


def test_what_is_no_place_in_the_evidence_is_named_and_others_do_not_choose(programme):
    made = programme.issue(evidence=PIECES)
    for wrong, field in ([3], "/0"), ([0, -1], "/1"), (["0"], "/0"), ([0.5], "/0"), ([10**15], "/0"), ("x", ""), ({}, ""):
        assert [error["field"] for error in choose(programme, made, wrong, gives=400)["errors"]] == [f"/shown_evidence{field}"]
    for client, status in (programme.hr, 403), (programme.issuer, 403), (programme.colleague, 404), (programme.stranger, 401):
        client.patch(f"/credentials/{made['id']}", {"shown_evidence": []}, "*", gives=status)
    assert choose(programme, programme.issue(), [])["shown_evidence"] == [] and shown(programme, made) == "abc"


def test_all_of_much_evidence_can_be_chosen(programme):
    made = programme.issue(evidence=[{"narrative": f"Words {number}"} for number in range(50)])
    assert len(programme.badge(choose(programme, made, list(range(1, 50))), format="ob3")["evidence"]) == 49


def test_a_choice_needs_the_etag_of_what_was_read(programme):
    made = programme.issue(evidence=PIECES)
    path = f"/credentials/{made['id']}"
    programme.holder.get(path)
    first = programme.holder.last.headers["ETag"]
    programme.holder.patch(path, {"shown_evidence": [0]}, first)
    second = programme.holder.last.headers["ETag"]
    programme.holder.patch(path, {"shown_evidence": [1]}, first, gives=412)
    programme.holder.patch(path, {"shown_evidence": [1]}, second)
    assert shown(programme, made) == "b"


def test_the_choice_holds_for_the_one_that_takes_its_place(programme):
    def replace(credential, **fields):
        return programme.issuer.post(f"/credentials/{credential['id']}/replace", {"reason": "x", **fields}, gives=201)
    made = programme.issue(evidence=PIECES)
    choose(programme, made, [1])
    new = replace(made)
    assert new["shown_evidence"] == [1] and shown(programme, new) == "b"
    other = replace(new, evidence=PIECES[:2])
    assert other["shown_evidence"] == [] and shown(programme, other) == "", "nobody has chosen of these"
    assert "shown_evidence" not in replace(programme.issue(evidence=PIECES), evidence=PIECES[:2])


def test_a_choice_while_it_is_replaced_is_not_lost(programme):
    for _ in range(5):
        made, start, said = programme.issue(evidence=PIECES), threading.Barrier(2), []

        def hide(made=made, start=start, said=said):
            start.wait()
            said.append(programme.holder.ask("PATCH", f"/credentials/{made['id']}", {"shown_evidence": []}, headers={"If-Match": "*"}))
        thread = threading.Thread(target=hide)
        thread.start()
        start.wait()
        new = programme.issuer.post(f"/credentials/{made['id']}/replace", {"reason": "x"}, gives=201)
        thread.join()
        in_time = said[0].status_code == 200 and said[0].json()["state"] == "active"
        assert said[0].status_code in (200, 412) and (new.get("shown_evidence") == []) == in_time


def test_it_stands_in_the_story_the_audit_and_the_export(programme, house):
    made = programme.issue(evidence=PIECES)
    choose(programme, made, [1])
    words = {"visibility": "public", "response": "pending", "shown_evidence": [1]}
    assert programme.holder.get(f"/credentials/{made['id']}/events")["items"][-1]["said"] == words
    entry, = house.sql("SELECT detail FROM audit_entry WHERE object = %s AND action = 'credential.show'", made["id"])
    assert entry == (words,)
    held, = (one for one in programme.holder.get(f"/people/{made['person']['id']}/export")["credentials"] if one["id"] == made["id"])
    assert held["shown_evidence"] == [1] and held["events"][-1]["said"] == words and len(held["evidence"]) == 3
