# SPDX-License-Identifier: MIT
"""Processes in namespaces of their own, and daemons that misbehave."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

PROGRAM = r"""
#include <pthread.h>
#include <unistd.h>
static void *wait(void *argument) { for (;;) pause(); }
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, wait, 0);
    *(volatile int *)0 = 1;
}
"""
NAMESPACES = {
    "pid": ["unshare", "--pid", "--fork", "--mount-proc"],
    "pid, foreign proc": ["unshare", "--pid", "--fork"],
    "user": ["unshare", "--user"],
    "user as root": ["unshare", "--user", "--map-root-user"],
    "net": ["unshare", "--net"],
    "time": ["unshare", "--time", "--boottime", "100000", "--fork"],
    "no proc": ["unshare", "--mount", "sh", "-c", 'umount -l /proc; exec "$0"'],
    "hidepid": ["unshare", "--mount", "sh", "-c",
                'mount -t proc -o hidepid=2 proc /proc; exec "$0"'],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    directory = tmp_path_factory.mktemp("namespaces")
    (directory / "victim.c").write_text(PROGRAM)
    return harness.compile_program(directory / "victim.c", directory / "victim", "-pthread")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("prefix", NAMESPACES.values(), ids=NAMESPACES)
def test_all_threads_in_a_namespace(program, tmp_path, prefix):
    run = harness.Run(tmp_path, [*prefix, program])
    # unshare itself dies of its child's signal, too.
    (event,) = [e for e in run.events if e["tags"]["exe"].endswith("victim")]
    assert [f["function"] for f in harness.frames(event)[:1]] == ["main"]
    threads = event["threads"]["values"]
    assert len(threads) == 2
    assert all("stacktrace" in thread for thread in threads if not thread["crashed"])


def accept_and_close(listener):
    listener.accept()[0].close()


def say_garbage(listener):
    connection, _ = listener.accept()
    connection.send(bytes(range(256)) * 16)
    time.sleep(1)


def die_in_the_middle(listener):
    connection, _ = listener.accept()
    connection.recv(8)
    connection.close()
    listener.close()


@pytest.mark.parametrize("serve", [accept_and_close, say_garbage, die_in_the_middle])
def test_a_daemon_that_misbehaves(program, tmp_path, serve):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen(1)
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        began = time.monotonic()
        result = subprocess.run([program], timeout=harness.TIMEOUT, env=harness.environment(
            LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=tmp_path / "s"))
        assert result.returncode == -signal.SIGSEGV
        assert time.monotonic() - began < 1
        thread.join(harness.TIMEOUT)
