# SPDX-License-Identifier: Apache-2.0
"""A web server of this machine that stands for others: pages by path, and who asked for what."""
import contextlib
import http.server
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.server.asked.append((self.command, self.path))
        self.server.at.append(time.monotonic())
        status, headers, body = self.server.pages.get(self.path, (404, {}, b""))
        if callable(status):
            status = status(self.command)
        if status is None:  # nothing at all
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(OSError):  # who has seen enough hangs up
                self.wfile.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve():
    """server.pages: {path: (status, headers, body)}, the status may be a function of the method; server.asked, server.at (when)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.pages, server.asked, server.at = {}, [], []
        server.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
