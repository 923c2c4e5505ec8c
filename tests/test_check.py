# SPDX-License-Identifier: Apache-2.0
"""`skillsd check`: each thing that is wrong is one complaint, and names the file and the line where it stands."""
import os
import shutil
import subprocess

import pytest
from kit.gate import ROOT
from kit.house import installed
from kit.slapd import give_away, short_folder, unprivileged

GOOD = """\
[server]
public_url = https://skills.example.org
token_key = token.key
plugin_path = plugins

[database]
dsn = host=/nonexistent

[directory main]
plugin = source_ldap
uri = ldapi:///
base = dc=example,dc=org
bind_dn = cn=sync,dc=example,dc=org
bind_password = ldap.secret

[authenticator pam]
plugin = auth_pam
socket = gate.sock

[authenticator ldap]
plugin = auth_ldap
directory = main

[role admin]
account = pam:rescue

[role hr]
group = cn=hr,ou=groups,dc=example,dc=org
"""
PLUGIN = """
#include <skillsd/plugin.h>
static const struct skd_option options[] = {{"colour", SKD_TEXT, NULL, "Which.", false, true}, {NULL}};
static enum skd_outcome open(const struct skd_host *host, struct skd_call *call, void **self)
{
	(void)self;
	return SAYS ? host->fail(call, SKD_FAULT, "colour \\"%s\\" is too bright", host->option_at(host, "colour", 1)) : SKD_FAULT;
}
const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI + NEWER, .kind = SKD_SOURCE, .name = NAME, .options = options, .open = open};
"""


def build(folder, name, newer=0, says=0):
    (folder / f"{name}.c").write_text(PLUGIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", ROOT / "include", f"-DNEWER={newer}", f"-DSAYS={says}",
                    f'-DNAME="{name}"', "-o", folder / f"{name}.so", folder / f"{name}.c"], check=True)


