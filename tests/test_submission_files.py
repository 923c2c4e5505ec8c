# SPDX-License-Identifier: Apache-2.0
"""Files that are handed in: what they may be, whose they are, how they lie on disk and are served, and that none stays that nobody
names: not after the daemon was killed either."""
import hashlib
import http.client
import io
import itertools
import os
import stat
import threading
import urllib.parse
import zipfile

import pytest
from kit.house import ACCOUNTS, BASE, demo_house, wait_for

numbers = itertools.count(1)
ME, MANAGER = "jmarsh", ACCOUNTS["MANAGER"]
PDF, PNG, JPEG = b"%PDF-1.7\n\x00\xff binary", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, b"\xff\xd8\xff\xe0" + b"\1" * 20
WORDS = "Ünïcode 😀\r\n\ttext\n".encode()
FILE = {"kind": "file", "name": "Certificate"}
LONG = 180  # longer than it takes until the daemon tidies


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("word/document.xml", "<x/>")
    return out.getvalue()


@pytest.fixture(scope="module")
def house(postgres):
    leaver = f"dn: uid=goer,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: goer\ncn: Goer Gone\nsn: x"
    with demo_house({"submissions": {"folder": "files", "max_size_all": 100000, "max_size": 60000}}, leaver, postgres=postgres) as house:
        for name in ME, "goer":
            house.set_password(name)
        yield house


@pytest.fixture(scope="module")
def hr(house):
    return house.sign_in(ACCOUNTS["HR"])


@pytest.fixture(scope="module")
def me(house):
    return house.sign_in(ME)


def draft(client, hr, *prompts, more=()):
    """One, and the ids of its prompts."""
    made = hr.post("/achievements", {"name": f"Filed {next(numbers)}", "state": "published",
                                     "assessment": {"prompts": list(prompts or (FILE,)) + list(more)}}, gives=201)
    return client.post("/submissions", {"achievement": made["id"]}, gives=201)["id"], [one["id"] for one in made["assessment"]["prompts"]]


def send(client, submission, prompt, data, name="a.pdf", gives=201, **headers):
    return client.expect(gives, "POST", f"/submissions/{submission}/files", data=data, params={"prompt": prompt, "name": name},
                         headers={"Content-Type": "application/octet-stream", **headers})


def place(house, data):
    digits = hashlib.sha256(data).hexdigest()
    return house.folder / "files" / digits[:2] / digits


def step(client, submission, verb):
    return client.expect(200, "POST", f"/submissions/{submission}/{verb}", headers={"If-Match": "*"})


# ---- what they may be

@pytest.mark.parametrize("data, kind", [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg"), (archive(), "application/zip"),
                                        (WORDS, "text/plain"), (b"<script>alert(1)</script>", "text/plain")], ids=["pdf", "png", "jpeg", "zip", "text", "script"])
def test_a_file_is_what_its_bytes_say_and_comes_back_as_it_was(house, hr, me, data, kind):
    made, (prompt,) = draft(me, hr)
    etag = me.get(f"/submissions/{made}") and me.last.headers["ETag"]
    got = send(me, made, prompt, data, name="Ümläut \"x\" 😀.html", **{"Content-Type": "text/html"})
    file, = got["files"]
    assert (file["name"], file["type"], file["size"], file["prompt"]) == ("Ümläut \"x\" 😀.html", kind, len(data), prompt)
    assert got["answers"] == {prompt: {"files": [file["id"]]}} and me.last.headers["ETag"] != etag
    assert me.last.headers["Location"] == f"/api/v1/submissions/{made}/files/{file['id']}"
    back = me.ask("GET", me.last.headers["Location"])
    assert (back.status_code, back.content) == (200, data)
    assert back.headers["Content-Type"] == "application/octet-stream" and back.headers["X-Content-Type-Options"] == "nosniff"
    kept = urllib.parse.quote(file["name"], safe="")
    assert back.headers["Content-Disposition"] == f"attachment; filename=\"mlut__x__.html\"; filename*=UTF-8''{kept}"
    assert "sandbox" in back.headers["Content-Security-Policy"] and "default-src 'none'" in back.headers["Content-Security-Policy"]
    found = place(house, data).stat()
    assert stat.S_IMODE(found.st_mode) == 0o400 and found.st_size == len(data)
    for folder in place(house, data).parent, house.folder / "files":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("data", [b"MZ\x90\0\3", b"\x7fELF\2\1", b"\x00", b"GIF89a\x01\x00", b"\xff\xfe\x00\x41", b"caf\xe9", b"PK\7\7", b"\x1b[2J"],
                         ids=["exe", "elf", "nul", "gif", "utf16", "latin1", "split zip", "escape"])
