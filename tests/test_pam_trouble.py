# SPDX-License-Identifier: Apache-2.0
"""PAM over REST where its modules misbehave: what is answered, and that nothing is left of it; accounts that pam_unix lets
in and does not; who is at work, who waits, and who is sent away."""
import collections
import concurrent.futures
import datetime
import shutil
import time

import pytest
from kit.accounts import within_accounts
from kit.gate import make_folder, otp_service, trouble_line, unruly_service
from kit.house import House, wait_for

WRONG = "user name or password is wrong, or the account may not sign in"
AWAY = "the sign-in service is not available"
ANY = "any-password"


@pytest.fixture
def folder():
    """That the gate's modules reach too."""
    made = make_folder()
    yield made
    shutil.rmtree(made)


def tried(house, *names):
    """{name: the answer}, all at once."""
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: house.try_sign_in(name, ANY), names)))


def statuses(answers):
    return {name: answer.status_code for name, answer in answers.items()}


# ---- modules

@pytest.fixture(scope="module")
def unruly(postgres):
    with House(None, service=unruly_service(), gate={"deadline": 3}, postgres=postgres) as house:
        yield house


@pytest.fixture(autouse=True)
def nothing_is_left(request):
    """Neither a process of a module's, nor one that nobody has waited for, nor a task at work."""
    yield
    if "unruly" in request.fixturenames:
        house = request.getfixturevalue("unruly")
        wait_for("all that modules started to end", lambda: not house.gate.leftovers() and not house.gate.children())
        assert house.sign_in("rescue").get("/me")["account"]["name"] == "rescue"


ENDS = ("crash", "leave", "quit", "kill", "deafen", "binary", "much")
HANGS = ("hang", "tell", "rave")


@pytest.mark.parametrize("phase", ["auth", "acct"])
def test_a_module_that_ends_its_process_is_503(unruly, phase):
    answers = tried(unruly, *(f"{phase}-{word}" for word in ENDS))
    assert set(statuses(answers).values()) == {503}, statuses(answers)
    for answer in answers.values():
        assert answer.json()["detail"] == AWAY and int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("phase", ["auth", "acct"])
def test_a_module_that_hangs_is_503_and_ended_with_what_it_started(unruly, phase):
    answers = tried(unruly, *(f"{phase}-{word}" for word in HANGS))
    assert set(statuses(answers).values()) == {503}, statuses(answers)
    assert {answer.json()["detail"] for answer in answers.values()} == {AWAY}


@pytest.mark.parametrize("word", ["hang", "crash", "leave", "kill", "deafen"])
def test_trouble_after_the_verdict_is_not_its_callers(unruly, word):
    answer = unruly.try_sign_in(f"close-{word}", ANY)
    assert (answer.status_code, answer.json()["account"]) == (201, f"close-{word}")


@pytest.mark.parametrize("phase", ["auth", "acct", "close"])
def test_of_what_a_module_writes_without_end_the_log_has_little_and_no_orders_for_a_terminal(unruly, phase):
    before = len(unruly.gate.log())
    assert unruly.try_sign_in(f"{phase}-rave", ANY).status_code == (201 if phase == "close" else 503)
    wait_for("it to be told", lambda: "more than is kept" in unruly.gate.log()[before:])
    said = unruly.gate.log()[before:]
    assert said.count("a module in conversation") == 21 and said.count('"\\x1b[31mraving\\x07"') == 20
    assert "\x1b" not in said and len(said) < 8192


@pytest.mark.parametrize("phase", ["auth", "acct"])
@pytest.mark.parametrize("word", ["linger", "flood"])
def test_what_a_module_writes_or_leaves_behind_does_no_harm(unruly, phase, word):
    assert unruly.try_sign_in(f"{phase}-{word}", ANY).status_code == 201


@pytest.mark.parametrize("phase", ["auth", "acct"])
@pytest.mark.parametrize("word, status", [("odd", 401), ("minus", 401), ("ignore", 401), ("lack", 503)])
def test_odd_codes_are_a_denial_as_pam_itself_makes_them_and_want_of_processes_is_503(unruly, phase, word, status):
    assert unruly.try_sign_in(f"{phase}-{word}", ANY).status_code == status


