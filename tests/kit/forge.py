# SPDX-License-Identifier: Apache-2.0
"""An issuer of the tests' own, who signs whatever is wanted, right or wrong; pictures with badges in them; and `skillsd
verify` over all of it."""
import base64
import copy
import datetime
import gzip
import hashlib
import json
import struct
import subprocess
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from kit.badges import ALPHABET, canonical
from kit.gate import build_folder

MAIL, SALT = "quinn@example.net", "pepper"
VC, OB3 = "https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
LIST = "https://issuer.example/status/1"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base58_text(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = ALPHABET[rest] + text
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def time_at(days=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- keys

class Ed25519:
    alg = "EdDSA"

    def __init__(self):
        self.private = ed25519.Ed25519PrivateKey.generate()
        self.raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.multibase = base58_text(b"\xed\x01" + self.raw)
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(self.raw)}

    def sign(self, data):
        return self.private.sign(data)


class P256:
    alg = "ES256"

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        at = self.private.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": b64(at.x.to_bytes(32, "big")), "y": b64(at.y.to_bytes(32, "big"))}

    def sign(self, data):
        return b"".join(one.to_bytes(32, "big") for one in decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256()))))


class Rsa:
    alg = "RS256"

    def __init__(self):
        self.private = rsa.generate_private_key(65537, 2048)
        at = self.private.public_key().public_numbers()
        self.jwk = {"kty": "RSA", "n": b64(at.n.to_bytes(256, "big")), "e": "AQAB"}
        self.pem = self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                          serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


# ---- an issuer