def test_what_is_nothing_that_is_known_is_refused(hr, me, data):
    made, (prompt,) = draft(me, hr)
    send(me, made, prompt, data, gives=400)
    assert me.get(f"/submissions/{made}")["files"] == []


def test_names_are_names(hr, me):
    made, (prompt,) = draft(me, hr)
    for name in "../x", "a/b", "a\\b", "..", ".", "", "x" * 201, "a\nb":
        problem = send(me, made, prompt, PDF, name=name, gives=400)
        assert [error["field"] for error in problem["errors"]] == ["name"], name
    send(me, made, prompt, PDF, name="x" * 200)


def test_bounds_hold(house, hr, me):
    made, (few, small, kinds, text, link) = draft(
        me, hr, {**FILE, "max_files": 2}, {**FILE, "max_size": 100}, {**FILE, "types": ["image/png"]}, {"kind": "text", "name": "x"}, {"kind": "link", "name": "y"})
    for number in range(2):
        send(me, made, few, PDF + b"%d" % number)
    for prompt, data in (few, PDF), (small, PDF + b"x" * 100), (kinds, PDF), (text, PDF), (link, PDF), (made, PDF):
        assert [error["field"] for error in send(me, made, prompt, data, gives=400)["errors"]] == ["prompt"], prompt
    send(me, made, small, PDF[:50])
    send(me, made, kinds, PNG)
    assert send(me, made, "x", PDF, gives=400)["errors"][0]["field"] == "prompt"
    send(me, made, few, b"", gives=400)
    send(me, made, few, PDF, gives=415, **{"Content-Encoding": "gzip"})
    other, (prompt,) = draft(me, hr)
    send(me, other, prompt, PDF + b"x" * 60000, gives=400)
    send(me, other, prompt, b"%PDF-" + b"x" * 59995)
    assert "100000 bytes" in send(me, other, prompt, b"%PDF-" + b"y" * 59995, gives=400)["detail"]
    me.ask("POST", f"/submissions/{other}/files", data=b"x" * (17 << 20), params={"prompt": prompt, "name": "x"})
    assert me.last.status_code == 413


def test_the_configuration_says_what_is_taken(house, hr, me):
    made, (prompt,) = draft(me, hr)
    house.configure({"submissions": {"types": "application/pdf"}})
    house.restart()
    send(me, made, prompt, PNG, gives=400)
    send(me, made, prompt, PDF)
    house.configure({"submissions": {"types": None, "folder": None}})
    house.restart()
    send(me, made, prompt, PNG, gives=409)
    house.configure({"submissions": {"folder": "files"}})
    house.restart()
    send(me, made, prompt, PNG)


# ---- whose they are

