# SPDX-License-Identifier: MIT
"""The same library file under other C libraries: an older glibc, and musl."""
import fcntl
import re
import shutil
import signal
import subprocess
import pathlib

import pytest

from hook_programs import ABORT, BUILD, MODULE, PROCESS, STACK, THREAD, END, run, snapshots

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


def fetch_glibc(suite):
    """The directory of a release's libc and loader, or why it cannot be had."""
    directory = (BUILD / "glibc" / suite).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "glibc" / f".{suite}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetched = subprocess.run([HERE / "fetch_glibc.sh", directory, suite], capture_output=True,
                                 text=True)
    if fetched.returncode != 0:
        pytest.skip(f"glibc of Debian {suite} cannot be downloaded: {fetched.stderr.strip()[-200:]}")
    (libc,) = directory.glob("**/libc.so.6")
    return libc.parent


def version_of(libraries):
    said = subprocess.run([libraries / "ld-linux-x86-64.so.2", libraries / "libc.so.6"],
                          capture_output=True, text=True, check=True).stdout
    return "glibc " + re.search(r"release version (\d+\.\d+)", said)[1]


def link_with(libraries):
    """An older glibc has no __libc_start_main@GLIBC_2.34: its own libraries are linked."""
    loader = libraries / "ld-linux-x86-64.so.2"
    flags = [f"-Wl,--dynamic-linker={loader}", f"-Wl,--disable-new-dtags,-rpath,{libraries}"]
    if tuple(int(part) for part in version_of(libraries).split()[1].split(".")) < (2, 34):
        flags += ["-nodefaultlibs", libraries / "libc.so.6", libraries / "libpthread.so.0", loader,
                  "-lgcc", "-Wl,--allow-shlib-undefined"]
    return flags


def build_with(libc, source, program):
    if libc == "musl":
        if shutil.which("musl-gcc") is None:
            pytest.skip("musl-gcc is not installed")
        subprocess.run(["musl-gcc", "-g", "-O1", source, "-o", program], check=True)
    else:
        subprocess.run(["gcc", "-g", "-O1", "-fno-stack-protector", source, "-o", program,
                        *link_with(fetch_glibc(libc))], check=True)


@pytest.fixture(scope="module", params=["stretch", "buster", "bullseye", "trixie", "sid", "musl"])
def other_libc(request, tmp_path_factory):
    """A program that runs with another C library, and what the snapshot must call it."""
    directory = tmp_path_factory.mktemp("libc")
    source = directory / "deaths.c"
    source.write_text(SOURCE)
    build_with(request.param, source, directory / "deaths")
    build_with(request.param, HERE / "hook_lives.c", directory / "lives")
    libc = "musl" if request.param == "musl" else version_of(fetch_glibc(request.param))
    return libc, directory / "deaths"


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


def test_loader_as_the_program(tmp_path):
    """ld.so --library-path, as bundled applications start themselves."""
    libraries = fetch_glibc("trixie")
    source, program = tmp_path / "deaths.c", tmp_path / "deaths"
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", source, "-o", program], check=True)
    drop = tmp_path / "drop"
    drop.mkdir()
    command = [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, program, "null"]
    result = run(command, drop)
    assert (result.returncode, result.stdout, result.stderr) == (-signal.SIGSEGV, b"recovered\n", b"")
    (snapshot,) = snapshots(drop)
    assert snapshot.all(END) and snapshot.one(PROCESS)[15] == version_of(libraries)
    paths = [module[1] for module in snapshot.all(MODULE)]
    assert str(program) in paths and str(libraries / "libc.so.6") in paths


@pytest.mark.parametrize("flags", [
    ["-Wl,-z,now"], ["-Wl,-z,lazy"], ["-no-pie"], ["-no-pie", "-Wl,-z,norelro"],
    ["-Wl,-Bsymbolic", "-rdynamic"], ["-fvisibility=hidden", "-fno-plt"],
    ["-Wl,--hash-style=sysv"], ["-Wl,-z,pack-relative-relocs"], ["-Wl,--no-ld-generated-unwind-info"],
    ["-Wl,-Ttext-segment=0x10000000", "-no-pie"], ["-static-libgcc", "-O2", "-flto"],
])
def test_linked_in_other_ways(tmp_path, flags):
    source, program = tmp_path / "deaths.c", tmp_path / "deaths"
    source.write_text(SOURCE)
    drop = tmp_path / "drop"
    drop.mkdir()
    subprocess.run(["gcc", "-g", "-O1", source, "-o", program, *flags], check=True)
    for name, number in (("null", signal.SIGSEGV), ("abort", signal.SIGABRT)):
        result = run([program, name], drop)
        assert (result.returncode, result.stdout, result.stderr) == (-number, b"recovered\n", b"")
        assert snapshots(drop)[-1].signal == number
    assert len(snapshots(drop)) == 2
    assert run([program], drop).returncode == 3 and len(snapshots(drop)) == 2


@pytest.mark.parametrize("flags", [["-static"], ["-static-pie"]])
def test_static_programs_are_left_alone(tmp_path, flags):
    source, program = tmp_path / "deaths.c", tmp_path / "deaths"
    source.write_text(SOURCE)
    drop = tmp_path / "drop"
    drop.mkdir()
    subprocess.run(["gcc", "-g", "-O1", source, "-o", program, *flags], check=True)
    result = run([program, "null"], drop)
    assert (result.returncode, result.stdout, result.stderr) == (-signal.SIGSEGV, b"recovered\n", b"")
    assert snapshots(drop) == []


@pytest.mark.parametrize("name, number, first", [
    ("abort_ignored", signal.SIGABRT, False), ("abort_blocked", signal.SIGABRT, False),
    ("abort_returns", signal.SIGABRT, False), ("abort_blocked_handler", signal.SIGABRT, False),
    ("assert_ignored", signal.SIGABRT, False), ("longjmp", signal.SIGSEGV, False),
    ("reraise", signal.SIGSEGV, True), ("resethand", signal.SIGSEGV, False),
    ("overflow_handler", signal.SIGSEGV, False),
    ("siglongjmp", 0, False), ("sigsuspend", 0, False), ("ppoll", 0, False), ("keys", 0, False),
    ("stack", 0, False), ("exit", -4, False),
])
def test_dispositions(other_libc, tmp_path, name, number, first):
    program = other_libc[1].parent / "lives"
    plain = run([program, name], hooked=False)
    hooked = run([program, name], tmp_path)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        plain.returncode, plain.stdout, plain.stderr)
    assert hooked.returncode == -number
    reports = snapshots(tmp_path)
    assert [(r.signal, r.cause_first) for r in reports] == ([(number, first)] if number > 0 else [])
