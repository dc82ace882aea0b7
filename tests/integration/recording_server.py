# SPDX-License-Identifier: MIT
"""A real HTTP server that speaks enough of Sentry's protocol to take events, answers as it is told
to, and remembers every request.

    with RecordingServer() as server:
        server.script(Answer(429, {"Retry-After": "1"}), Answer(200))
        ...
        requests = server.wait_for(2)

Answers are used up in order; after the last one everything is answered with 200. By itself:

    recording_server.py [--port N] [--directory DIR] [--status N]

prints "listening: DSN", and for each event a line of JSON; with a directory each event's bytes go
to DIR/<event_id>.json.
"""
import argparse
import gzip
import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Answer:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    hang: bool = False  # take the request, never answer
    drop: bool = False  # take the request, close the connection


@dataclass
class Item:
    header: dict
    payload: bytes

    @property
    def type(self):
        return self.header["type"]

    def json(self):
        return json.loads(self.payload)


def parse_envelope(data):
    """(header, [Item]); raises ValueError for anything that is not exactly an envelope."""
    line, separator, rest = data.partition(b"\n")
    if not separator:
        raise ValueError("the header line has no end")
    header, items = json.loads(line), []
    while rest:
        line, separator, rest = rest.partition(b"\n")
        if not separator:
            raise ValueError("an item header without a payload")
        item = json.loads(line)
        length = item["length"]
        if length > len(rest):
            raise ValueError("an item is longer than the envelope")
        payload, rest = rest[:length], rest[length:]
        if rest and rest[:1] != b"\n":
            raise ValueError("an item is not ended by a newline")
        rest = rest[1:]
        items.append(Item(item, payload))
    return header, items


@dataclass
class Request:
    method: str
    path: str
    headers: dict  # names in lower case
    raw: bytes
    time: float  # monotonic
    answer: Answer

    @property
    def body(self):
        if self.headers.get("content-encoding") == "gzip":
            return gzip.decompress(self.raw)
        return self.raw

    @property
    def envelope(self):
        return parse_envelope(self.body)

    def item(self, kind):
        """The only item of a type, or None."""
        found = [item for item in self.envelope[1] if item.type == kind]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def event(self):
        item = self.item("event")
        return item.json() if item else None

    @property
    def event_id(self):
        return self.envelope[0].get("event_id")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: without this each answer costs the client's delayed ACK.
    disable_nagle_algorithm = True

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        recorder = self.server.recorder
        request = recorder.record(self, raw)
        answer = request.answer
        if answer.hang:
            recorder.closing.wait()
            self.close_connection = True
            return
        if answer.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = answer.body
        if body is None:
            try:
                body = json.dumps({"id": request.event_id}).encode()
            except (ValueError, KeyError, OSError):
                body = b"{}"
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        recorder.answered(request)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


class RecordingServer:
    def __init__(self, port=0, default=None):
        self.requests = []
        self.done = 0
        self.answers = []
        self.default = default or Answer()
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self.server = None
        self.thread = None
        self.port = port

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.recorder = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    __enter__ = start

    def __exit__(self, *exception):
        self.stop()

    def dsn(self, project=42, key=KEY):
        return f"http://{key}@127.0.0.1:{self.port}/{project}"

    def script(self, *answers):
        with self.changed:
            self.answers.extend(answers)

    def record(self, handler, raw):
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.changed:
            answer = self.answers.pop(0) if self.answers else self.default
            request = Request(handler.command, handler.path, headers, raw, time.monotonic(), answer)
            self.requests.append(request)
            self.changed.notify_all()
        return request

    def answered(self, request):
        with self.changed:
            self.done += 1
            self.changed.notify_all()

    def wait_for(self, count, timeout=30):
        """The requests, once there are at least count of them."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came")
            return list(self.requests)

    def events(self):
        return [request.event for request in list(self.requests)]


def free_port():
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--directory")
    parser.add_argument("--status", type=int, default=200)
    arguments = parser.parse_args()
    with RecordingServer(arguments.port, Answer(arguments.status)) as server:
        print(f"listening: {server.dsn()}", flush=True)
        shown = 0
        while True:
            requests = server.wait_for(shown + 1, timeout=threading.TIMEOUT_MAX)
            for request in requests[shown:]:
                item = request.item("event")
                if item and arguments.directory:
                    path = os.path.join(arguments.directory, request.event_id + ".json")
                    with open(path, "wb") as file:
                        file.write(item.payload)
                if item:
                    event = item.json()
                    values = event.get("exception", {}).get("values") or [{}]
                    print(json.dumps({"event_id": request.event_id,
                                      "type": values[0].get("type"),
                                      "value": values[0].get("value")}), flush=True)
            shown = len(requests)


if __name__ == "__main__":
    main()