class Forge:
    """did:web:HOST with a key for proofs and two for JWTs."""

    def __init__(self, host="issuer.example"):
        self.did = f"did:web:{host}"
        self.keys = {"ed": Ed25519(), "p256": P256(), "rsa": Rsa()}

    def method(self, name="ed"):
        return f"{self.did}#{name}"

    def document(self, **changes):
        methods = [{"id": self.method("ed"), "type": "Multikey", "controller": self.did,
                    "publicKeyMultibase": self.keys["ed"].multibase}]
        methods += [{"id": self.method(name), "type": "JsonWebKey", "controller": self.did, "publicKeyJwk": self.keys[name].jwk}
                    for name in ("p256", "rsa")]
        return {"@context": ["https://www.w3.org/ns/did/v1"], "id": self.did, "verificationMethod": methods,
                "assertionMethod": [one["id"] for one in methods], **changes}

    def badge(self, **changes):
        """Not signed. A change to None takes the member away."""
        identity = "sha256$" + hashlib.sha256((MAIL + SALT).encode()).hexdigest()
        badge = {
            "@context": [VC, OB3], "id": "https://issuer.example/badges/1",
            "type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "Teamwork",
            "issuer": {"id": self.did, "type": ["Profile"], "name": "Issuer"},
            "validFrom": time_at(-10), "validUntil": time_at(300), "awardedDate": time_at(-10),
            "credentialSubject": {
                "id": "urn:uuid:01a202dc-0000-7000-8000-000000000001", "type": ["AchievementSubject"],
                "identifier": [{"type": "IdentityObject", "hashed": True, "salt": SALT, "identityType": "emailAddress",
                                "identityHash": identity}],
                "achievement": {"id": "https://issuer.example/achievements/1", "type": ["Achievement"], "name": "Teamwork",
                                "achievementType": "Badge", "description": "d", "criteria": {"narrative": "c"},
                                "tag": ["a", "b"]}},
            "evidence": [{"type": ["Evidence"], "name": "e"}],
            "credentialStatus": {"id": LIST + "#7", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                                 "statusListIndex": "7", "statusListCredential": LIST}}
        badge.update(changes)
        return {name: value for name, value in badge.items() if value is not None}

    def endorsement(self, subject, **changes):
        """Of what has this id; not signed."""
        made = {
            "@context": [VC, OB3], "id": f"{self.did}/endorsements/1", "type": ["VerifiableCredential", "EndorsementCredential"],
            "name": "Endorsement", "issuer": {"id": self.did, "type": ["Profile"], "name": "Partner"}, "validFrom": time_at(-5),
            "credentialSubject": {"id": subject, "type": ["EndorsementSubject"], "endorsementComment": "**Good** \U0001f600"}}
        made.update(changes)
        return {name: value for name, value in made.items() if value is not None}

    def status(self, bits=(), size=16384, purpose="revocation", **changes):
        raw = bytearray(size)
        for bit in bits:
            raw[bit // 8] |= 0x80 >> bit % 8
        document = {"@context": [VC], "id": LIST, "type": ["VerifiableCredential", "BitstringStatusListCredential"],
                    "issuer": self.did, "validFrom": time_at(-10),
                    "credentialSubject": {"id": LIST + "#list", "type": "BitstringStatusList", "statusPurpose": purpose,
                                          "encodedList": "u" + b64(gzip.compress(bytes(raw)))}}
        return self.sign({**document, **changes})

    def sign(self, document, key="ed", **proof):
        """With an eddsa-jcs-2022 proof."""
        config = {"@context": document.get("@context"), "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022",
                  "created": time_at(), "verificationMethod": self.method(key), "proofPurpose": "assertionMethod", **proof}
        data = hashlib.sha256(canonical(config)).digest() + hashlib.sha256(canonical(document)).digest()
        signer = self.keys[key] if key in self.keys else self.keys["ed"]
        return {**document, "proof": [{**config, "proofValue": base58_text(signer.sign(data))}]}

    def claims(self, badge):
        seconds = {name: int(datetime.datetime.fromisoformat(badge[name].replace("Z", "+00:00")).timestamp())
                   for name in ("validFrom", "validUntil") if name in badge}
        return {**badge, "iss": badge["issuer"]["id"], "jti": badge["id"], "sub": badge["credentialSubject"]["id"],
                "nbf": seconds["validFrom"], **({"exp": seconds["validUntil"]} if "validUntil" in seconds else {})}

    def jws(self, payload, key="p256", header=None, sign=None):
        header = {"alg": self.keys[key].alg, "kid": self.method(key), "typ": "JWT"} if header is None else header
        data = b64(json.dumps(header).encode()) + "." + b64(json.dumps(payload).encode())
        return data + "." + b64((sign or self.keys[key].sign)(data.encode()))


def changed(document, path, value):
    """A copy with another value at a path of names and numbers; a member is taken away by `...`."""
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def leaves(value, path=()):
    """(path, value) of everything that is no object and no array."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, value
        return
    for name, item in items:
        yield from leaves(item, (*path, name))


# ---- pictures

def text_of(badge):
    return (badge if isinstance(badge, str) else json.dumps(badge, ensure_ascii=False)).encode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def itxt(badge, keyword=b"openbadgecredential", compressed=0, raw=None):
    return chunk(b"iTXt", keyword + bytes([0, compressed, 0, 0, 0]) + (text_of(badge) if raw is None else raw))


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + b"".join(chunks) + \
        chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def svg(badge=None, inner=None, attributes="", head="", space="https://purl.imsglobal.org/ob/v3p0", name="credential"):
    inner = f"<![CDATA[{text_of(badge).decode()}]]>" if inner is None else inner
    return (f'<?xml version="1.0" encoding="UTF-8"?>{head}<svg xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:openbadges="{space}"><openbadges:{name}{attributes}>{inner}</openbadges:{name}>'
            f'<!-- a picture --><g><circle r="1"/></g></svg>').encode()


# ---- verifying

class Verifier:
    """`skillsd verify` in a folder, with documents that it is given each time."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0

    def file(self, content):
        self.count += 1
        path = self.folder / f"{self.count}"
        path.write_bytes(content if isinstance(content, bytes) else text_of(content))
        return path

    def run(self, *words, within=()):
        return subprocess.run([*within, build_folder() / "skillsd", "verify", *words], capture_output=True, text=True,
                              timeout=120, cwd=self.folder)

    def all(self, badges, documents=(), *words, within=()):
        """The answers about each; checks by name."""
        given = [word for one in documents for word in ("--did", self.file(one))]
        paths = [self.file(one) for one in badges]
        done = self.run("--json", *given, *words, *paths, within=within)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(paths), done.stderr
        verdicts = {one["verdict"] for one in answers}
        assert done.stderr == "" and done.returncode == (1 if "not_verified" in verdicts else 3 if "unknown" in verdicts else 0)
        for one in answers:
            assert one["verified"] == (one["verdict"] == "verified")
            one["endorsements"] = [(check["outcome"], check["detail"]) for check in one["checks"] if check["check"] == "endorsement"]
            one["checks"] = {check["check"]: (check["outcome"], check["detail"]) for check in one["checks"]
                             if check["check"] != "endorsement"}
        return answers

    def one(self, badge, documents=(), *words, within=()):
        return self.all([badge], documents, *words, within=within)[0]