def test_a_file_is_its_owners_and_theirs_whom_the_submission_is_shown(house, hr, me):
    made, (prompt,) = draft(me, hr)
    at = f"/submissions/{made}/files/" + send(me, made, prompt, PDF)["files"][0]["id"]
    manager, stranger, assessor = (house.sign_in(ACCOUNTS[name]) for name in ("MANAGER", "EMPLOYEE", "ASSESSOR"))

    def seen(*sees):
        assert [client.ask("GET", at).status_code for client in (me, manager, hr, stranger, assessor)] == [200 if one else 404 for one in sees]
    seen(True, False, False, False, False)
    for client in manager, stranger:
        send(client, made, prompt, PDF, gives=404)
        client.delete(at, "*", gives=404)
    me.patch(f"/submissions/{made}", {"shared": True}, "*")
    seen(True, True, True, False, False)
    send(hr, made, prompt, PDF, gives=403)
    hr.delete(at, "*", gives=403)
    me.patch(f"/submissions/{made}", {"shared": False}, "*")
    step(me, made, "submit")
    seen(True, False, False, False, False)
    judge = assessor.get("/me")["person"]["id"]
    house.sql("UPDATE review SET state = 'claimed', assessor_id = %s, offered_to = NULL WHERE submission_id = %s", judge, made)
    seen(True, False, False, False, True)
    house.sql("UPDATE review SET state = 'open', assessor_id = NULL WHERE submission_id = %s", made)
    seen(True, False, False, False, False)
    house.client().get(at, gives=401)
    other, _ = draft(me, hr)
    me.get(at.replace(made, other), gives=404)
    viewers = lambda: {one["viewer"]["name"] for one in me.pages("/me/looks", limit=500) if one["what"] == "submissions"}  # noqa: E731
    name = lambda client: client.get("/me")["person"]["name"]  # noqa: E731
    wait_for("the looks at it", lambda: {name(manager), name(hr)} <= viewers())
    assert name(assessor) not in viewers() and name(stranger) not in viewers()


def test_a_round_keeps_what_it_was_handed_in_with(house, hr, me):
    made, (prompt,) = draft(me, hr)
    data = PDF + b" of the first round"
    file, = send(me, made, prompt, data)["files"]
    at = f"/submissions/{made}/files/{file['id']}"
    step(me, made, "submit")
    send(me, made, prompt, PNG, gives=409)
    me.delete(at, "*", gives=409)
    step(me, made, "withdraw")
    step(me, made, "reopen")
    etag = me.get(f"/submissions/{made}") and me.last.headers["ETag"]
    me.delete(at, '"99"', gives=412)
    me.delete(at, etag)
    me.delete(at, "*", gives=404)
    assert me.get(f"/submissions/{made}")["files"] == [] == me.get(f"/submissions/{made}")["answers"].get(prompt, [])
    assert me.expect(400, "POST", f"/submissions/{made}/submit", headers={"If-Match": "*"})["errors"][0]["field"] == f"/answers/{prompt}"
    assert me.get(f"/submissions/{made}/rounds")["items"][0]["files"] == [file]
    assert me.ask("GET", at).content == data
    send(me, made, prompt, PNG)
    step(me, made, "submit")
    assert [[one["type"] for one in round_["files"]] for round_ in me.get(f"/submissions/{made}/rounds")["items"]] == [["application/pdf"], ["image/png"]]


# ---- what nobody names

def test_bytes_go_with_the_last_who_names_them(house, hr, me):
    shared, alone = PDF + b" of two", PDF + b" of one"
    first, (prompt,) = draft(me, hr)
    second, (other,) = draft(me, hr)
    send(me, first, prompt, shared)
    at = f"/submissions/{first}/files/" + send(me, first, prompt, alone)["files"][1]["id"]
    send(me, second, other, shared)
    me.delete(at, "*")
    wait_for("bytes that nobody names", lambda: not place(house, alone).exists(), LONG)
    me.delete(f"/submissions/{first}", "*")
    house.restart()
    wait_for("a look at them", lambda: not house.sql("SELECT 1 FROM file_loose"), LONG)
    assert place(house, shared).exists()
    me.delete(f"/submissions/{second}", "*")
    house.restart()
    wait_for("bytes that nobody names", lambda: not place(house, shared).exists(), LONG)


def test_bytes_go_with_the_person(house, hr):
    goer = house.sign_in("goer")
    person = goer.get("/me")["person"]["id"]
    made, (prompt,) = draft(goer, hr)
    data = PDF + b" of who goes"
    send(goer, made, prompt, data, name="goers.pdf")
    assert goer.get(f"/people/{person}/export")["submissions"][0]["files"][0]["name"] == "goers.pdf"
    house.slapd.admin().delete_s(f"uid=goer,ou=people,{BASE}")
    house.sync()
    house.sql("UPDATE retention_clock SET steady_since = now() - interval '2 days'")
    proof = hr.expect(201, "POST", f"/people/{person}/erase", {"reason": "x", "early": True}, headers={"If-Match": "*"})
    assert proof["removed"]["submission"] == 1 and not house.sql("SELECT 1 FROM submission_file WHERE submission_id = %s", made)
    wait_for("the bytes of who was erased", lambda: not place(house, data).exists(), LONG)