@pytest.mark.parametrize("phase", ["auth", "acct"])
def test_a_name_that_a_module_gives_is_the_accounts_unless_it_can_be_none(unruly, phase):
    answer = unruly.try_sign_in(f"{phase}-another", ANY)
    assert (answer.status_code, answer.json()["account"]) == (201, "another")
    answers = tried(unruly, *(f"{phase}-{word}" for word in ("rename", "latin", "nameless", "lengthen")))
    assert set(statuses(answers).values()) == {503}, statuses(answers)


# ---- prompts

def test_prompts_come_one_after_the_other_and_not_beyond_the_first_ones_time(unruly):
    client = unruly.client()
    first = client.expect(202, "POST", "/sessions", {"username": "auth-endless", "password": ANY})
    ends = []
    answer = client.ask("POST", f"/sessions/{first['id']}", {"answers": ["x"]})
    while answer.status_code == 202:
        ends.append(answer.json()["expires_at"])
        time.sleep(0.1)
        answer = client.ask("POST", f"/sessions/{answer.json()['id']}", {"answers": ["x"]})
    assert answer.status_code == 503 and answer.json()["detail"] == AWAY
    assert ends and set(ends) == {first["expires_at"]}


def test_a_prompt_that_is_no_text_becomes_one(unruly):
    asked = unruly.client().expect(202, "POST", "/sessions", {"username": "auth-rubbish", "password": ANY})
    text = asked["prompts"][0]["text"]
    assert "[2J" in text and "\ufffd" in text


def test_prompts_that_come_together_are_answered_together(unruly):
    client = unruly.client()
    for answers, status in ((["blue", "42"], 201), (["blue", "43"], 401), (["blue"], 400), (["blue", "42", "x"], 400),
                            ([], 400), (["blue", "4" * 513], 401)):
        asked = client.expect(202, "POST", "/sessions", {"username": "auth-all", "password": "pw"})
        assert [prompt["echo"] for prompt in asked["prompts"]] == [True, False]
        client.expect(status, "POST", f"/sessions/{asked['id']}", {"answers": answers})
        client.expect(404, "POST", f"/sessions/{asked['id']}", {"answers": answers})


def test_the_time_for_all_answers_counts_from_when_the_module_was_asked(postgres, folder):
    """However long it took to its first prompt."""
    service = [trouble_line("wait", f"at={folder}/now"), *otp_service("first", "otp=4711")]
    with House(None, service=service, postgres=postgres) as house:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asking = pool.submit(house.try_sign_in, "rescue", "first")
            wait_for("the module to be asked", house.gate.children)
            asked_at = datetime.datetime.now(datetime.UTC)
            time.sleep(1)
            (folder / "now").touch()
            asked = asking.result().json()
        assert datetime.datetime.fromisoformat(asked["expires_at"]) <= asked_at + datetime.timedelta(seconds=60)
        house.client().expect(201, "POST", f"/sessions/{asked['id']}", {"answers": ["4711"]})


def test_an_answer_after_the_time_for_it_is_404(postgres):
    with House(None, service=otp_service("first", "otp=4711"), config={"authenticator pam": {"deadline": "1s"}},
               postgres=postgres) as house:
        client = house.client()
        asked = client.expect(202, "POST", "/sessions", {"username": "rescue", "password": "first"})
        time.sleep(1.1)
        client.expect(404, "POST", f"/sessions/{asked['id']}", {"answers": ["4711"]})


# ---- accounts of pam_unix

PEOPLE = {"rescue": ("rescue-password", None), "alice": ("right", None), "locked": ("!right", None),
          "late": ("right", "19000:0:99999:7::19001:"), "must-change": ("right", "0:0:99999:7:::"),
          "stale": ("right", "19000:0:30:7:10::")}


