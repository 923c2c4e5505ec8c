# SPDX-License-Identifier: Apache-2.0
"""What strangers send: strings that mean something to SQL, LDAP, CSV, HTML, logs and terminals, JSON that is none, values
that are not what they should be. Knows no route."""
import re

# Text that may be sent, and has to come back as it is.
HARMLESS = [
    "'", "''; DROP TABLE person; --", "' OR '1'='1", "\\'; SELECT pg_sleep(9); --", "$1", "$$;$$", "%", "_", "%%_", "\\", "\\\\%",
    "{\"a\":1}", "{NULL}", "{}", "NULL", "E'\\\\x41'", "/*", "--", "\\x00", "\\N", "\\.", "(1)", "1e400", "0x10", "-0",
    "*", "*)(uid=*", ")(|(objectClass=*", "(&", "\\2a", "uid=x,dc=y", "cn=\"a, b\"+x=#04",
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "a,b;c\td", "a\n=b", '"', '""', "'=1", "\"\n\"", "\n=1", "\t=1",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "&lt;&#0;&amp;", "]]>", "<!--", "{{7*7}}",
    "${jndi:ldap://x}", "$(id)", "`id`", "; id", "| id", "%s%s%n%p", "%00", "%0d%0aX: y", "../../etc/passwd", "C:\\nul",
    "a\nb: forged", "2026-01-01T00:00:00Z error forged: line", "<3>forged",
    "\u2028\u2029", "\u202egnp.exe", "\u2066x\u2069", "\u200b", "\ufeff", "\ufffe\uffff", "\U0010ffff", "\u0301\u0301",
    "e\u0301", "\u00e9", "\u0130\u0131\u00df\ufb01", "\u5c71", "\U0001f3c5", "Z\u0335\u0321\u0322a\u0334l\u0337go",
]
# Text that may not: it would move a cursor, ring, erase or forge where it is shown.
CONTROLS = ["\x1b[2J", "\x1b]0;x\x07", "a\x07", "a\x08\x08b", "a\rb", "a\x0bb", "a\x0cb", "\x7f", "a\x00b", "\x1f", "\x9b31m", "a\x85b", "\x90q\x9c"]

# JSON texts that are none, or not one that an object can be made of; some as JSONTestSuite has them.
NOT_JSON = [
    *(text.encode() for text in (
        " ", "*", "a", "tru", "True", "nul", "fals", "nan", "'", '"', '"x', "''", "abc", "<.>", "<null>", "å", "]", "[", "{", "}", "{]", "[}", "{,",
        "{[", "[1", "[1,", "[1,]", "[,1]", "[1,,2]", '["x"', '["x"]]', '["",]', '[""],', "[3[4]]", "[1:2]", "[,]", "[-]", "[   , \"\"]",
        '["a",\n4\n,1,', "[*]", "[1 true]", "[x", "[{}", '["": 1]', "[fals]", "[nul]", "[tru]", "[1]x", "[][]", "[\u2060]", "\ufeff", "\ufeff{}",
        "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]",
        "[0E+]", "[0e]", "[1.0e+]", "[1.0e-]", "[1eE2]", "[1 000.0]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[\uff11]", "[1+2]", "[0x1]",
        "[Infinity]", "[-Infinity]", "[-foo]", "[- 1]", "[-012]", "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]", "[1.2a-3]", "[012]",
        "[1.8011670033376514H-308]", "[1e400]", "[-1e+9999]", "[123456789012345678901234567890]", "[-9223372036854775809]",
        '["x", truth]', '{[: "x"}', '{"x", null}', '{"x"::"b"}', "{\U0001f1e8\U0001f1ed}", '{"a":"a" 123}', "{key: 'value'}", '{"a" b}', '{:"b"}',
        '{"a" "b"}', '{"a":', '{"a"', "{1:1}", "{9999E9999:1}", "{null:null,null:null}", '{"id":0,,,,,}', "{'a':0}", '{"id":0,}', '{"a":"b"}/**/',
        '{"a":"b"}//', '{"a":"b"}/', '{"a":"b",,"c":"d"}', '{a: "b"}', '{"a":"a', '{ "foo" : "bar", "a" }', '{"a":"b"}#', '{"a":"b"}{}', "{\"a\":1}\x00",
        '["\\uD800\\"]', '["\\uD800\\u"]', '["\\uD800\\u1"]', '["\\uD800\\u1x"]', '["\\uDFAA"]', '["\\ud800"]', '["\\ud800abc"]', '["\\uDd1e\\uD834"]',
        '{"\\u0000":1}', '["\\x00"]', '["\\a"]', '["\\"]', '["\\', '["\\u00A"]', '["\\uqqqq"]', '["\\\U0001f300"]', "[\\u0020\"asd\"]",
        "[\\n]", '["new\nline"]', '["\t"]', '["a\x00a"]', "['single quote']", '"\\UA66D"', '""x', '["asd]', "[\x0c]", "[1]\x0b", "{\"a\":1,\"a\":2}",
        '{"a":{"b":1,"b":1}}', '[{"":1,"":2}]', '{"a":1,"\\u0061":2}', "[" * 100000, '[{"":' * 50000, '{"a":' * 20000, "[" * 3000 + "]" * 3000)),
    b"[a\xe5]", b"[\xff]", b"[1e\xe5]", b'["\xe5"]', b"[123\xe5]", b'{"\xb9":"0",}', b'["\xe9"]', b'["\xc0\xaf"]', b'["\xed\xa0\x80"]',
    b'["\xf4\xbf\xbf\xbf"]', b'["\xfc\x83\xbf\xbf\xbf\xbf"]', b'["\xe0\xff"]', b'["\x81"]', b"\xff\xfe[\x00]\x00", b"\x00[\x00]", b"\xef\xbb",
]
# JSON that is no object.
NO_OBJECT = [b"[]", b"[[]]", b"[1e3]", b'["\\ud83c\\udfc5"]', b'"x"', b"0", b"-0", b"1E-400", b"true", b"null", b'["\\u0000"]', b"[1,\n2]", b" [] ", b"7",
             b"[" * 15 + b"]" * 15, b'""']
# Values for whatever wants another; too deep, too many, beyond a type.
MISFITS = [None, True, False, 0, -1, 1.5, 1e300, -1e-300, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -2**63, "", " ", "x", "0", "1", "true", "null",
           "2026-13-01", "2026-02-30", "0000-00-00", "9999-12-31T23:59:60Z", "2026-01-01T25:00:00Z", "99999-01-01", "-1", "P", "P1H", "P99999999Y",
           "P-1D", "http:", "http://", "ftp://x/", "//x", "00000000-0000-0000-0000-00000000000g", "00000000-0000-0000-0000-0000000000000",
           "{00000000-0000-0000-0000-000000000000}", "current", [], [[]], [None], [0], ["x"] * 600, {}, {"id": None}, {"id": {}}, {"id": "x"}, {"": ""},
           {"a": {"b": {"c": 1}}}, [{}], [{"skill": None}], "x" * 5001, "\u00e9" * 70000]

SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z (debug|info|warning|error) [\w .{}/-]+: ")


def unclean(log):
    """Lines of a daemon's log that carry what a terminal or a reader of logs would act on, or that it did not write."""
    return [line for line in log.split("\n") if line and (SHOWN.search(line) or "\t" in line or not LINE.match(line))]
