# SPDX-License-Identifier: MIT
"""A debuginfod server for tests: what it has is a dictionary, and it remembers who asked for what.

    with DebugServer() as server:
        server.files["/buildid/0123/debuginfo"] = b"..."    # or a status, or a function of the handler
"""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        answer = self.server.owner.record(self)
        if callable(answer):
            answer(self)
        elif isinstance(answer, int):
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


class DebugServer:
    def __init__(self, port=0):
        self.files = {}
        self.requests = []
        self.agents = set()
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self.port = port
        self.server = self.thread = None

    def __enter__(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def record(self, handler):
        with self.changed:
            self.requests.append(handler.path)
            self.agents.add(handler.headers["User-Agent"])
            self.changed.notify_all()
            return self.files.get(handler.path, 404)

    def count(self, path):
        return self.requests.count(path)

    def wait_for(self, path, count=1, timeout=30):
        with self.changed:
            if not self.changed.wait_for(lambda: self.count(path) >= count, timeout):
                raise TimeoutError(f"{path} was asked for {self.count(path)} times")