def test_who_is_expired_or_locked_is_told_what_a_wrong_password_is(postgres, folder):
    unix = ["auth required pam_unix.so", "account required pam_unix.so"]
    with House(None, service=unix, gate={"within": within_accounts(folder, PEOPLE)}, postgres=postgres) as house:
        assert house.try_sign_in("alice", "right").status_code == 201
        tries = (("alice", "wrong"), ("locked", "right"), ("late", "right"), ("must-change", "right"), ("stale", "right"),
                 ("nobody-at-all", "right"), ("root", "right"))
        with concurrent.futures.ThreadPoolExecutor(len(tries)) as pool:  # each is held back for two seconds
            answers = list(pool.map(lambda one: house.try_sign_in(*one), tries))
        assert [answer.status_code for answer in answers] == [401] * len(tries)
        problems = [{**answer.json(), "request_id": None} for answer in answers]
        assert problems[0]["detail"] == WRONG and problems == problems[:1] * len(problems)
        assert all(code in house.gate.log() for code in ("PAM says 12", "PAM says 13"))


# ---- who is at work, who waits

def test_one_conversation_is_at_work_at_a_time(postgres, folder):
    """The module fails whoever comes while another is with it."""
    service = unruly_service(f"at={folder}/lock")
    with House(None, service=service, config={"authenticator pam": {"turn": "60s"}}, postgres=postgres) as house:
        assert statuses(tried(house, *["auth-alone"] * 20)) == {"auth-alone": 201}
        found = collections.Counter(house.try_sign_in("auth-alone", ANY).status_code for _ in range(3))
        assert found == {201: 3}


def test_beyond_the_queue_sign_ins_are_sent_away_at_once(postgres, folder):
    with House(None, service=unruly_service(f"at={folder}/now"), config={"throttle": {"signins": 2}},
               postgres=postgres) as house:
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            tries = [pool.submit(house.try_sign_in, "auth-wait", ANY) for _ in range(30)]
            wait_for("12 to be sent away", lambda: sum(one.done() for one in tries) == 12)
            sent_away = [one.result() for one in tries if one.done()]
            house.client().get("/me", gives=401)
            (folder / "now").touch()
            found = collections.Counter(one.result().status_code for one in tries)
        assert found == {201: 18, 503: 12}
        assert all(int(one.headers["Retry-After"]) >= 1 for one in sent_away)


PROXIED = {"server": {"trusted_proxy": "127.0.0.1"}}


def ask_more(house, address, name="auth-all"):
    """The answer to a sign-in from there that asks for more."""
    return house.try_sign_in(name, "pw", address)


def test_people_who_look_for_their_code_keep_nobody_else_out(postgres):
    with House(None, service=unruly_service(), config=PROXIED, gate={"deadline": 60, "most": 128}, postgres=postgres) as house:
        client = house.client()
        talks = [ask_more(house, f"192.0.2.{number % 8}").json()["id"] for number in range(64)]
        assert ask_more(house, "192.0.2.1").status_code == 503
        assert house.sign_in("rescue").get("/me")["account"]["name"] == "rescue"
        client.expect(201, "POST", f"/sessions/{talks[0]}", {"answers": ["blue", "42"]})
        assert ask_more(house, "192.0.2.1").status_code == 202


@pytest.mark.parametrize("addresses", [["192.0.2.1"] * 17, [f"2001:db8:1:2::{number}" for number in range(17)]],
                         ids=["an address", "a network of IPv6"])
def test_nobody_takes_more_than_a_quarter_of_the_places_for_people_who_look_for_their_code(postgres, addresses):
    with House(None, service=unruly_service(), config=PROXIED, gate={"deadline": 60, "most": 128}, postgres=postgres) as house:
        client = house.client()
        endless = ask_more(house, addresses[0], "auth-endless").json()["id"]
        talks = [ask_more(house, address).json()["id"] for address in addresses[1:-1]]
        refused = ask_more(house, addresses[-1])
        assert refused.status_code == 429 and refused.json()["type"] == "urn:skillsd:problem:too-many-attempts"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert house.try_sign_in("rescue", ANY, addresses[-1]).status_code == 201, "of whom nothing is asked"
        assert ask_more(house, "198.51.100.1").status_code == 202, "another one"
        client.expect(202, "POST", f"/sessions/{endless}", {"answers": ["x"]})
        client.expect(201, "POST", f"/sessions/{talks[0]}", {"answers": ["blue", "42"]})
        assert [ask_more(house, addresses[-1]).status_code for _ in range(2)] == [202, 429]
        wait_for("who was sent away to be forgotten", lambda: len(house.gate.children()) == 17)
