#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make house: the rules of the house, held against the tree. house.py [ROOT [BUILD]]
Prints each breach as "file:line: sentence", then a count; the exit status is 1 when there is any."""
import bisect
import ctypes
import pathlib
import re
import subprocess
import sys

import yaml

# ---- what the rules are

DOORS = {"http", "store", "index", "host", "sign", "fetch", "draw"}
SEES = {  # which rooms a room may include, besides itself
    "base": set(),
    **{door: {"base"} for door in DOORS},
    "helper": set(),
    "painter": set(),  # it has libraries that the daemon shall not have
    "signer": {"helper"},  # it holds the private keys,
    "gate": {"helper"},  # it runs as root: nothing but their own few files
    "verify": {"sign", "base"},
    "rules": {"verify", "fetch", "store", "index", "host", "sign", "draw", "base"},
    "jobs": {"rules", "base"},
    "api": {"http", "rules", "host", "base"},
    "command": {"api", "jobs", "rules", "verify", "base"} | DOORS,
    "main.c": {"command", "api", "jobs", "rules", "base"} | DOORS,
}
LIBRARIES = {  # where the headers of a library may be included
    "libpq-fe.h": r"daemon/store/",
    "microhttpd.h": r"daemon/http/",
    "dlfcn.h": r"daemon/host/",
    "security/": r"daemon/gate/",
    "linux/capability.h": r"daemon/gate/shed\.c$",
    "openssl/": r"daemon/(sign|signer)/",
    "dirent.h": r"daemon/(signer/keys|command/pinned|store/blob)\.c$",
    "ldap.h": r"plugins/ldap(_\w+)?\.[ch]$",
    "openldap.h": r"plugins/ldap(_\w+)?\.[ch]$",
    "lber.h": r"plugins/ldap(_\w+)?\.[ch]$",
    "gssapi/": r"plugins/ldap_kerberos\.c$",
    "krb5.h": r"plugins/ldap_kerberos\.c$",
    "jansson.h": r"daemon/(base|api|sign|verify)/",
    "ini.h": r"daemon/base/",
    "curl/": r"daemon/fetch/",
    "zlib.h": r"daemon/(sign/bits|verify/png|painter/png)\.c$",
    "librsvg/": r"daemon/painter/render\.c$",
    "pango/": r"daemon/painter/page\.c$",
    "cairo-pdf.h": r"daemon/painter/page\.c$",
    "qrencode.h": r"daemon/painter/page\.c$",
    "cairo.h": r"daemon/painter/",
    "png.h": r"daemon/painter/png\.c$",
    "libxml/": r"daemon/painter/svg\.c$",
    "linux/audit.h": r"daemon/painter/confine\.c$",
    "linux/filter.h": r"daemon/painter/confine\.c$",
    "linux/seccomp.h": r"daemon/painter/confine\.c$",
    "talloc.h": r"daemon/base/",
    "skillsd/plugin.h": r"daemon/(?!gate/|signer/|helper/)|plugins/",
    "skillsd/gate.h": r"daemon/gate/|plugins/auth_pam\.c$",
    "skillsd/signer.h": r"daemon/sign(er)?/",
    # no network in the gate and the signer
    "netdb.h": r"daemon/(?!gate/|signer/|helper/)|plugins/",
    "netinet/": r"daemon/(?!gate/|signer/|helper/)|plugins/",
    "arpa/": r"daemon/(?!gate/|signer/|helper/)|plugins/",
    "sanitizer/": r"daemon/store/fiber\.c$",
    "ucontext.h": r"daemon/store/fiber\.c$",
}
SYSTEM = set("""assert ctype errno fcntl float getopt grp inttypes iso646 libgen limits locale malloc math poll pthread
pwd sched semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib string strings syslog
termios threads time uchar unistd wchar wctype""".split())

FUNCTION_LINES, FILE_LINES, MACROS = 60, 500, 9

MAY_CHANGE = {  # file-scope variables that are not const, and why
    ("daemon/base/log.c", "least"): "the log's level, set once before threads start",
    ("daemon/base/log.c", "journal"): "whether the journal reads the log, set once before threads start",
    ("daemon/store/pipe.c", "fiber_now"): "the fiber that this thread runs, each thread its own",
}
MAY_END = {  # functions that may end the process, and why
    ("daemon/base/call.c", "call_new"): "out of memory",
    ("daemon/base/text.c", "text_begin"): "out of memory",
    ("daemon/base/text.c", "text_room"): "out of memory",
    ("daemon/base/words.c", "random_bytes"): "the kernel gives no random bytes",
    ("daemon/sign/digest.c", "digest_keyed"): "OpenSSL has no SHA-256",
    ("daemon/sign/digest.c", "hasher_new"): "OpenSSL has no SHA-256",
    ("daemon/sign/digest.c", "hasher_sha256"): "OpenSSL has no SHA-256",
    ("daemon/sign/digest.c", "hasher_fields"): "OpenSSL has no SHA-256",
    ("daemon/sign/digest.c", "cipher_new"): "OpenSSL has no AES-256-GCM",
    ("daemon/store/fiber.c", "stack_new"): "out of memory",
    ("daemon/http/lanes.c", "lane_threads_open"): "at start: no thread to be had",
    ("daemon/jobs/clock.c", "jobs_open"): "at start: no thread to be had",
    ("daemon/store/pipe.c", "pipe_open"): "at start: no thread to be had",
    ("daemon/main.c", "main"): "at its end, past what libraries would undo around threads that still wait in them",
    ("daemon/gate/main.c", "read_arguments"): "--help",
    ("daemon/signer/main.c", "read_arguments"): "--help",
}
SQL = re.compile(r"""\b(?:SELECT\s|INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|UPDATE\s+\S+\s+SET|FOR\s+UPDATE|TRUNCATE\b
    |(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|TYPE|VIEW|FUNCTION|SCHEMA|TEMP)|COPY\s+\S+\s+(?:FROM|TO|\()|LISTEN\s+\w
    |NOTIFY\s+\w|ROLLBACK\b|SAVEPOINT\b|BEGIN\b|COMMIT\b|WHERE\s|ORDER\s+BY|pg_\w+\()""", re.X)
FILTER = re.compile(r"\([&|!]\(|\([A-Za-z][\w;.-]*[~<>]?=[%*]|\(objectClass=|\(%s=")
WISHES = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")  # in halves, so as not to find itself
SOURCES = {".c", ".h", ".inc", ".py", ".sh", ".sql", ".yaml", ".mjs", ".conf", ".service", ".socket", ".5",
           ".8"}


# ---- C, read just as far as the rules need

class C:
    """A C file: its code without comments and strings, its string literals, functions, file-scope statements."""
    TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
    DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)

    def __init__(self, path, name):
        self.name, self.text = name, path.read_text()
        self.lines = self.text.count("\n")
        self.starts = [0] + [found.end() for found in re.finditer("\n", self.text)]
        self.strings = []  # (offset, what stands between the quotes)
        self.code = self.TOKEN.sub(self.blank, self.text)
        self.directives = [(found.start(), self.text[found.start():found.end()])
                           for found in self.DIRECTIVE.finditer(self.code)]
        self.code = self.DIRECTIVE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.code)
        self.functions, self.statements = [], []  # (name, start, end); (start, text)
        self.split()

    def blank(self, found):
        token = found[0]
        if token[0] == '"':
            self.strings.append((found.start(), token[1:-1]))
            return '"' + " " * (len(token) - 2) + '"'
        return re.sub(r"[^\n]", " ", token)

    def line(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def split(self):
        """A body in braces belongs to a function when parentheses and no = stand before it."""
        at, depth, begin, kept, body = 0, 0, 0, "", False
        for found in re.finditer(r"[{};]", self.code):
            piece = self.code[at:found.start()]
            if depth == 0:
                if not kept.strip():
                    begin = at + len(piece) - len(piece.lstrip())
                kept += piece
            at = found.end()
            if found[0] == "{":
                if depth == 0:
                    kept = without_attributes(kept)
                    body = kept.rstrip().endswith(")") and "=" not in kept
                depth += 1
            elif found[0] == "}":
                depth -= 1
                if depth == 0 and body:
                    self.functions.append((name_of(kept), begin, found.start()))
                    kept, body = "", False
                elif depth == 0:
                    kept += "{}"
            elif depth == 0:
                self.statements.append((begin, without_attributes(kept).strip()))
                kept = ""

    def function_at(self, offset):
        return next((name for name, start, end in self.functions if start <= offset <= end), "")


def name_of(function):
    found = re.search(r"(\w+)\s*\(", function)
    return found[1] if found else "?"


def without_attributes(text):
    return re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", "", text)


def variable(statement):
    """The name of the variable that a file-scope statement defines and whether it is const, or None."""
    if re.match(r"(typedef|extern|_Static_assert)\b|$", statement):
        return None
    pointer = re.match(r"[\w\s*]*\(\s*\*\s*(const\b)?\s*(\w+)", statement)
    if pointer:
        return pointer[2], bool(pointer[1])
    head = statement.split("=")[0]
    if "(" in head:
        return None
    head = re.sub(r"\b(struct|union|enum)(\s+\w+)?\s*\{\}", r"\1 X", head)
    if re.fullmatch(r"\s*(struct|union|enum)\s+\w+\s*", head):
        return None
    name = re.search(r"(\w+)\s*(\[[^\]]*\]\s*)*(,.*)?$", head, re.S)
    return name[1] if name else "?", is_const(head)


def is_const(declaration):
    return bool(re.search(r"\bconst\b", declaration.rsplit("*", 1)[-1]))


# ---- the house

class House:
    def __init__(self, root, build):
        self.root, self.build, self.breaches, self.macros, self.store = root, build, [], [], None
        self.allowed = set()
        self.files = {path.relative_to(root).as_posix(): path for folder in
                      ("daemon", "include", "plugins", "schemas", "etc", "tests", ".ci") if (root / folder).is_dir()
                      for path in sorted((root / folder).rglob("*"))
                      if path.is_file() and "node_modules" not in path.parts and "__pycache__" not in path.parts}
        self.files |= {"Makefile": root / "Makefile"} if (root / "Makefile").exists() else {}
        self.c = {name: C(path, name) for name, path in self.files.items() if re.search(r"\.[ch]$", name)}
        self.ours = [c for name, c in self.c.items() if name.startswith(("daemon/", "include/", "plugins/"))]

    def breach(self, name, line, sentence):
        self.breaches.append((name, line, sentence))

    def check(self):
        self.check_heads()
        for c in self.c.values():
            self.check_sizes(c)
        for c in self.ours:
            self.check_includes(c)
            self.check_calls(c)
            self.check_variables(c)
            self.check_words(c)
        self.check_exceptions()
        self.check_macros()
        self.check_routes()
        self.check_options()

    # -- text

    def check_heads(self):
        for name, path in self.files.items():
            source = path.suffix in SOURCES or name in ("Makefile", ".ci/run")
            if not source:
                continue
            lines = path.read_text(errors="replace").split("\n")
            first = lines[1:2] if lines[0].startswith(("#!", "# shellcheck shell=")) else lines[:1]
            if not re.match(r"(/\*|#|--|//|\.\\\") SPDX-License-Identifier: Apache-2\.0$", (first or [""])[0]):
                self.breach(name, 1, "the first line is not \"SPDX-License-Identifier: Apache-2.0\"")
            for number, line in enumerate(lines, 1):
                if WISHES.search(line):
                    self.breach(name, number, f"{WISHES.search(line)[0]} does not belong in the tree")

    def check_sizes(self, c):
        if c.lines > FILE_LINES:
            self.breach(c.name, c.lines, f"the file has {c.lines} lines, {FILE_LINES} are enough")
        for name, start, end in c.functions:
            lines = c.line(end) - c.line(start) + 1
            if lines > FUNCTION_LINES:
                self.breach(c.name, c.line(start), f"{name} has {lines} lines, {FUNCTION_LINES} are enough")

    # -- includes

    def check_includes(self, c):
        for offset, directive in c.directives:
            include = re.match(r"\s*#\s*include\s*([<\"])([^>\"]+)", directive)
            if not include:
                continue
            sentence = (self.wrong_own(c.name, include[2]) if include[1] == '"'
                        else self.wrong_library(c.name, include[2]))
            if sentence:
                self.breach(c.name, c.line(offset), sentence)

    def wrong_own(self, name, header):
        place = name.split("/")
        if place[0] == "include":
            return f"a public header includes \"{header}\""
        if place[0] == "plugins":
            if header in ("bake.h", "html.h", "markdown.h") and re.match(r"(bake|html|markdown|badge_\w+)\.c", place[1]):
                return None
            if not re.fullmatch(r"(ldap|ldif)(_\w+)?\.(h|inc)", header):
                return f"a plugin includes \"{header}\"; it may see <skillsd/plugin.h>, plugins/ldap*.h and ldif*.h"
            if not re.match(r"(ldap|source_ldap|auth_ldap|ldif|source_ldif)[._]", place[1]):
                return f"\"{header}\" is for the LDAP plugins"
            if header.startswith("ldif") and not re.match(r"(ldif|source_ldif)[._]", place[1]):
                return f"\"{header}\" is for source_ldif"
            return None
        room, other = place[1], header.split("/")[0]
        if room not in SEES:
            return f"{room} is no room of the house"
        if other != room and other not in SEES[room]:
            return f"{room} includes \"{header}\"; it may see {', '.join(sorted(SEES[room])) or 'nobody'}"
        return None

    def wrong_library(self, name, header):
        for library, places in LIBRARIES.items():
            if header == library or (library.endswith("/") and header.startswith(library)):
                return None if re.match(places, name) else f"<{header}> is outside its door"
        if header.startswith("sys/") or header[:-2] in SYSTEM:
            return None
        return f"<{header}> has no door: name the one place that may include it"

    def check_calls(self, c):
        """What a header passes on does not become visible by it."""
        room = re.match(r"daemon/(api|jobs)/", c.name)
        if not room:
            return
        if not self.store:
            self.store = {name_of(statement) for header in self.ours if re.match(r"daemon/store/.*\.h$", header.name)
                          for _, statement in header.statements if "struct skd_call *" in statement}
        for called in re.finditer(r"\b(\w+)\s*\(", c.code):
            if called[1] in self.store:
                self.breach(c.name, c.line(called.start()), f"{room[1]} calls {called[1]}(), which asks the database")

    # -- habits

    def check_variables(self, c):
        found = [(start, variable(statement)) for start, statement in c.statements]
        found = [(start, *what) for start, what in found if what]
        for _, start, end in c.functions:
            for local in re.finditer(r"\bstatic\s+([^;=({]*)", c.code[start:end]):
                if c.code.find("{", start) < start + local.start():
                    name = re.search(r"(\w+)\s*(\[[^\]]*\]\s*)*$", local[1].strip())
                    found.append((start + local.start(), name[1] if name else "?", is_const(local[1])))
        for start, name, const in found:
            if not const and not self.allows(MAY_CHANGE, c.name, name):
                self.breach(c.name, c.line(start), f"{name} outlives its function and can be changed: no mutable globals")

    def allows(self, exceptions, name, what):
        if (name, what) in exceptions:
            self.allowed.add((name, what))
        return (name, what) in exceptions

    def check_exceptions(self):
        for name, what in sorted((MAY_CHANGE.keys() | MAY_END.keys()) - self.allowed):
            if name in self.files:
                self.breach(name, 1, f"{what} is an exception of tests/house.py that it does not need")

    def check_words(self, c):
        for found in re.finditer(r"\btypedef\b", c.code):
            self.breach(c.name, c.line(found.start()), "no typedef: say struct, enum, or the type itself")
        for found in re.finditer(r"(?<![\w.>])(assert|abort|_?exit|_Exit|quick_exit)\s*\(", c.code):
            where = c.function_at(found.start())
            forked = c.name.startswith("daemon/gate/") and found[1] == "_exit"  # a child has no caller to return to
            if not forked and not self.allows(MAY_END, c.name, where):
                self.breach(c.name, c.line(found.start()), f"{where or 'the file'} may end the process by {found[1]}()")
        for found in re.finditer(r"(?<![\w.>])(system|popen|wordexp|dlclose)\s*\(", c.code):
            self.breach(c.name, c.line(found.start()), f"{found[1]}() has no place here")
        for offset, literal in c.strings:
            if SQL.search(literal) and not c.name.startswith("daemon/store/"):
                self.breach(c.name, c.line(offset), f"SQL outside daemon/store: \"{SQL.search(literal)[0].strip()}\"")
            if FILTER.search(literal) and not c.name.startswith("plugins/"):
                self.breach(c.name, c.line(offset), "an LDAP filter outside plugins")

    def check_macros(self):
        for c in self.ours:
            if c.name.startswith("plugins/"):
                continue
            for offset, directive in c.directives:
                macro = re.match(r"\s*#\s*define\s+(\w+)\(", directive)
                if macro:
                    self.macros.append((macro[1], c.name, c.line(offset)))
        for name, where, line in self.macros[MACROS:]:
            self.breach(where, line, f"{name}: a function-like macro more than {MACROS}")

    # -- tables

    def ask(self, command):
        run = subprocess.run([self.build / "skillsd", command], capture_output=True, text=True, check=True)
        return run.stdout.splitlines()

    def check_routes(self):
        name = "schemas/openapi.yaml"
        text = self.files[name].read_text()
        verbs = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
        written = {f"{verb.upper()} {path}" for path, item in (yaml.safe_load(text).get("paths") or {}).items()
                   for verb in item if verb in verbs}
        routes = set(self.ask("routes"))
        lines = {line.strip(" :'\""): number for number, line in enumerate(text.split("\n"), 1) if line.startswith("  /")}
        for route in sorted(routes - written):
            self.breach(name, lines.get(route.split(" ")[1], 1), f"{route} is a route that the document lacks")
        for route in sorted(written - routes):
            self.breach(name, lines.get(route.split(" ")[1], 1), f"{route} is in the document and no route")

    def check_options(self):
        tables = {}  # section or plugin: {key: (type, default or None)}
        for line in self.ask("options"):
            section, key, kind, preset, _ = (line + "\t" * 4).split("\t", 4)
            preset = re.sub(r"^/.*/lib/skillsd/", "/usr/lib/skillsd/", preset)  # wherever it was built for
            tables.setdefault(section, {})[key] = (kind, preset or None)
        plugins = {path.stem: plugin_options(path) for path in sorted((self.build / "plugins").glob("*.so"))}
        self.check_sample(tables, plugins)
        self.check_manual(tables, {name: table for name, table in plugins.items() if table})

    def check_sample(self, tables, plugins):
        name, sections, seen, line_of = "etc/skillsd.conf", [], {}, {}
        for number, line in enumerate(self.files[name].read_text().split("\n"), 1):
            header = re.match(r"(;?)\[(\w+) ?(.*)\]", line)  # one behind a ; is an example, with all its lines
            entry = re.match(r"(;?)(\w+) = (.*)", line)
            if header:
                sections.append({"line": number, "off": bool(header[1]), "kind": header[2], "name": header[3],
                                 "entries": []})
            elif entry and sections:
                sections[-1]["entries"].append((number, entry[2], entry[3], bool(entry[1])))
            elif line and line[0] not in "# \t":
                self.breach(name, number, "this line is no section, option or comment")
        for section in sections:
            if section["kind"] not in tables:
                self.breach(name, section["line"], f"there is no section [{section['kind']}]")
            given = {key: value for _, key, value, commented in section["entries"] if commented == section["off"]}
            table = dict(tables.get(section["kind"], {}))
            table.update(plugins.get(given.get("plugin"), {}))
            keys = {key for _, key, _, _ in section["entries"]}
            for scope in (section["kind"], given.get("plugin")):
                line_of.setdefault(scope, section["line"])
                seen.setdefault(scope, set()).update(keys)
            for scope in self.borrowers(sections, section):
                seen.setdefault(scope, set()).update(keys)
            for number, key, value, commented in section["entries"]:
                if key not in table:
                    self.breach(name, number, f"[{section['kind']}] knows no option {key}")
                elif commented and table[key][1] is not None and value != table[key][1]:
                    self.breach(name, number, f"the default of {key} is {table[key][1]}, not {value}")
        for scope, table in (tables | plugins).items():
            for key in table:
                if key not in seen.get(scope, ()):
                    self.breach(name, line_of.get(scope, 1), f"{key} of {scope} is not shown")

    @staticmethod
    def borrowers(sections, section):
        """Plugins of authenticators that take what they lack from this directory: it shows their options too."""
        for other in sections:
            values = {key: value for _, key, value, commented in other["entries"] if not commented}
            if (section["kind"], section["name"]) == ("directory", values.get("directory")):
                yield values.get("plugin")

    def check_manual(self, tables, plugins):
        """Headings name sections in brackets, or plugins; `.It Cm KEY Ar TYPE Pq Li DEFAULT` begins an option."""
        name, scopes, seen, line_of = "etc/man/skillsd.conf.5", [], {}, {}
        for number, line in enumerate(self.files[name].read_text().split("\n"), 1):
            if line.startswith((".Ss", ".Sh")):
                scopes = [word for word in re.findall(r"\w+", line) if f"[{word}" in line or word in plugins]
                for scope in scopes:
                    line_of.setdefault(scope, number)
                    if scope not in tables and scope not in plugins:
                        self.breach(name, number, f"there is no section [{scope}]")
            item = re.match(r"\.It Cm (\w+) Ar (\w+)(?: Pq (required)?(?:Li (.*))?)?$", line.replace("\\:", ""))
            if item:
                for scope in scopes:
                    seen[scope, item[1]] = (item[2], item[4])
                    table = tables.get(scope) or plugins.get(scope) or {}
                    if item[1] not in table:
                        self.breach(name, number, f"{scope} knows no option {item[1]}")
                    elif table[item[1]] != (item[2], item[4]):
                        kind, preset = table[item[1]]
                        self.breach(name, number, f"{item[1]} of {scope} is a {kind} with the default {preset or 'none'}")
            elif line.startswith(".It Cm"):
                self.breach(name, number, "this is not \".It Cm KEY Ar TYPE Pq Li DEFAULT\"")
        for scope, table in (tables | plugins).items():
            for key in table:
                if (scope, key) not in seen:
                    self.breach(name, line_of.get(scope, 1), f"{key} of {scope} is not described")


def plugin_options(path):
    """{key: (type, default)} of a plugin, read out of its `skillsd_plugin` as <skillsd/plugin.h> lays it out."""
    class Option(ctypes.Structure):
        _fields_ = [("key", ctypes.c_char_p), ("type", ctypes.c_int), ("preset", ctypes.c_char_p),
                    ("help", ctypes.c_char_p), ("required", ctypes.c_bool), ("repeats", ctypes.c_bool)]

    class Head(ctypes.Structure):
        _fields_ = [("abi", ctypes.c_uint), ("kind", ctypes.c_int), ("name", ctypes.c_char_p),
                    ("options", ctypes.POINTER(Option))]
    kinds = ("text", "number", "flag", "duration", "path", "secret")
    options, table = Head.in_dll(ctypes.CDLL(str(path)), "skillsd_plugin").options, {}
    while options[len(table)].key is not None:
        option = options[len(table)]
        table[option.key.decode()] = (kinds[option.type], option.preset.decode() if option.preset is not None else None)
    return table


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parent.parent)
    house = House(root, pathlib.Path(arguments[1]) if len(arguments) > 1 else root / "build/plain")
    house.check()
    for name, line, sentence in sorted(set(house.breaches)):
        print(f"{name}:{line}: {sentence}")
    macros = ", ".join(sorted(name for name, _, _ in house.macros))
    print(f"house: {len(house.files)} files, {sum(len(c.functions) for c in house.ours)} functions, "
          f"{len(house.macros)} function-like macros ({macros}), {len(set(house.breaches))} breaches")
    return 1 if house.breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
