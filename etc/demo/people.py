#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""people.py ORGANISATION STATE: passwords for the people of organisation.ldif.

Keeps what STATE holds already, makes up the rest, and writes there the LDIF that slapadd takes.
Knows the form of LDIF and of password hashes; refuses to know servers."""
import base64
import hashlib
import os
import re
import secrets
import sys

# What is easily mistaken for something else is left out.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

# Locks hold for accounts that an administrator has locked; a wrong password locks nobody out.
POLICY = """dn: cn=passwords,{base}
objectClass: device
objectClass: pwdPolicy
cn: passwords
description: Rules for passwords
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 0
"""


def password():
    return "".join(secrets.choice(LETTERS) for _ in range(16))


def ssha(plain):
    salt = os.urandom(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(plain.encode() + salt).digest() + salt).decode()


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def secret(state, name):
    """The password kept in the file STATE/name.secret."""
    path = os.path.join(state, name + ".secret")
    if not os.path.exists(path):
        write(path, password() + "\n")
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def accounts(state, uids):
    """Each person's password; STATE/accounts has a line `uid:password` for everyone."""
    path = os.path.join(state, "accounts")
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = dict(line.rstrip("\n").split(":", 1) for line in file)
    known.update({uid: password() for uid in uids if uid not in known})
    write(path, "".join(f"{uid}:{plain}\n" for uid, plain in known.items()))
    return known


def main(organisation, state):
    with open(organisation, encoding="utf-8") as file:
        entries = re.split(r"\n(?:[ \t]*\n)+", file.read())
    uids = [re.search(r"^uid: *(\S+)$", entry, re.M) for entry in entries]
    known = accounts(state, [uid[1] for uid in uids if uid])
    for i, uid in enumerate(uids):
        if uid:
            entries[i] += f"\nuserPassword: {ssha(known[uid[1]])}"
    text = "\n\n".join(entry.strip("\n") for entry in entries) + "\n\n"
    base = re.search(r"^dn: *(\S+)$", text, re.M)[1]
    text = text.replace("@SYNC_PASSWORD@", ssha(secret(state, "sync")))
    write(os.path.join(state, "people.ldif"), text + POLICY.format(base=base))
    for name in ("directory", "pam"):
        secret(state, name)


main(*sys.argv[1:])
