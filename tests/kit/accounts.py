# SPDX-License-Identifier: Apache-2.0
"""Accounts of the system's own kind for pam_unix, without being root: in a user namespace whose root reads an /etc/passwd
and an /etc/shadow of ours. Nobody outside sees them."""
import functools
import pwd
import subprocess

import pytest
from kit.gate import crypt_hash, drop_to

BOUND = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/shadow && shift 2 && exec "$@"'
SHADOW = "19000:0:99999:7:::"  # last change, and no end of anything; days since 1970


def _within(passwd, shadow):
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", BOUND, "sh", str(passwd), str(shadow)]


@functools.cache
def are_possible():
    """Whether this system lets an ordinary process have a user namespace."""
    tried = subprocess.run([*_within("/etc/passwd", "/etc/passwd"), "true"], capture_output=True, **drop_to())
    return tried.returncode == 0


def within_accounts(folder, people):
    """The words before a command that is to see these accounts. people: {name: (password, the rest of the line in
    shadow(5), or None)}; a password that begins with ! is locked. Where there can be none, the test is skipped by this
    name."""
    if not are_possible():
        pytest.skip("this system allows no user namespaces: no accounts for pam_unix")
    passwd, shadow = folder / "passwd", folder / "shadow"
    ids = {name: 2000 + number for number, name in enumerate(people)}
    hashes = {word: crypt_hash(word, b"$y$") for word in {word.lstrip("!") for word, _ in people.values()}}
    passwd.write_text("".join(f"{one.pw_name}:x:{one.pw_uid}:{one.pw_gid}::/:/bin/sh\n" for one in pwd.getpwall())
                      + "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in ids.items()))
    shadow.write_text("".join(f"{name}:{'!' * word.startswith('!')}{hashes[word.lstrip('!')]}:{rest or SHADOW}\n"
                              for name, (word, rest) in people.items()))
    return _within(passwd, shadow)