@pytest.fixture(scope="module")
def folder():
    folder = short_folder("check-")
    folder.chmod(0o755)
    shutil.copytree(installed() / "plugins", folder / "plugins")
    build(folder / "plugins", "source_newer", newer=1)
    build(folder / "plugins", "source_mute")
    build(folder / "plugins", "source_bright", says=1)
    for name, text, mode in [("token.key", "k" * 32, 0o600), ("short.key", "k" * 31, 0o600), ("empty", "", 0o600),
                             ("ldap.secret", "secret", 0o600), ("public", "secret", 0o644)]:
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
        give_away(folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def complaints(folder):
    """What check says of the good configuration with one line replaced, or of a text: [(the line, the sentence)]."""
    def run(old="", new="", text=None):
        text = GOOD.replace(old + "\n", new + "\n", 1) if text is None else text
        path = folder / "skillsd.conf"
        path.write_text(text)
        done = subprocess.run([installed() / "skillsd", "-c", path, "check"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, **unprivileged())
        if done.returncode == 0:
            assert (done.stdout, done.stderr) == (f"{path}: good\n", "")
        lines, found = text.split("\n"), []
        for line in done.stderr.splitlines():
            assert line.startswith(f"{path}:")
            number, sentence = line[len(f"{path}:"):].split(": ", 1)
            found.append((lines[int(number) - 1], sentence))
        assert bool(found) == (done.returncode == 1)
        return found
    return run


def test_nothing_is_said_of_what_is_good(complaints):
    assert complaints() == []


def test_nothing_is_said_of_what_is_just_within_bounds(complaints):
    assert complaints(SECTION, f"{SECTION}\ninterval = 100ms\ntime_limit = 100ms\nfull_interval = 1d\nabsent_percent = 100") == []


SECTION, LDAP, PAM = "[directory main]", "[authenticator ldap]", "[authenticator pam]"


# Which line stands for which, the line that is named (by default the new one), words of the one complaint.
@pytest.mark.parametrize("old, new, named, words", [
    # what a plugin says when it opens
    (SECTION, f"{SECTION}\nscope = wide", "scope = wide", 'scope knows no "wide"'),
    (SECTION, f"{SECTION}\npreset = foo", "preset = foo", 'preset knows no "foo"'),
    (SECTION, f"{SECTION}\nbind = magic", "bind = magic", "bind knows no"),
    (SECTION, f"{SECTION}\nunit_from = dn", "unit_from = dn", "unit_from knows no"),
    (SECTION, f"{SECTION}\nfilter = uid=*", "filter = uid=*", "must stand in parentheses"),
    (SECTION, f"{SECTION}\nid =", "id =", "an attribute is needed"),
    (SECTION, f"{SECTION}\nname = cn,,sn", "name = cn,,sn", "is no name of an attribute"),
    (SECTION, f"{SECTION}\ntimeout = 0", "timeout = 0", "more than 0"),
    (SECTION, f"{SECTION}\nnetwork_timeout = 0", "network_timeout = 0", "more than 0"),
    ("uri = ldapi:///", "uri = http://x", None, "is no LDAP URI"),
    ("uri = ldapi:///", "uri = ldap://localhost\nuri = ldap://localhost/dc=x\nuri = ldapi:///",
     "uri = ldap://localhost/dc=x", "name a server only"),
    ("uri = ldapi:///", "uri = ldaps://x\ntls_ca = /nonexistent/ca", "tls_ca = /nonexistent/ca", "No such file"),
    ("uri = ldapi:///", "uri = ldaps://x\ntls_key = /etc/hostname", "tls_key = /etc/hostname", "need each other"),
    ("uri = ldapi:///", "uri = ldaps://x\ntls_ca = /etc/hostname\ntls_ca_dir = /etc", "tls_ca_dir = /etc", "give one"),
    ("bind_dn = cn=sync,dc=example,dc=org", "", SECTION, "bind_dn"),
    ("bind_password = ldap.secret", "bind_password = empty", None, "not empty"),
    ("bind_password = ldap.secret", "", SECTION, "bind_password"),
    ("directory = main", "directory = main\nscope = wide", "scope = wide", 'scope knows no "wide"'),
    ("directory = main", "directory = main\nbind_password = empty", "bind_password = empty", "not empty"),
    ("socket = gate.sock", f"socket = /{'x' * 120}", None, "at most 107"),
    ("[role admin]", "[directory x]\nplugin = source_mute\ncolour = red\n[role admin]", "[directory x]",
     "does not say what is wrong"),
    ("[role admin]", "[directory x]\nplugin = source_bright\ncolour = green\ncolour = red\n[role admin]", "colour = red",
     'colour "red" is too bright'),
    # plugins that cannot be had
    ("plugin = source_ldap", "plugin = source_newer", None, "was built for plugin interface"),
    ("plugin = source_ldap", "plugin = source_nothing", None, "No such file"),
    ("plugin = source_ldap", "plugin = ../x", None, "is no plugin's name"),
    ("plugin = source_ldap", "plugin = auth_pam", None, "is not a source"),
    ("plugin = auth_pam", "", PAM, "needs plugin"),
    ("plugin_path = plugins", "plugin_path = pulgins", None, "No such file"),
    ("plugin_path = plugins", "plugin_path = empty", None, "Not a directory"),
    # options of the form
    ("base = dc=example,dc=org", "", SECTION, "needs base"),
    ("uri = ldapi:///", "", SECTION, "needs uri"),
    ("socket = gate.sock", "", PAM, "needs socket"),
    ("bind_password = ldap.secret", "bind_password = nothing", None, "No such file"),
    ("bind_password = ldap.secret", "bind_password = public", None, "readable by nobody else"),
    ("bind_password = ldap.secret", "bind_password = ldap.secret\nbind_password = empty",
     "bind_password = empty", "given twice"),
    (SECTION, f"{SECTION}\ninterval = soon", "interval = soon", "wants a duration"),
    *[(SECTION, f"{SECTION}\n{line}", line, words) for line, words in [
        ("interval = 0s", "at least 100ms"), ("interval = 99ms", "at least 100ms"), ("interval = 25h", "at most 1d"), ("time_limit = 0", "at least 100ms"),
        ("full_interval = 0s", "at least 100ms"), ("full_interval = 25h", "at most 1d"),
        ("absent_percent = 101", "at most 100")]],
    (SECTION, f"{SECTION}\nscoop = sub", "scoop = sub", "[directory main] knows no option scoop"),
    ("token_key = token.key", "", "[server]", "[server] needs token_key"),
    ("token_key = token.key", "token_key = public", None, "readable by nobody else"),
    ("token_key = token.key", "token_key = short.key", None, "less than 32"),
    ("public_url = https://skills.example.org", "", "[server]", "[server] needs public_url"),
    ("[database]", "log_level = loud\n[database]", "log_level = loud", "not loud"),
    ("dsn = host=/nonexistent", "", "[database]", "[database] needs dsn"),
    *[("[role admin]", f"[audit]\n{line}\n[role admin]", line, words) for line, words in [
        ("key = audit.key", "key is the line that skillsd-sign"), ("key = " + "1f" * 32, "key is the line that skillsd-sign"),
        ("trusted_key = AAAA", "is no public key"), ("trusted_key = " + "+" * 43, "is no public key"),
        ("checkpoint_interval = 999ms", "at least 1s"), ("checkpoint_interval = 25h", "at most 1d")]],
    *[("[role admin]", f"[submissions]\n{line}\n[role admin]", line, words) for line, words in [
        ("folder = /nonexistent/files", "No such file"), ("folder = /etc/hostname", "Not a directory"), ("max_size = 0", "is 1 to 16777216"),
        ("max_size = 16777217", "is 1 to 16777216"), ("types = application/pdf text/html", "text/html is no type")]],
    # sections
    ("[role admin]", "[sever]\n[role admin]", "[sever]", "there is no section [sever]"),
    ("[server]", "[server one]", None, "[server] takes no name"),
    (PAM, "[authenticator]", None, "[authenticator] needs a name"),
    (LDAP, "[authenticator house]", None, "no authenticator is called house"),
    ("[role hr]", "[role]", None, "[role] needs a name"),
    ("[role admin]", "[directory x]\n\n[role admin]", "[directory x]", "[directory x] needs plugin"),
    ("directory = main", "directory = mian", None, "there is no [directory mian]"),
    ("directory = main", "directory = main\nperson = both", "person = both", "not both"),
    ("directory = main", "directory = main\nroles = hr king", "roles = hr king", "king is no role"),
    ("directory = main", "directory = main\nroles = hr admin", "roles = hr admin", "needs PAM"),
    ("[role hr]", "[role king]", None, "king is no role"),
    ("[role hr]", "[role hr]\ndirectory = mian\ngroup = x", "directory = mian", "directory that is not there"),
    ("[role hr]", "[role hr]\naccount = pam:x", "account = pam:x", "only for [role admin]"),
    ("account = pam:rescue", "account = pam:rescue\naccount = rescue", "account = rescue", "authenticator:name"),
    ("[role hr]", "[role hr]\nrubbish", "rubbish", "neither a [section] nor"),
    ("[server]", "idle = 5s\n[server]", "idle = 5s", "stands in no section"),
])
def test_one_cause_is_one_complaint_with_its_line(complaints, old, new, named, words):
    (line, sentence), = complaints(old, new)
    assert line == (new if named is None else named) and words in sentence


def test_a_section_that_is_not_there_is_missed_at_the_end(complaints):
    found = complaints(text=GOOD[GOOD.index("[database]"):].rstrip("\n"))
    assert [(line, sentence.split(" (")[0]) for line, sentence in found if "[server]" in sentence] == \
        [(GOOD.split("\n")[-2], f"[server] needs {key}") for key in ("public_url", "token_key")]


BRANCH = "[directory branch]\nplugin = source_ldif\nfile = /etc/hostname\n"


@pytest.mark.parametrize("main, branch, named, words", [
    ("", "same_as = main\nsame_by = mail", None, None),
    ("", "same_as = nowhere\nsame_by = mail", "same_as = nowhere", "there is no [directory nowhere]"),
    ("", "same_as = branch\nsame_by = mail", "same_as = branch", "another directory than its own"),
    ("", "same_as = main", "same_as = main", "need each other"),
    ("", "same_by = mail", "same_by = mail", "need each other"),
    ("", "same_as = main\nsame_by = name", "same_by = name", "employee_number, mail or username, not name"),
    ("same_as = other\nsame_by = mail", "same_as = main\nsame_by = mail", "same_as = main", "has a same_as of its own"),
])
def test_who_is_the_same_is_a_star(complaints, main, branch, named, words):
    other = BRANCH.replace("branch", "other")
    text = GOOD.replace(SECTION, f"{SECTION}\n{main}", 1) + f"{other}{BRANCH}{branch}\n"
    assert [(line, words in sentence) for line, sentence in complaints(text=text)] == ([(named, True)] if named else [])


def test_an_empty_file_lacks_everything_in_its_first_line(complaints):
    assert {"[server] needs public_url", "[database] needs dsn"} < \
        {sentence.split(" (")[0] for _, sentence in complaints(text="")}


def test_all_that_is_wrong_is_said_at_once(complaints):
    text = GOOD
    for old, new in [("[database]", "log_level = loud\n[database]"), (SECTION, f"{SECTION}\ninterval = soon"),
                     ("socket = gate.sock", f"socket = /{'x' * 120}"),
                     ("[role admin]", "[directory x]\nplugin = source_mute\n[role admin]")]:
        text = text.replace(old + "\n", new + "\n", 1)
    assert {line for line, _ in complaints(text=text)} == \
        {"log_level = loud", "interval = soon", f"socket = /{'x' * 120}", "[directory x]"}


def test_a_file_that_is_not_there_is_named(folder):
    done = subprocess.run([installed() / "skillsd", "-c", "/nonexistent.conf", "check"], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, **unprivileged())
    assert (done.returncode, done.stderr) == (1, "/nonexistent.conf: No such file or directory\n")
