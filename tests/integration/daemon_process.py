# SPDX-License-Identifier: MIT
"""A real crashd in a test, and a client that speaks the hook's side of the handshake."""
import array
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import CRASHD, environment  # noqa: E402

FLAG_HELPER = 2
HELLO = struct.Struct("=8sHHIIIIIQQ32s")
TIMEOUT = 30


def snapshot(signal_number=11, address=0x18, pid=4711, comm="victim", complete=True, end=b""):
    """A small but whole snapshot, as docs/snapshot-format.md describes it."""
    registers = [0] * 20
    registers[7], registers[16] = 0x7FFC00001000, 0x401136
    sections = [
        [1, {1: "crashd-snapshot", 2: 1, 3: "test 1", 4: "x86_64", 5: time.time_ns(), 7: 4096}],
        [2, {1: pid, 2: 1, 3: os.getuid(), 4: os.getuid(), 7: "/opt/victim/victim", 8: comm,
             13: 1, 16: 1}],
        [3, {1: signal_number, 2: 1, 4: address, 7: 14, 8: 4, 9: address}],
        [4, {1: pid, 2: comm, 3: True, 5: registers}],
        [6, {1: "/opt/victim/victim", 2: 0x400000, 3: 0x404000, 4: bytes(range(20)), 5: 0}],
    ]
    if complete:
        sections.append([13, {1: 1000000}])
    return b"".join(msgpack.packb(section) for section in sections) + end


class Client:
    """One connection of a "hook". The process that dies is this one."""

    def __init__(self, path, hello=True, flags=0, run_id=b"", budget=8 << 20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(TIMEOUT)
        directory = os.open(os.path.dirname(path), os.O_PATH)
        try:
            self.socket.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        finally:
            os.close(directory)
        reader, self.writer = os.pipe()
        if hello:
            message = HELLO.pack(b"CRSHHOOK", 1, HELLO.size, flags, os.getpid(), os.getpid(), 11,
                                 1, budget, 7, run_id)
            self.socket.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                             array.array("i", [reader]))])
        os.close(reader)

    def write(self, data):
        while data:
            data = data[os.write(self.writer, data):]

    def finish(self):
        os.close(self.writer)
        self.writer = -1

    def answer(self):
        """The daemon's byte, or b"" when it went without one."""
        try:
            return self.socket.recv(1)
        except ConnectionResetError:
            return b""

    def close(self):
        if self.writer >= 0:
            self.finish()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def crash(path, data=None, **options):
    """Sends a snapshot; the answer."""
    with Client(path, **options) as client:
        try:
            client.write(snapshot() if data is None else data)
        except BrokenPipeError:
            pass  # the daemon wants no more: its answer says why
        client.finish()
        return client.answer()


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class Daemon:
    """A crashd in a session of its own, so that kill() reaches each of its processes."""

    def __init__(self, directory, *arguments, state=None, socket_path=None, prefix=(), env=None,
                 wait=True, pass_fds=(), program=CRASHD):
        self.state = pathlib.Path(state or directory / "state")
        self.socket = str(socket_path or directory / "hook.sock")
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [*prefix, str(program), "--state-dir", str(self.state), "--socket", self.socket,
             "--config", str(self.config(directory)), *arguments],
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
            env=environment(**(env or {})), pass_fds=pass_fds)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if wait:
            self.wait_line(r"^ready: ")

    @staticmethod
    def config(directory):
        """An empty one unless the test has written its own: the machine's must not count."""
        path = pathlib.Path(directory) / "crashd.conf"
        if not path.exists():
            path.write_text("")
            path.chmod(0o644)
        return path

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append("(end)")
            self.changed.notify_all()

    def matching(self, pattern):
        return [match for match in (re.search(pattern, line) for line in self.lines) if match]

    def wait_line(self, pattern, count=1, timeout=TIMEOUT):
        """The count-th log line that matches."""
        with self.changed:
            if not self.changed.wait_for(
                    lambda: len(self.matching(pattern)) >= count or self.lines[-1:] == ["(end)"],
                    timeout) or len(self.matching(pattern)) < count:
                raise AssertionError(f"no {pattern!r} in:\n" + "\n".join(self.lines))
            return self.matching(pattern)[count - 1]

    def wait_reported(self, count=1):
        """Ids of the first count reports that were stored."""
        self.wait_line(r"store: ([0-9a-f]{32}): .*\[", count)
        return [match[1] for match in self.matching(r"store: ([0-9a-f]{32}): .*\[")]

    def kill(self):
        """kill -9 of every process of the daemon at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)

    def wait(self):
        return self.process.wait(TIMEOUT)

    def entries(self, state):
        """Those of incoming/ that something has come into; receivers keep empty ones ready."""
        directory = self.state / state
        if state == "incoming":
            return sorted(path.parent.name for path in directory.glob("*/snapshot")
                          if size_of(path) > 0)
        return sorted(path.name for path in directory.iterdir())

    def file(self, state, event_id, name):
        return (self.state / state / event_id / name).read_bytes()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.terminate()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.reader.join(TIMEOUT)
        self.process.stderr.close()


if __name__ == "__main__":
    sys.exit(0 if crash(sys.argv[1]) == b"S" else 1)
