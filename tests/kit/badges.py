# SPDX-License-Identifier: Apache-2.0
"""A house whose credentials have badges, and what a stranger needs to check one: written here a second time, with another
library, so that the product is not held against itself. Knows the public documents, no key of ours."""
import base64
import contextlib
import functools
import gzip
import hashlib
import itertools
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from kit.house import ACCOUNTS, PUBLIC_URL, demo_house
from kit.signer import Signer

HOLDER, COLLEAGUE = "pquinn", "hshaw"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@contextlib.contextmanager
def badge_house(algorithms=("ed25519", "p256", "rsa2048"), config=None, **how):
    """A house with a signer; house.signer, and house.keys by algorithm."""
    with Signer() as signer:
        merged = {**signs(signer), "issuer": {"visibility": "public", "mail": "badges@example.org"}}
        for name, options in (config or {}).items():
            merged[name] = {**merged.get(name, {}), **options}
        with demo_house(config=merged, **how) as house:
            house.signer = signer
            house.keys = {algorithm: new_key(house, algorithm) for algorithm in algorithms}
            yield house


def signs(signer):
    """What a house needs to know of it."""
    return {"signer": {"socket": signer.path, "program": signer.binary, "keys": signer.keys}}


def new_key(house, algorithm, *words):
    done = house.command("key", "new", algorithm, *words)
    assert done.returncode == 0, f"skillsd key new: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Programme:
    """Who makes achievements and issues them; and a stranger, who has no account."""

    def __init__(self, house):
        self.house, self.numbers = house, itertools.count(1)
        self.hr, self.issuer = house.sign_in(ACCOUNTS["HR"]), house.sign_in(ACCOUNTS["ISSUER"])
        self.stranger = house.client()
        self.framework = self.hr.post("/frameworks", {"code": "BADGES", "name": "Skills of badges"})

    @functools.cached_property
    def holder(self):
        return self.house.sign_in(HOLDER)

    @functools.cached_property
    def colleague(self):
        return self.house.sign_in(COLLEAGUE)

    def skill(self, **fields):
        number = next(self.numbers)
        return self.hr.post("/skills", {"framework": "BADGES", "code": f"B{number}", "label": f"Skill {number}", **fields})

    def achievement(self, skills=None, **fields):
        skills = [self.skill()] if skills is None else skills
        return self.hr.post("/achievements", {"name": f"Achievement {next(self.numbers)}", "state": "published",
                                              "skills": [{"skill": one["id"], "level": 1} for one in skills], **fields})

    def issue(self, person=HOLDER, achievement=None, **fields):
        return self.issuer.issue(person, (achievement or self.achievement())["id"], **fields)

    def badge(self, credential, client=None, *, gives=200, accept=None, **parameters):
        return (client or self.stranger).get(f"/badges/{credential['id']}", gives=gives,
                                             headers={"Accept": accept} if accept else {}, **parameters)


@pytest.fixture(scope="module")
def house(postgres):
    with badge_house(postgres=postgres) as house:
        for username in HOLDER, COLLEAGUE:
            house.set_password(username)
        yield house


@pytest.fixture(scope="module")
def programme(house):
    return Programme(house)


# ---- what a stranger does

def place_of(address):
    assert address.startswith(PUBLIC_URL)
    return address.removeprefix(PUBLIC_URL)


def b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base58(text):
    number = 0
    for c in text:
        number = number * 58 + ALPHABET.index(c)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def canonical(value):
    """RFC 8785, as far as there are no floats and names are ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def public_key(method):
    """Of a verificationMethod or a JWK."""
    if "publicKeyMultibase" in method:
        raw = base58(method["publicKeyMultibase"].removeprefix("z"))
        assert raw[:2] == b"\xed\x01"
        return ed25519.Ed25519PublicKey.from_public_bytes(raw[2:])
    jwk = method.get("publicKeyJwk", method)
    number = {name: int.from_bytes(b64url(jwk[name]), "big") for name in "xyne" if name in jwk}
    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(number["e"], number["n"]).public_key()
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(b64url(jwk["x"]))
    return ec.EllipticCurvePublicNumbers(number["x"], number["y"], ec.SECP256R1()).public_key()


def method_of(document, name):
    """A key of a DID document that may make assertions."""
    assert name in document["assertionMethod"]
    method, = [one for one in document["verificationMethod"] if one["id"] == name]
    assert method["controller"] == document["id"] == name.partition("#")[0]
    return method


def verify_proof(document, did_document):
    """Raises unless the eddsa-jcs-2022 proof holds; gives it."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    proof, = document["proof"]
    assert (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) == \
        ("DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod")
    assert unsecured["@context"][:len(proof["@context"])] == proof["@context"]
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    data = hashlib.sha256(canonical(config)).digest() + hashlib.sha256(canonical(unsecured)).digest()
    key = public_key(method_of(did_document, proof["verificationMethod"]))
    key.verify(base58(proof["proofValue"].removeprefix("z")), data)
    return proof


def verify_jws(text, jwks):
    """(header, payload) of a JWS that a key of the set has signed; raises otherwise."""
    head, payload, signature = text.split(".")
    header = json.loads(b64url(head))
    jwk, = [one for one in jwks["keys"] if one["kid"] == header["kid"]]
    assert jwk["alg"] == header["alg"]
    key, data, signature = public_key(jwk), f"{head}.{payload}".encode(), b64url(signature)
    if header["alg"] == "ES256":
        assert len(signature) == 64
        signature = encode_dss_signature(*(int.from_bytes(signature[i:i + 32], "big") for i in (0, 32)))
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    elif header["alg"] == "RS256":
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        key.verify(signature, data)
    return header, json.loads(b64url(payload))


def bits_of(status_list):
    """The bitstring of a BitstringStatusListCredential; bit(place)."""
    raw = gzip.decompress(b64url(status_list["credentialSubject"]["encodedList"].removeprefix("u")))
    assert len(raw) * 8 >= 131072
    return lambda place: raw[place // 8] >> (7 - place % 8) & 1
