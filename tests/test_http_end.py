# SPDX-License-Identifier: Apache-2.0
"""The http room over raw sockets: it ends amid whatever goes on, and nobody goes without an answer."""
import concurrent.futures
import json
import random
import signal
import socket
import threading
import time

import pytest
from kit.echo import STOPS, Echo, Reader, request

# ---- the end ----

class Load:
    """Clients that ask until the server goes; counts what they got."""

    def __init__(self, echo, targets, keep):
        self.echo, self.targets, self.keep = echo, targets, keep
        self.answered, self.broken, self.statuses = 0, [], set()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(8)]
        for thread in self.threads:
            thread.start()

    def run(self, i):
        client, reader = None, None
        while True:
            try:
                if not client:
                    client = self.echo.connect(timeout=20)
                    reader = Reader(client)
                client.sendall(request(self.targets[i % len(self.targets)]))
                answer = reader.answer()
            except EOFError as end:
                if end.args[0]:
                    self.broken.append(end.args[0])
                client = None
                continue
            except ConnectionRefusedError:
                return
            except OSError as wrong:
                if isinstance(wrong, socket.timeout) or (reader and reader.buffer):
                    self.broken.append(wrong)
                client = None
                continue
            with self.lock:
                self.answered += 1
                self.statuses.add(answer.status)
            if not self.keep or answer.headers.get("connection") == "close":
                client.close()
                client = None

    def join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def stop_under_load(targets, keep, jitter):
    with Echo(threads=4, queue=64, jitter=jitter) as echo:
        load = Load(echo, targets, keep)
        time.sleep(0.15)
        counts = echo.stop()
        load.join()
        assert not load.broken
        assert load.statuses <= {200, 503}
        assert counts["none"] == 0 and counts["done"] == load.answered
        assert "Sanitizer" not in echo.errors, echo.errors


@pytest.mark.parametrize("keep", [True, False], ids=["kept alive", "one by one"])
@pytest.mark.parametrize("targets", [["/constant"], ["/echo", "/sleep?ms=5", "/thread"],
                                     ["/stream?bytes=500000", "/echo", "/constant"]],
                         ids=["inline", "lanes", "streams"])
def test_stop_under_load_answers_all_that_was_accepted(targets, keep):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(stop_under_load, targets, keep, turn % 2 == 1) for turn in range(STOPS // 6 + 1)]:
            done.result()


def ask_once(client):
    """Whether an answer came."""
    try:
        client.sendall(request("/constant"))
        Reader(client).answer()
    except (EOFError, ConnectionError):
        return False
    return True


def test_a_request_in_the_last_moment_is_answered_or_never_taken():
    """Connections that were idle ask one by one while the server goes."""
    for _ in range(max(1, STOPS // 50)):
        with Echo(threads=4, queue=64) as echo:
            clients = [echo.connect(timeout=20) for _ in range(300)]
            answered = sum(map(ask_once, clients))
            assert answered == len(clients)
            stop = threading.Thread(target=lambda: setattr(echo, "counts", echo.stop()))
            stop.start()
            time.sleep(0.13)
            for client in clients:
                answered += ask_once(client)
                time.sleep(0.0005)
            stop.join(30)
            assert echo.counts["none"] == 0 and echo.counts["done"] == answered


def be_rude(echo, chance):
    """Asks for everything, waits for nothing, leaves in all the wrong moments."""
    targets = ["/constant", "/echo", "/sleep?ms=3", "/thread", "/stream?bytes=3000000", "/early", "/stream?fail=1"]
    with echo.connect(timeout=5) as client:
        for _ in range(chance.randrange(1, 4)):
            body = b"x" * chance.choice([0, 0, 10, 100000])
            data = request(chance.choice(targets), chance.choice(["GET", "POST", "HEAD"]), body=body)
            client.sendall(data[:chance.choice([len(data), len(data), len(data) // 2])])
            client.settimeout(0.01)
            try:
                client.recv(chance.choice([1, 1000, 1000000]))
            except socket.timeout:
                pass
        if chance.random() < 0.5:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def rude_client(echo, seed):
    chance = random.Random(seed)
    while True:
        try:
            be_rude(echo, chance)
        except ConnectionRefusedError:
            return
        except OSError:
            continue


def test_stop_amid_rude_clients():
    for i in range(max(2, STOPS // 30)):
        with Echo(threads=4, queue=16, close=500, milliseconds=1000) as echo:
            threads = [threading.Thread(target=rude_client, args=(echo, i * 1000 + n)) for n in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(0.7)
            before = time.monotonic()
            echo.stop()
            assert time.monotonic() - before < 10
            for thread in threads:
                thread.join(20)
            assert not any(thread.is_alive() for thread in threads)


def test_stop_waits_for_what_runs_and_refuses_what_comes():
    with Echo() as echo:
        running, idle = echo.connect(), echo.connect()
        idle.sendall(request("/constant"))
        assert Reader(idle).answer().status == 200
        running.sendall(request("/sleep?ms=800"))
        time.sleep(0.1)
        echo.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            echo.connect()
        idle.sendall(request("/constant"))
        refused = Reader(idle).answer()
        assert (refused.status, refused.headers["connection"], refused.headers["retry-after"]) == (503, "close", "1")
        answer = Reader(running).answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert echo.process.wait(5) == 0


def test_stop_answers_for_those_who_take_too_long():
    with Echo(close=300, threads=2, queue=20) as echo:
        waiting, streaming = [echo.connect() for _ in range(6)], echo.connect()
        streaming.sendall(request("/stream?bytes=100000000"))
        time.sleep(0.1)
        for client in waiting:
            client.sendall(request("/sleep?ms=1500"))
        time.sleep(0.1)
        began = time.monotonic()
        echo.process.send_signal(signal.SIGTERM)
        assert [Reader(client).answer().status for client in waiting] == [503] * 6
        assert time.monotonic() - began < 1.5
        with pytest.raises(EOFError):
            Reader(streaming).answer()
        assert echo.process.wait(10) == 0
        assert json.loads(echo.process.stdout.read())["5xx"] == 6


def test_stop_with_idle_connections_is_quick():
    with Echo() as echo:
        clients = [echo.connect() for _ in range(50)]
        began = time.monotonic()
        echo.stop()
        assert time.monotonic() - began < 1.5
        assert all(Reader(client).ended() for client in clients)
