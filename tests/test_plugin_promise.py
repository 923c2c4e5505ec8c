# SPDX-License-Identifier: Apache-2.0
"""Sources that do not keep the promise of plugin.h: their runs fail and say so, and nobody gets a right by it."""
import shutil
import subprocess

import pytest
from kit.gate import ROOT
from kit.house import House, installed
from kit.slapd import give_away, short_folder

PLUGIN = r"""
#include <skillsd/plugin.h>
#include <string.h>
static const struct skd_option options[] = {{"does", SKD_TEXT, NULL, "What.", true}, {NULL}};
static const struct skd_host *lent;
static struct skd_text text(const char *string) { return (struct skd_text){string, strlen(string)}; }
static enum skd_outcome open(const struct skd_host *host, struct skd_call *call, void **self)
{
	(void)call;
	lent = host;
	*self = (void *)host->option(host, "does");
	return SKD_OK;
}
static void close(void *self) { (void)self; }
static const char *key(void *self, struct skd_call *call, const char *name) { (void)self, (void)call; return name; }
static enum skd_outcome read(void *self, struct skd_call *call, const struct skd_sink *sink)
{
	const char *groups[] = {"cn=readers", "cn=admins"};
	struct skd_person person = {.id = text("1"), .key = text("uid=a"), .username = text("a"), .name = text("A")};
	enum skd_outcome outcome = sink->person(sink, &person);
	for (int i = 0; i < 2 && outcome == SKD_OK; i++) {
		struct skd_group group = {text(groups[i]), text(groups[i]), text(groups[i]), text(groups[i])};
		outcome = sink->group(sink, &group);
	}
	struct skd_member member = {.group_key = text(strcmp(self, "mixes") == 0 ? groups[0] : groups[1]), .key = text("uid=a")};
	if (outcome == SKD_OK)
		outcome = sink->member(sink, &member);
	if (outcome == SKD_OK && strcmp(self, "mumbles") == 0)
		return lent->fail(call, SKD_BUSY, "the server said \xff\xfe\x1b[2J");
	return outcome;
}
const struct skd_plugin skillsd_plugin = {
	.abi = SKD_ABI, .kind = SKD_SOURCE, .name = "source_odd", .options = options, .open = open, .close = close,
	.is.source = {.read = read, .key = key}};
"""


@pytest.fixture(scope="module")
def plugins():
    folder = short_folder("odd-")
    folder.chmod(0o755)
    shutil.copytree(installed() / "plugins", folder / "plugins")
    (folder / "odd.c").write_text(PLUGIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", ROOT / "include", "-o", folder / "plugins/source_odd.so", folder / "odd.c"],
                   check=True)
    give_away(folder)
    yield folder / "plugins"
    shutil.rmtree(folder)


def runs(plugins, postgres, does):
    """The state and error of a run, and who is in which group after it."""
    config = {"server": {"plugin_path": plugins}, "directory odd": {"plugin": "source_odd", "does": does}}
    house = House(None, config=config, postgres=postgres)
    try:
        house.port = 1  # nothing listens
        house.configure()
        house.migrate()
        house.command("sync")
        state, error = house.sql("SELECT state, error FROM directory_run")[0]
        return state, error, house.sql("SELECT g.name, p.username FROM group_person JOIN directory_group g ON g.id = group_id"
                                       " JOIN person p ON p.id = person_id")
    finally:
        house.remove()


def test_a_source_that_keeps_it_is_read(plugins, postgres):
    assert runs(plugins, postgres, "well") == ("done", None, [("cn=admins", "a")])


def test_a_member_of_another_group_than_the_last_is_nobodys(plugins, postgres):
    state, error, members = runs(plugins, postgres, "mixes")
    assert (state, members) == ("failed", []) and "member" in error


def test_a_sentence_that_is_no_text_is_told_as_far_as_it_can_be(plugins, postgres):
    state, error, members = runs(plugins, postgres, "mumbles")
    assert (state, members) == ("failed", []) and error == r"the server said \xff\xfe\x1b[2J"
