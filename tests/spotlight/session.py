#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Inside of a network namespace with only loopback: the Spotlight sidecar, one command that sends
it an event, and what the sidecar then has.

    session.py SPOTLIGHT RESULT -- CMD [ARG...]

SPOTLIGHT is where npm has put it. RESULT becomes a directory: "status" of CMD (as subprocess has
it), its "stdout" and "stderr", the "envelope" as the sidecar received it.
"""
import pathlib
import socket
import subprocess
import sys
import urllib.request

PORT = 8969
URL = f"http://127.0.0.1:{PORT}"
TIMEOUT = 20


def start(spotlight):
    """The sidecar, once it says that it listens; the pipe stays open, for a full one would stop it."""
    program = spotlight / "node_modules/@spotlightjs/spotlight/dist/run.js"
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "node", program, "server", "--port", str(PORT), "-d"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = []
    for line in process.stdout:
        seen.append(line)
        if f"listening on {PORT}" in line:
            return process
    raise RuntimeError("the sidecar ended:\n" + "".join(seen))


def first_id():
    """Of the envelopes that came, as the stream of server-sent events begins with all of them."""
    with urllib.request.urlopen(f"{URL}/stream", timeout=TIMEOUT) as stream:
        for line in stream:
            if line.startswith(b"id:"):
                return line[3:].strip().decode()
    raise RuntimeError("the stream ended without an event")


def main():
    spotlight, result = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    command = sys.argv[4:]
    result.mkdir()
    sidecar = start(spotlight)
    try:
        ran = subprocess.run(command, capture_output=True, timeout=TIMEOUT)
        (result / "status").write_text(str(ran.returncode))
        (result / "stdout").write_bytes(ran.stdout)
        (result / "stderr").write_bytes(ran.stderr)
        try:
            with urllib.request.urlopen(f"{URL}/envelope/{first_id()}", timeout=TIMEOUT) as answer:
                (result / "envelope").write_bytes(answer.read())
        except socket.timeout:
            pass  # nothing came: the test says what the command said
    finally:
        sidecar.terminate()
        sidecar.communicate()


if __name__ == "__main__":
    main()
