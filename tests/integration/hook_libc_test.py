# SPDX-License-Identifier: MIT
"""The same library file under other C libraries: an older glibc, and musl."""
import fcntl
import shutil
import signal
import subprocess
import pathlib

import pytest

from hook_programs import ABORT, BUILD, PROCESS, STACK, THREAD, END, run, snapshots

HERE = pathlib.Path(__file__).parent

SOURCE = r"""
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sigjmp_buf recovery;
static int *volatile null_pointer;

static void recover(int signal) { siglongjmp(recovery, signal); }
static void *wait_for_ever(void *argument) { pause(); return argument; }
static int recurse(int depth) { volatile char frame[512]; frame[0] = depth; return recurse(depth + 1) + frame[0]; }
static void *overflow(void *argument) { return (void *)(long)recurse(argument != NULL); }

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    pthread_t threads[4];
    sigset_t all;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, wait_for_ever, NULL);
    usleep(30000);
    signal(SIGSEGV, recover);
    if (sigsetjmp(recovery, 1) == 0)
        *null_pointer = 1;
    signal(SIGSEGV, SIG_DFL);
    sigfillset(&all);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    puts("recovered");
    fflush(stdout);
    if (!strcmp(name, "null")) *null_pointer = 1;
    if (!strcmp(name, "abort")) abort();
    if (!strcmp(name, "assert")) assert(name == NULL);
    if (!strcmp(name, "overflow")) { pthread_create(threads, NULL, overflow, NULL); pthread_join(threads[0], NULL); }
    return 3;
}
"""


@pytest.fixture(scope="module")
def old_glibc():
    directory = BUILD / "old-glibc"
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / ".old-glibc.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetched = subprocess.run([HERE / "fetch_old_glibc.sh", directory], capture_output=True,
                                 text=True)
    if fetched.returncode != 0:
        pytest.skip("glibc 2.31 cannot be downloaded: " + fetched.stderr.strip()[-200:])
    return directory / "lib" / "x86_64-linux-gnu"


@pytest.fixture(scope="module", params=["glibc 2.31", "musl"])
def other_libc(request, tmp_path_factory):
    """A program that is linked with another C library, and what the snapshot must call it."""
    directory = tmp_path_factory.mktemp("libc")
    source, program = directory / "deaths.c", directory / "deaths"
    source.write_text(SOURCE)
    if request.param == "musl":
        if shutil.which("musl-gcc") is None:
            pytest.skip("musl-gcc is not installed")
        command = ["musl-gcc", "-g", "-O1", source, "-o", program]
    else:
        libraries = request.getfixturevalue("old_glibc")
        loader = libraries / "ld-linux-x86-64.so.2"
        command = ["gcc", "-g", "-O1", "-fno-stack-protector", source, "-o", program, "-nodefaultlibs",
                   libraries / "libc.so.6", libraries / "libpthread.so.0", loader, "-lgcc",
                   f"-Wl,--dynamic-linker={loader}", f"-Wl,--disable-new-dtags,-rpath,{libraries}",
                   "-Wl,--allow-shlib-undefined"]
    subprocess.run(command, check=True)
    return request.param, program


@pytest.mark.parametrize("name, number", [
    ("null", signal.SIGSEGV), ("abort", signal.SIGABRT), ("assert", signal.SIGABRT),
    ("overflow", signal.SIGSEGV),
])
def test_deaths(other_libc, tmp_path, name, number):
    libc, program = other_libc
    plain = run([program, name], hooked=False)
    hooked = run([program, name], tmp_path)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        plain.returncode, plain.stdout, plain.stderr)
    assert hooked.returncode == -number and hooked.stdout == b"recovered\n"
    (snapshot,) = snapshots(tmp_path)
    assert snapshot.signal == number and snapshot.all(END)
    assert snapshot.one(PROCESS)[15] == libc
    threads = snapshot.all(THREAD)
    assert len(threads) == (6 if name == "overflow" else 5)
    assert all(snapshot.stacks(STACK, thread[1]) for thread in threads)
    if name == "assert" and libc != "musl":
        assert "Assertion `name == NULL' failed" in snapshot.one(ABORT)[1]


def test_healthy(other_libc, tmp_path):
    _, program = other_libc
    result = run([program], tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (3, b"recovered\n", b"")
    assert snapshots(tmp_path) == []
