# SPDX-License-Identifier: MIT
"""Processes that have changed their root reach the daemon by a name that is in no file system."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Daemon

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for chroot")
PROGRAM = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv) {
    if (chroot(argv[1]) || chdir("/"))
        return 9;
    if (argc > 2 && (setgid(atoi(argv[2])) || setuid(atoi(argv[2])) || prctl(PR_SET_DUMPABLE, 1)))
        return 8;
    *(volatile int *)0 = 1;
}
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "empty").mkdir()
    source = tmp_path / "jailed.c"
    source.write_text(PROGRAM)
    return harness.compile_program(source, tmp_path / "jailed")


def die(program, *arguments, **extra):
    return subprocess.run([program, program.parent / "empty", *arguments], timeout=harness.TIMEOUT,
                          env=harness.environment(LD_PRELOAD=harness.HOOK,
                                                  CRASHD_SOCKET="/nonexistent/hook.sock", **extra))


@pytest.mark.parametrize("user", [[], ["54321"]], ids=["root", "user"])
def test_the_daemon_is_reached(program, tmp_path, user):
    """In a network namespace of its own: the name is the machine's."""
    with Daemon(tmp_path, prefix=["unshare", "--net"]) as daemon:
        namespace = f"/proc/{daemon.process.pid}/ns/net"
        result = subprocess.run(
            ["nsenter", f"--net={namespace}", "env", f"LD_PRELOAD={harness.HOOK}",
             "CRASHD_SOCKET=/nonexistent/hook.sock", program, tmp_path / "empty", *user],
            timeout=harness.TIMEOUT, env=harness.environment())
        assert result.returncode == -signal.SIGSEGV
        (event_id,) = daemon.wait_reported(1)
        assert daemon.matching(f"{event_id}.*jailed.*Null pointer dereference")


def test_nothing_is_told_to_a_stranger(program, tmp_path):
    """Who has taken the name is neither root nor the process's own user."""
    run_id = os.urandom(16).hex()
    told = []
    ready = threading.Event()

    def listen():
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(f"\0crashd/hook/{run_id}")
            # The credentials that the other side sees are those of this moment.
            os.seteuid(54321)
            listener.listen(4)
            os.seteuid(0)
            ready.set()
            connection, _ = listener.accept()
            told.append(connection.recv(4096))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(harness.TIMEOUT)
    assert die(program, "54322", CRASHD_RUN_ID=run_id).returncode == -signal.SIGSEGV
    thread.join(harness.TIMEOUT)
    assert told == [b""]
