# SPDX-License-Identifier: MIT
"""Copied deaths: who only passes on the signal that its child died of has no crash of its own."""
import os
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from daemon_process import TIMEOUT, Daemon  # noqa: E402
from harness import HOOK, Run, crashctl, environment, title  # noqa: E402

SOURCE = r"""
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *how)
{
    if (!strcmp(how, "null"))
        *(volatile int *)0 = 1;
    if (!strcmp(how, "abort"))
        abort();
    raise(strcmp(how, "raise-segv") ? SIGABRT : SIGSEGV);
}

/* CHILD PARENT: a child dies, then its parent, which may not be dumped. */
int main(int argc, char **argv)
{
    if (argc > 3)
        prctl(PR_SET_DUMPABLE, 1);
    if (strcmp(argv[1], "none") && fork() == 0)
        die(argv[1]);
    wait(NULL);
    prctl(PR_SET_DUMPABLE, 0);
    die(argv[2]);
    return 0;
}
"""


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    directory = tmp_path_factory.mktemp("family")
    directory.chmod(0o755)
    (directory / "family.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O0", directory / "family.c", "-o", directory / "family"],
                   check=True)
    return directory / "family"


def test_timeout(tmp_path, family):
    run = Run(tmp_path, ["timeout", 30, "timeout", 30, "sh", "-c", "kill -SEGV $$"])
    assert run.status == -signal.SIGSEGV
    assert run.event["tags"]["exe"] == os.path.realpath(shutil.which("sh"))
    assert run.stderr.count(" died of ") == 1 and "crashd: 1 crash in 3 processes" in run.stderr
    rows = crashctl("list", "--json", "--state-dir", run.state).stdout.splitlines()
    assert len(rows) == 1 and '"count":1' in rows[0].replace(" ", "")
    shown = crashctl("show", "--state-dir", run.state).stdout
    assert shown.count("passed on by timeout[") == 2


def test_timeout_without_root(tmp_path):
    if os.getuid() != 0:
        pytest.skip("needs root to be somebody else")
    tmp_path.chmod(0o777)
    for directory in list(tmp_path.parents)[:-2]:
        directory.chmod(directory.stat().st_mode | 0o011)
    run = Run(tmp_path, ["timeout", 30, "sh", "-c", "kill -ABRT $$"], env={"HOME": tmp_path},
              user=65534, group=65534, extra_groups=[])
    assert run.status == -signal.SIGABRT
    assert run.event["tags"]["exe"] == os.path.realpath(shutil.which("sh"))


def test_what_was_not_seen_cannot_be_copied(tmp_path):
    """The child had no hook: what is passed on is all there is."""
    run = Run(tmp_path, ["timeout", 30, "env", "-i", "sh", "-c", "kill -SEGV $$"])
    assert run.status == -signal.SIGSEGV
    assert run.event["tags"]["exe"].endswith("/timeout")


@pytest.mark.parametrize("child, parent, deaths", [
    ("null", "raise-segv", 1),
    ("abort", "raise-abrt", 1),
    # A program that has changed its user is not dumpable either.
    ("abort", "abort", 2),
    ("null", "null", 2),
    ("null", "abort", 2),
    ("null", "raise-abrt", 2),
    ("none", "raise-segv", 1),
    ("none", "abort", 1),
])
def test_family(tmp_path, family, child, parent, deaths):
    run = Run(tmp_path, [family, child, parent])
    assert len(run.events) == deaths, [title(event) for event in run.events]
    assert run.status == -(signal.SIGSEGV if parent in ("null", "raise-segv") else signal.SIGABRT)


def test_daemon(tmp_path, family):
    """The fold is in the log, nothing is left of the copy, a later abort() is a crash again."""
    with Daemon(tmp_path) as daemon:
        env = environment(LD_PRELOAD=HOOK, CRASHD_SOCKET=daemon.socket)
        subprocess.run([family, "null", "raise-segv"], env=env, timeout=TIMEOUT, check=False)
        (first,) = daemon.wait_reported()
        folded = daemon.wait_line(
            r"([0-9a-f]{32}): family\[\d+\] only passed on the signal .* into ([0-9a-f]{32})")
        assert folded[2] == first
        subprocess.run([family, "none", "abort"], env=env, timeout=TIMEOUT, check=False)
        second = daemon.wait_reported(2)[1]
        assert sorted(daemon.entries("reported")) == sorted([first, second])
        assert daemon.entries("captured") == [] and folded[1] not in (first, second)


def test_found_in_the_spool(tmp_path, family):
    """A daemon that was killed between the capture and the fold: the next one folds."""
    with Daemon(tmp_path) as daemon:
        env = environment(LD_PRELOAD=HOOK, CRASHD_SOCKET=daemon.socket)
        # Main is stopped, so that both are captured and none is looked at.
        daemon.process.send_signal(signal.SIGSTOP)
        subprocess.run([family, "null", "raise-segv"], env=env, timeout=TIMEOUT, check=False)
        daemon.kill()
    assert len(os.listdir(daemon.state / "captured")) == 2
    with Daemon(tmp_path) as daemon:
        folded = daemon.wait_line(r": family\[\d+\] only passed on .* into ([0-9a-f]{32})")
        assert daemon.wait_reported() == [folded[1]]
        assert daemon.entries("captured") == [], daemon.lines
