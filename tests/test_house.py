# SPDX-License-Identifier: Apache-2.0
"""Each rule of tests/house.py bites: a small clean house passes, and with one thing broken it says just that."""
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
SPDX = "/* SPDX-License-Identifier: Apache-2.0\n * What it knows. */\n"

CLEAN = {
    "daemon/base/call.h": SPDX + "#include <skillsd/plugin.h>\n#include <talloc.h>\n#define TRY(x) do { } while (0)\n"
                                 "struct skd_call;\nextern const int limits[];\n",
    "daemon/base/shelf.c": SPDX + '#include "base/call.h"\n\n#include <jansson.h>\n#include <string.h>\n\n'
                                 "const int limits[] = {1, 2};\nstatic const char *const words[] = {\"a\", \"{\"};\n"
                                 "enum { MOST = 3 };\nstruct point {\n\tint x;\n};\nstruct skd_call;\n\n"
                                 "int text_size(const char *s)\n{\n\tstatic const int more[] = {1};\n"
                                 "\tif (!s)\n\t\treturn '}';\n\treturn (int)strlen(s) + more[0]; /* } */\n}\n",
    "daemon/store/db.h": SPDX + '#include "base/call.h"\n\nint db_run(struct skd_call *call, const char *sql);\n'
                                "int row_word(const char *word);\n",
    "daemon/store/db.c": SPDX + '#include "store/db.h"\n\n#include <libpq-fe.h>\n\n'
                                'static const char PERSON[] = "SELECT name FROM person WHERE id = $1";\n',
    "daemon/rules/person.h": SPDX + '#include "store/db.h"\n',
    "daemon/rules/person.c": SPDX + '#include "rules/person.h"\n\nint person_get(struct skd_call *call)\n'
                                    "{\n\treturn db_run(call, 0);\n}\n",
    "daemon/api/person.c": SPDX + '#include "rules/person.h"\n\nint api_person(struct skd_call *call)\n'
                                  "{\n\treturn row_word(\"select one\");\n}\n",
    "daemon/gate/talk.c": SPDX + "#include <security/pam_appl.h>\n#include <skillsd/gate.h>\n#include <sys/un.h>\n",
    "daemon/main.c": SPDX + '#include "api/nouns.h"\n\nint main(void)\n{\n\t_exit(0);\n}\n',
    "include/skillsd/plugin.h": SPDX + "#include <stddef.h>\n",
    "include/skillsd/gate.h": SPDX + "#include <stddef.h>\n",
    "plugins/ldap.h": SPDX + "#include <skillsd/plugin.h>\n",
    "plugins/ldap.c": SPDX + '#include "ldap.h"\n\n#include <ldap.h>\n\nstatic const char all[] = "(&(uid=%s)(cn=*))";\n',
    "plugins/source_ldap.c": SPDX + '#include "ldap.h"\n',
    "plugins/auth_pam.c": SPDX + "#include <skillsd/gate.h>\n#include <skillsd/plugin.h>\n",
    "schemas/sql/0001_spine.sql": "-- SPDX-License-Identifier: Apache-2.0\nCREATE TABLE person ();\n",
    "schemas/openapi.yaml": "# SPDX-License-Identifier: Apache-2.0\npaths:\n  /healthz:\n    get: {}\n"
                            "  /people/{id}:\n    parameters: []\n    get: {}\n    patch: {}\n",
    "etc/skillsd.conf": "# SPDX-License-Identifier: Apache-2.0\n[server]\n;listen = 127.0.0.1:8080\nurl = https://x\n"
                        "[directory main]\nplugin = source_x\n;filter = (a=b)\nuri = ldap://x\n"
                        "[authenticator x]\nplugin = auth_x\ndirectory = main\n",
    "etc/man/skillsd.conf.5": '.\\" SPDX-License-Identifier: Apache-2.0\n.Ss Section [server]\n'
                              ".It Cm listen Ar text Pq Li 127.0.0.1:8080\n.It Cm url Ar text Pq required\n"
                              ".Ss Sections [directory NAME]\n.It Cm plugin Ar text Pq required\n"
                              ".Ss Sections [authenticator NAME]\n.It Cm plugin Ar text\n.It Cm directory Ar text\n"
                              ".Ss Plugins source_x and auth_x\n.It Cm uri Ar text Pq required\n"
                              ".It Cm filter Ar path Pq Li (a\\:=b)\n",
    "tests/unit/test_x.c": SPDX,
    "tests/check.sh": "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n",
    "etc/demo/servers.sh": "# shellcheck shell=bash\n# SPDX-License-Identifier: Apache-2.0\n",
    "Makefile": "# SPDX-License-Identifier: Apache-2.0\n",
    "build/skillsd": '#!/bin/sh\ncat "${0%/*}/$1"\n',
    "build/routes": "GET /healthz\nGET /people/{id}\nPATCH /people/{id}\n",
    "build/options": "server\tlisten\ttext\t127.0.0.1:8080\tWhere.\nserver\turl\ttext\t\tWho.\n"
                     "directory\tplugin\ttext\t\tWhich.\nauthenticator\tplugin\ttext\t\tWhich.\n"
                     "authenticator\tdirectory\ttext\t\tWhose.\n",
}
PLUGIN = """
#include <skillsd/plugin.h>
static const struct skd_option options[] = {
	{"uri", SKD_TEXT, NULL, "Where.", true, true}, {"filter", SKD_PATH, "(a=b)", "Which."}, {NULL}};
const struct skd_plugin skillsd_plugin = {.abi = SKD_ABI, .kind = SKD_SOURCE, .name = "source_x", .options = options};
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "x.c").write_text(PLUGIN)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", TESTS.parent / "include", "-o", folder / "x.so", folder / "x.c"],
                   check=True)
    return folder / "x.so"


@pytest.fixture
def breaches(tmp_path, plugin):
    """Lays out the clean house with some files changed, and gives the lines that house.py prints."""
    def run(changes):
        for name, text in (CLEAN | changes).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "build/skillsd").chmod(0o755)
        (tmp_path / "build/plugins").mkdir()
        for name in ("source_x.so", "auth_x.so"):
            (tmp_path / "build/plugins" / name).write_bytes(plugin.read_bytes())
        run = subprocess.run([sys.executable, TESTS / "house.py", tmp_path, tmp_path / "build"],
                             capture_output=True, text=True)
        assert not run.stderr
        *lines, count = run.stdout.splitlines()
        assert count.endswith(f" {len(lines)} breaches")
        assert run.returncode == (1 if lines else 0)
        return lines
    return run


def with_line(name, line):
    return {name: CLEAN[name] + line + "\n"}


def without(name, part, other=""):
    assert part in CLEAN[name]
    return {name: CLEAN[name].replace(part, other, 1)}


def macros(count):
    return "".join(f"#define M{i}(x) x\n" for i in range(count))


def function(lines):
    return "int long_one(void)\n{\n" + "\treturn 0;\n" * (lines - 3) + "}\n"


def included(name, header):
    return {name: SPDX + f"#include {header}\n"}


BROKEN = [
    # who sees whom
    (included("daemon/base/a.c", '"store/db.h"'),
     'daemon/base/a.c:3: base includes "store/db.h"; it may see nobody'),
    (included("daemon/api/a.c", '"store/db.h"'),
     'daemon/api/a.c:3: api includes "store/db.h"; it may see base, host, http, rules'),
    (included("daemon/api/a.h", '"jobs/jobs.h"'),
     'daemon/api/a.h:3: api includes "jobs/jobs.h"; it may see base, host, http, rules'),
    (included("daemon/rules/a.c", '"http/server.h"'),
     'daemon/rules/a.c:3: rules includes "http/server.h"; it may see base, draw, fetch, host, index, sign, store, verify'),
    (included("daemon/rules/a.c", '"api/entry.h"'),
     'daemon/rules/a.c:3: rules includes "api/entry.h"; it may see base, draw, fetch, host, index, sign, store, verify'),
    (included("daemon/jobs/a.c", '"store/run.h"'), 'daemon/jobs/a.c:3: jobs includes "store/run.h"; it may see base, rules'),
    (included("daemon/store/a.c", '"rules/person.h"'),
     'daemon/store/a.c:3: store includes "rules/person.h"; it may see base'),
    (included("daemon/sign/a.c", '"store/db.h"'), 'daemon/sign/a.c:3: sign includes "store/db.h"; it may see base'),
    (included("daemon/host/a.c", '"rules/person.h"'), 'daemon/host/a.c:3: host includes "rules/person.h"; it may see base'),
    (included("daemon/http/a.c", '"api/entry.h"'), 'daemon/http/a.c:3: http includes "api/entry.h"; it may see base'),
    (included("daemon/gate/a.c", '"base/text.h"'), 'daemon/gate/a.c:3: gate includes "base/text.h"; it may see helper'),
    (included("daemon/helper/a.c", '"base/text.h"'), 'daemon/helper/a.c:3: helper includes "base/text.h"; it may see nobody'),
    (included("daemon/signer/a.c", '"sign/key.h"'), 'daemon/signer/a.c:3: signer includes "sign/key.h"; it may see helper'),
    (included("daemon/signer/a.c", "<netdb.h>"), "daemon/signer/a.c:3: <netdb.h> is outside its door"),
    (included("daemon/rules/a.c", "<skillsd/signer.h>"), "daemon/rules/a.c:3: <skillsd/signer.h> is outside its door"),
    (included("daemon/attic/a.c", '"base/text.h"'), "daemon/attic/a.c:3: attic is no room of the house"),
    (included("include/skillsd/a.h", '"base/text.h"'),
     'include/skillsd/a.h:3: a public header includes "base/text.h"'),
    (included("plugins/report_a.c", '"base/text.h"'),
     'plugins/report_a.c:3: a plugin includes "base/text.h"; it may see <skillsd/plugin.h>, plugins/ldap*.h and ldif*.h'),
    (included("plugins/report_a.c", '"ldap.h"'), 'plugins/report_a.c:3: "ldap.h" is for the LDAP plugins'),
    (included("plugins/auth_ldap.c", '"ldif.h"'), 'plugins/auth_ldap.c:3: "ldif.h" is for source_ldif'),
    (included("plugins/ldif.c", "<ldap.h>"), "plugins/ldif.c:3: <ldap.h> is outside its door"),
    ({"daemon/base/a.c": SPDX + '/* #include "store/db.h" */\n#  include "store/db.h"\n'},
     'daemon/base/a.c:4: base includes "store/db.h"; it may see nobody'),
    # what a header passes on
    ({"daemon/api/a.c": SPDX + "int a(struct skd_call *call)\n{\n\treturn db_run(call, 0);\n}\n"},
     "daemon/api/a.c:5: api calls db_run(), which asks the database"),
    ({"daemon/jobs/a.c": SPDX + "int a(struct skd_call *call)\n{\n\treturn db_run(call, 0);\n}\n"},
     "daemon/jobs/a.c:5: jobs calls db_run(), which asks the database"),
    # libraries and their doors
    *[(included(name, f"<{header}>"), f"{name}:3: <{header}> is outside its door") for name, header in [
        ("daemon/rules/a.c", "libpq-fe.h"), ("daemon/api/a.c", "microhttpd.h"), ("daemon/command/a.c", "dlfcn.h"),
        ("daemon/rules/a.c", "security/pam_appl.h"), ("daemon/rules/a.c", "openssl/evp.h"), ("daemon/rules/a.c", "ldap.h"),
        ("plugins/source_ldap.c", "ldap.h"), ("daemon/rules/a.c", "jansson.h"), ("daemon/signer/a.c", "jansson.h"),
        ("daemon/command/a.c", "ini.h"),
        ("daemon/store/a.c", "talloc.h"), ("daemon/rules/a.c", "skillsd/gate.h"), ("plugins/auth_a.c", "skillsd/gate.h"),
        ("daemon/gate/a.c", "skillsd/plugin.h"), ("daemon/gate/a.c", "netinet/in.h"), ("daemon/gate/a.c", "netdb.h"),
        ("daemon/gate/a.c", "arpa/inet.h"), ("plugins/report_a.c", "talloc.h")]],
    (included("daemon/base/a.c", "<pcre2.h>"),
     "daemon/base/a.c:3: <pcre2.h> has no door: name the one place that may include it"),
    # heads and words
    ({"daemon/base/a.c": "int a;\n".replace("int", "extern int")},
     'daemon/base/a.c:1: the first line is not "SPDX-License-Identifier: Apache-2.0"'),
    ({"daemon/base/a.c": "/* SPDX-License-Identifier: Apache-2.0 */\n"},
     'daemon/base/a.c:1: the first line is not "SPDX-License-Identifier: Apache-2.0"'),
    ({"daemon/base/a.c": ""}, 'daemon/base/a.c:1: the first line is not "SPDX-License-Identifier: Apache-2.0"'),
    ({"etc/a.sh": "#!/bin/sh\necho\n"}, 'etc/a.sh:1: the first line is not "SPDX-License-Identifier: Apache-2.0"'),
    ({"Makefile": "all:\n"}, 'Makefile:1: the first line is not "SPDX-License-Identifier: Apache-2.0"'),
    (with_line("schemas/sql/0001_spine.sql", "-- TO" "DO later"),
     "schemas/sql/0001_spine.sql:3: TO" "DO does not belong in the tree"),
    (with_line("daemon/base/shelf.c", "/* FIX" "ME */"), "daemon/base/shelf.c:23: FIX" "ME does not belong in the tree"),
    (with_line("tests/unit/test_x.c", "/* XX" "X */"), "tests/unit/test_x.c:3: XX" "X does not belong in the tree"),
    # sizes
    (with_line("daemon/base/shelf.c", function(61)), "daemon/base/shelf.c:23: long_one has 61 lines, 60 are enough"),
    (with_line("tests/unit/test_x.c", function(70)), "tests/unit/test_x.c:3: long_one has 70 lines, 60 are enough"),
    (with_line("plugins/ldap.c", "\n" * 493), "plugins/ldap.c:501: the file has 501 lines, 500 are enough"),
    (with_line("daemon/base/call.h", macros(9)), "daemon/base/call.h:16: M8: a function-like macro more than 9"),
    # habits
    *[(with_line("daemon/base/shelf.c", line), f"daemon/base/shelf.c:23: {sentence}") for line, sentence in [
        ("typedef struct point point_t;", "no typedef: say struct, enum, or the type itself"),
        ("int count;", "count outlives its function and can be changed: no mutable globals"),
        ("static int counts[2] = {1, 2};", "counts outlives its function and can be changed: no mutable globals"),
        ("static const char *name;", "name outlives its function and can be changed: no mutable globals"),
        ("static struct point here = {1};", "here outlives its function and can be changed: no mutable globals"),
        ("struct { int x; } there;", "there outlives its function and can be changed: no mutable globals"),
        ("static __thread int mine;", "mine outlives its function and can be changed: no mutable globals"),
        ("static int (*callback)(int);", "callback outlives its function and can be changed: no mutable globals"),
        ("int a(void) { static int calls; return calls++; }",
         "calls outlives its function and can be changed: no mutable globals"),
        ("void a(int b) { assert(b); }", "a may end the process by assert()"),
        ("void a(void) { abort(); }", "a may end the process by abort()"),
        ("void a(void) { exit(1); }", "a may end the process by exit()"),
        ("int a(void) { return system(\"ls\"); }", "system() has no place here"),
        ("int a(void *b) { return dlclose(b); }", "dlclose() has no place here"),
        ("static const char sql[] = \"SELECT 1\";", 'SQL outside daemon/store: "SELECT"'),
        ("static const char sql[] = \"DELETE FROM person\";", 'SQL outside daemon/store: "DELETE FROM"'),
        ("static const char sql[] = \" WHERE id = $1\";", 'SQL outside daemon/store: "WHERE"'),
        ("static const char filter[] = \"(uid=%s)\";", "an LDAP filter outside plugins"),
        ("static const char filter[] = \"(&(a=b)\";", "an LDAP filter outside plugins")]],
    (with_line("plugins/ldap.c", 'static const char sql[] = "SELECT 1";'),
     'plugins/ldap.c:8: SQL outside daemon/store: "SELECT"'),
    (with_line("daemon/store/db.c", 'static const char filter[] = "(uid=%s)";'),
     "daemon/store/db.c:8: an LDAP filter outside plugins"),
    ({"daemon/base/log.c": SPDX + "static int least;\n"},
     "daemon/base/log.c:1: journal is an exception of tests/house.py that it does not need"),
    # routes
    (without("schemas/openapi.yaml", "    patch: {}\n"),
     "schemas/openapi.yaml:5: PATCH /people/{id} is a route that the document lacks"),
    (without("schemas/openapi.yaml", "  /healthz:\n    get: {}\n"),
     "schemas/openapi.yaml:1: GET /healthz is a route that the document lacks"),
    (with_line("schemas/openapi.yaml", "    delete: {}"),
     "schemas/openapi.yaml:5: DELETE /people/{id} is in the document and no route"),
    (without("build/routes", "GET /healthz\n"), "schemas/openapi.yaml:3: GET /healthz is in the document and no route"),
    # the sample configuration
    (without("etc/skillsd.conf", ";listen = 127.0.0.1:8080\n"), "etc/skillsd.conf:2: listen of server is not shown"),
    (without("etc/skillsd.conf", "listen = 127", "lisen = 127"), "etc/skillsd.conf:2: listen of server is not shown",
     "etc/skillsd.conf:3: [server] knows no option lisen"),
    (without("etc/skillsd.conf", "8080", "80"),
     "etc/skillsd.conf:3: the default of listen is 127.0.0.1:8080, not 127.0.0.1:80"),
    (without("etc/skillsd.conf", ";filter = (a=b)\n"), "etc/skillsd.conf:5: filter of source_x is not shown",
     "etc/skillsd.conf:8: filter of auth_x is not shown"),
    (without("etc/skillsd.conf", "\ndirectory = main", "\n;directory = main"),
     "etc/skillsd.conf:9: filter of auth_x is not shown", "etc/skillsd.conf:9: uri of auth_x is not shown"),
    (with_line("etc/skillsd.conf", "filter: (a=b)"), "etc/skillsd.conf:12: this line is no section, option or comment"),
    (with_line("etc/skillsd.conf", "[attic]"), "etc/skillsd.conf:12: there is no section [attic]"),
    (with_line("etc/skillsd.conf", ";[directory more]\n;plugin = source_x\n;uri = ldap://y\n;url = x"),
     "etc/skillsd.conf:15: [directory] knows no option url"),
    # the manual
    (without("etc/man/skillsd.conf.5", ".It Cm url Ar text Pq required\n"),
     "etc/man/skillsd.conf.5:2: url of server is not described"),
    (with_line("etc/man/skillsd.conf.5", ".It Cm extra Ar text"),
     "etc/man/skillsd.conf.5:13: auth_x knows no option extra", "etc/man/skillsd.conf.5:13: source_x knows no option extra"),
    (without("etc/man/skillsd.conf.5", "8080", "80"),
     "etc/man/skillsd.conf.5:3: listen of server is a text with the default 127.0.0.1:8080"),
    (without("etc/man/skillsd.conf.5", "directory Ar text", "directory Ar path"),
     "etc/man/skillsd.conf.5:9: directory of authenticator is a text with the default none"),
    (without("etc/man/skillsd.conf.5", ".Ss Plugins source_x and auth_x", ".Ss Plugin source_x"),
     "etc/man/skillsd.conf.5:1: filter of auth_x is not described", "etc/man/skillsd.conf.5:1: uri of auth_x is not described"),
    (with_line("etc/man/skillsd.conf.5", ".Ss Section [attic]"), "etc/man/skillsd.conf.5:13: there is no section [attic]"),
    (with_line("etc/man/skillsd.conf.5", ".It Cm uri text"),
     'etc/man/skillsd.conf.5:13: this is not ".It Cm KEY Ar TYPE Pq Li DEFAULT"'),
    (with_line("build/options", "throttle\twindow\tduration\t15m\tHow long."),
     "etc/man/skillsd.conf.5:1: window of throttle is not described", "etc/skillsd.conf:1: window of throttle is not shown"),
]


def test_a_clean_house_passes(breaches):
    assert breaches({}) == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[1])
def test_a_breach_is_named(breaches, case):
    changes, *expected = case
    assert breaches(changes) == expected


def test_what_looks_like_a_breach_and_is_none_passes(breaches):
    assert breaches({
        "daemon/base/a.c": SPDX + '/* typedef, abort(), "SELECT 1" */\n#define ONE(x) \\\n\t{ x; \\\n\t}\n'
        "static const struct {\n\tconst char *a;\n} rows[] = {{\"typedef int x;\"}};\n"
        "static const char *const *const deep = 0;\nstatic int forward(int a);\nextern int elsewhere;\n"
        "struct shelf {\n\tstruct {\n\t\tint x;\n\t} inner;\n};\n"
        "void a(void) __attribute__((format(printf, 1, 2)));\n"
        "int b(int x) { return x == '{' || x == '\"' ? aborted(x) : 0; }\n"
        "static const char said[] = \"DELETE is a method (see above), (a = b)\";\n" + function(60),
        "daemon/gate/a.c": SPDX + "void a(void)\n{\n\t_exit(0);\n}\n",
        "tests/unit/test_a.c": SPDX + '#include "store/db.h"\nstatic int count;\n',
    }) == []
