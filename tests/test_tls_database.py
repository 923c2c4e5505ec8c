# SPDX-License-Identifier: Apache-2.0
"""A database behind TLS, which comes in records as long as there are: what libpq has taken from the socket already is not
seen by poll()."""
import select
import socket
import ssl
import threading
import time

from kit.house import House
from kit.slapd import make_certificates


class Front(threading.Thread):
    """Speaks TLS in front of a server."""

    def __init__(self, server, folder):
        super().__init__(daemon=True)
        self.behind = f"{server.folder}/.s.PGSQL.5432"
        make_certificates(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            client.recv(8, socket.MSG_WAITALL)  # the question whether there is TLS
            client.sendall(b"S")
            with self.context.wrap_socket(client, server_side=True) as client, socket.socket(socket.AF_UNIX) as server:
                server.connect(self.behind)
                while self.carry(client, server):
                    pass
        except OSError:
            pass

    @staticmethod
    def carry(client, server):
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        if client in ready:
            data = client.recv(65536)
            server.sendall(data)
        else:
            time.sleep(0.005)  # much comes together
            data = server.recv(1 << 20)
            client.sendall(data)
        return data


def test_answers_of_any_size_come_through_tls(postgres, tmp_path):
    front = Front(postgres, tmp_path)
    with House(None, postgres=postgres) as house:
        house.sql("INSERT INTO framework (code, name) SELECT 'f' || n, repeat('x', 150) FROM generate_series(1, 400) AS n")
        assert house.stop() == 0
        house.configure({"database": {"dsn": f"host=127.0.0.1 port={front.port} sslmode=require user=skills dbname={house.database}"}})
        house.start()
        for limit in range(20, 400, 40):
            assert len(house.rescue.get("/frameworks", limit=limit)["items"]) == limit
        listed = house.rescue.get("/frameworks", headers={"Accept": "text/csv"}, limit=500)
        assert len(listed.splitlines()) == 401
        house.rescue.post("/frameworks", {"code": "one-more", "name": "y" * 200}, gives=201)