def test_a_daemon_that_was_killed_leaves_nothing_half(house, hr, me):
    """Killed somewhere between the bytes and the answer: a file is named and whole, or not there once it was tidied."""
    made, (prompt,) = draft(me, hr)
    sent = []
    for number in range(6):
        data = b"%PDF-" + os.urandom(40000)
        sent.append(data)
        ready = threading.Event()

        def upload(data=data, ready=ready):
            link = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
            try:
                link.putrequest("POST", f"/api/v1/submissions/{made}/files?prompt={prompt}&name=x{number}.pdf")
                for header in ("Authorization", f"Bearer {me.token}"), ("Content-Length", str(len(data))):
                    link.putheader(*header)
                link.endheaders()
                link.send(data[:-1])
                ready.set()
                link.send(data[-1:])
                link.getresponse().read()
            except OSError:
                pass
        thread = threading.Thread(target=upload)
        thread.start()
        ready.wait()
        if number % 2:
            wait_for("the bytes or the answer", lambda t=thread, d=data: place(house, d).exists() or not t.is_alive())
        house.kill()
        thread.join()
        house.start()
        named = {one["id"] for one in me.get(f"/submissions/{made}")["files"]}
        for one in named:
            assert me.ask("GET", f"/submissions/{made}/files/{one}").status_code == 200
            me.delete(f"/submissions/{made}/files/{one}", "*")
    stray = place(house, b"a file that a crash left behind")
    stray.parent.mkdir(mode=0o700, exist_ok=True)
    stray.write_bytes(b"a file that a crash left behind")
    os.chmod(stray.parent, 0o700)
    house.restart()
    wait_for("what nobody names", lambda: not any(place(house, data).exists() for data in sent) and not stray.exists(), LONG)
    assert not [name for name in os.listdir(house.folder / "files") if len(name) != 2]


def test_bytes_that_come_again_while_they_go_stay(house, hr, me):
    """Whoever tidies and whoever uploads the same hold their hash."""
    made, (prompt,) = draft(me, hr)
    data = PDF + b" again and again"
    lock = "SELECT pg_advisory_xact_lock(('x' || encode(substr(%s::bytea, 1, 8), 'hex'))::bit(64)::bigint)"
    digest = hashlib.sha256(data).digest()
    with house.postgres.connect(house.database) as link, link.cursor() as cursor:
        cursor.execute(lock, (digest,))  # as if it were being taken away
        answers = []
        thread = threading.Thread(target=lambda: answers.append(send(me.twin(), made, prompt, data)))
        thread.start()
        wait_for("the upload to wait", lambda: house.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        assert not place(house, data).exists()
        link.rollback()
        thread.join()
    assert len(answers[0]["files"]) == 1 and place(house, data).exists()


def test_two_uploads_at_once_are_both_there(hr, me):
    made, (prompt,) = draft(me, hr)
    threads = [threading.Thread(target=send, args=(me.twin(), made, prompt, PDF + b"%d" % (number % 2), f"{number}.pdf")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["name"] for one in me.get(f"/submissions/{made}")["files"]) == ["0.pdf", "1.pdf", "2.pdf", "3.pdf"]


def test_a_retry_with_its_key_is_one_file(hr, me):
    made, (prompt,) = draft(me, hr)
    key = {"Idempotency-Key": f"file-{made}"}
    first = send(me, made, prompt, PDF, **key)
    assert send(me, made, prompt, PDF, **key) == first and len(me.get(f"/submissions/{made}")["files"]) == 1
    send(me, made, prompt, PNG, gives=409, **key)


def test_a_file_that_is_gone_from_the_folder_is_a_fault_and_no_empty_answer(house, hr, me):
    made, (prompt,) = draft(me, hr)
    data = PDF + b" lost"
    file, = send(me, made, prompt, data)["files"]
    place(house, data).unlink()
    house.expects_errors = True
    assert me.ask("GET", f"/submissions/{made}/files/{file['id']}").status_code == 500
