# SPDX-License-Identifier: Apache-2.0
"""An LDAP server that answers what a test tells it to, byte by byte: what no real server can be brought to
do. Knows just enough BER (X.690) and LDAP (RFC 4511) for that. Also a server that never says a word."""
import contextlib
import socket
import threading

BIND, BIND_DONE, SEARCH, ENTRY, DONE, REFERENCE = 0x60, 0x61, 0x63, 0x64, 0x65, 0x73
INTERMEDIATE = 0x79
ROOT_DSE = b"\x04\x00\x0a\x01\x00\x0a\x01\x00"  # an empty base, itself, nothing dereferenced
PAGED = b"1.2.840.113556.1.4.319"
SYNC_STATE, SYNC_DONE, SYNC_INFO = (b"1.3.6.1.4.1.4203.1.9.1." + end for end in (b"2", b"3", b"4"))


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def text(value):
    return tlv(4, value if isinstance(value, bytes) else value.encode())


def number(value, tag=2):
    return tlv(tag, value.to_bytes(4, "big"))


def message(number_, tag, *parts, controls=b""):
    return tlv(0x30, number(number_), tlv(tag, *parts), tlv(0xa0, controls) if controls else b"")


def result(number_, tag, code=0, diagnostic="", controls=b"", referral=None):
    return message(number_, tag, tlv(10, code.to_bytes(1 + (code > 127), "big")), text(""), text(diagnostic),
                   tlv(0xa3, text(referral)) if referral else b"", controls=controls)


def done(number_, code=0, diagnostic="", cookie=b"", **how):
    """The end of a page; cookie=None leaves the control out."""
    control = b"" if cookie is None else tlv(0x30, text(PAGED), text(tlv(0x30, number(0), text(cookie))))
    return result(number_, DONE, code, diagnostic, control, **how)


def entry_parts(dn, **attributes):
    return text(dn), tlv(0x30, *[
        tlv(0x30, text(name.replace("__", ";").replace("_", "-")), tlv(0x31, *map(text, values)))
        for name, values in attributes.items()])


def entry(number_, dn, **attributes):
    return message(number_, ENTRY, *entry_parts(dn, **attributes))


def person(number_, name):
    return entry(number_, f"uid={name},dc=x", uid=[name], entryUUID=["id-" + name])


def reference(number_, uri):
    return message(number_, REFERENCE, text(uri))


# ---- content synchronization (RFC 4533)

def control(oid, value):
    return tlv(0x30, text(oid), text(value))


def synced(number_, name, state, uuid=b"u" * 16, cookie=b""):
    """A person who is added (1), modified (2), gone (3) or only present (0)."""
    value = tlv(0x30, tlv(10, bytes([state])), text(uuid), text(cookie) if cookie else b"")
    return controlled(number_, name, control(SYNC_STATE, value))


def controlled(number_, name, controls):
    return message(number_, ENTRY, *entry_parts(f"uid={name},dc=x", uid=[name], entryUUID=["id-" + name]),
                   controls=controls)


def sync_info(number_, *value, oid=SYNC_INFO):
    return message(number_, INTERMEDIATE, tlv(0x80, oid), *(tlv(0x81, part) for part in value))


def live(number_):
    """What was before has come: refreshDelete."""
    return sync_info(number_, tlv(0xa1))


def sync_done(number_, cookie):
    return result(number_, DONE, controls=control(SYNC_DONE, tlv(0x30, text(cookie))))


def farewell():
    """The notice of disconnection."""
    return message(0, 0x78, tlv(10, b"\x34"), text(""), text("bye"), tlv(0x8a, b"1.3.6.1.4.1.1466.20036"))


HELD = socket.socket()  # bound and not listening: its port refuses, and nobody else gets it meanwhile
HELD.bind(("127.0.0.1", 0))
REFUSING = "ldap://127.0.0.1:%d" % HELD.getsockname()[1]


class Peer:
    """A listening socket of ours on loopback; serve(connection) runs in a thread for each client."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.uri = "ldap://" + self.address
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections.append(connection)
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with contextlib.suppress(OSError):
            self.serve(connection)

    def serve(self, connection):
        """Says nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in (self.listener, *self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # others hold it, too
            connection.close()


class FakeLdap(Peer):
    """search(id, n) yields the bytes that answer the n-th search (from 0) of a connection; when it is
    exhausted, the connection stays open, unless it ended with None. bind(id) answers a bind, root(id) who asks
    what the server is, which counts as no search."""

    def __init__(self, search, bind=lambda number_: result(number_, BIND_DONE),
                 root=lambda number_: done(number_, 32, cookie=None)):
        self.search, self.bind, self.root, self.binds, self.searches = search, bind, root, [], []
        super().__init__()

    def serve(self, connection):
        stream, searches = connection.makefile("rb"), 0
        while head := stream.read(2):
            size = head[1]
            if size & 0x80:
                size = int.from_bytes(stream.read(size & 0x7f), "big")
            body = stream.read(size)
            number_ = int.from_bytes(body[2:2 + body[1]], "big")
            tag = body[2 + body[1]]
            if tag == BIND:
                self.binds.append(body)
                connection.sendall(self.bind(number_))
            elif tag == SEARCH and ROOT_DSE in body:
                connection.sendall(self.root(number_))
            elif tag == SEARCH:
                self.searches.append(body)
                for part in self.search(number_, searches):
                    if part is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(part)
                searches += 1
