# SPDX-License-Identifier: MIT
"""Against a consumer that we have not written: Sentry's Spotlight sidecar takes the event of a real
crash and gives it back as it is. It runs where there is no network but loopback, for it listens on
all addresses and tells its maker about itself."""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from recording_server import parse_envelope

SPOTLIGHT = harness.TESTS / "spotlight"
CACHE = harness.REPOSITORY / "build" / "spotlight"
DSN = "http://spotlight@127.0.0.1:8969/1"
INSTALL_TIMEOUT = 300

PROGRAM = """
#include <cstdio>
#include <string>
#include <vector>

struct Order {
    int amount;
};

static int total(const std::vector<Order *> &orders) {
    int sum = 0;
    for (const Order *order : orders)
        sum += order->amount;
    return sum;
}

int main() {
    Order one{1};
    std::printf("%d\\n", total({&one, nullptr}));
}
"""


@pytest.fixture(scope="module")
def spotlight():
    """Where npm has put what the lock file names; installed again only when that changes."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed (make deps)")
    lock = (SPOTLIGHT / "package-lock.json").read_bytes()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = CACHE / "installed"
        digest = hashlib.sha256(lock).hexdigest()
        if not stamp.exists() or stamp.read_text() != digest:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SPOTLIGHT / name, CACHE)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=CACHE,
                           check=True, timeout=INSTALL_TIMEOUT)
            stamp.write_text(digest)
    return CACHE


def without_network(command):
    """The command in a network namespace of its own: without root by way of a user namespace, in
    which it is still the same user."""
    unshare = ["unshare", "--net"]
    if os.getuid() != 0:
        unshare += ["--map-current-user", "--keep-caps"]
    script = 'ip link set lo up && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'
    return [*unshare, "sh", "-c", script, "sh", *command]


def test_event_comes_back_as_it_is(spotlight, tmp_path):
    source = tmp_path / "orders.cpp"
    source.write_text(PROGRAM)
    program = harness.compile_program(source, tmp_path / "orders")
    output, state, result = tmp_path / "output", tmp_path / "state", tmp_path / "result"
    run = [harness.CRASHCTL, "run", "--dsn", DSN, "--output", output, "--state-dir", state, "--",
           program]
    session = [sys.executable, SPOTLIGHT / "session.py", spotlight, result, "--", *run]
    subprocess.run([str(word) for word in without_network(session)], check=True,
                   env=harness.environment(PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin"),
                   timeout=harness.TIMEOUT)

    stderr = (result / "stderr").read_text(errors="replace")
    assert (result / "status").read_text() == str(-signal.SIGSEGV), stderr
    assert (result / "envelope").exists(), stderr
    header, items = parse_envelope((result / "envelope").read_bytes())
    (path,) = output.glob("*.json")
    assert header["event_id"] == path.stem
    (event,) = [item for item in items if item.type == "event"]
    assert event.payload == path.read_bytes()

    crash = json.loads(event.payload)
    harness.check_event(crash)
    assert [frame["function"] for frame in harness.frames(crash)[:2]] == ["total", "main"]
    listed = harness.crashctl("list", "--json", "--state-dir", state)
    (row,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert row["id"] == path.stem and row["state"] == "sent"
