# SPDX-License-Identifier: MIT
"""Programs under the preload library: they live and die as without it, and each death is told once."""
import array
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import pytest

from hook_programs import (ABORT, EXCEPTION, HOOK, INTERRUPTED, MAPPING, MODULE,
                           PROCESS, RIP, RSP, STACK, STACK_BASE, THREAD, ENVIRONMENT, END,
                           build, environment, run, snapshots, Snapshot)

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def deaths(tmp_path_factory):
    return build(HERE / "hook_deaths.cc", tmp_path_factory.mktemp("deaths") / "deaths")


def die(deaths, name, tmp_path, **more):
    """Runs it without and with the hook; all that can be seen must be the same."""
    drop = tmp_path / "drop"
    drop.mkdir()
    plain = run([deaths, name], hooked=False)
    hooked = run([deaths, name], drop, **more)
    assert hooked.returncode == plain.returncode
    assert hooked.stdout == plain.stdout
    assert hooked.stderr == plain.stderr
    return hooked, snapshots(drop)


@pytest.mark.parametrize("name, number, code", [
    ("null", signal.SIGSEGV, 1),
    ("abort", signal.SIGABRT, -6),
    ("assert", signal.SIGABRT, -6),
    ("throw", signal.SIGABRT, -6),
    ("overflow", signal.SIGSEGV, 1),
    ("thread_overflow", signal.SIGSEGV, 2),
    ("illegal", signal.SIGILL, 2),
    ("breakpoint", signal.SIGTRAP, 128),
    ("double_free", signal.SIGABRT, -6),
    ("bus", signal.SIGBUS, 2),
    ("call_null", signal.SIGSEGV, 1),
    ("kill", signal.SIGSEGV, 0),
    ("fifty_threads_one", signal.SIGSEGV, 1),
    ("fifty_threads_all", signal.SIGSEGV, 1),
    ("blocked_threads", signal.SIGSEGV, 1),
    ("in_handler", signal.SIGSEGV, 1),
    ("in_handler_on_own_stack", signal.SIGSEGV, 1),
    ("small_stack", signal.SIGSEGV, 1),
    ("handler_returns_to_fault", signal.SIGSEGV, 1),
    ("handler_only_once", signal.SIGSEGV, 1),
    ("handler_of_abort_returns", signal.SIGABRT, -6),
    ("fault_while_blocked", signal.SIGSEGV, 1),
    ("recovered_then_abort", signal.SIGABRT, -6),
    ("no_descriptors", signal.SIGSEGV, 1),
    ("closed_descriptors", signal.SIGSEGV, 1),
    ("no_memory", signal.SIGSEGV, 1),
    ("seccomp_trap", signal.SIGSYS, 1),
    ("seccomp_kills_clone", signal.SIGSEGV, 1),
    ("small_stack_without_helper", signal.SIGSEGV, 1),
])
def test_one_report_and_the_same_death(deaths, tmp_path, name, number, code):
    result, (snapshot,) = die(deaths, name, tmp_path)
    assert result.returncode == -number
    assert (snapshot.signal, snapshot.code) == (number, code)
    assert not snapshot.cause_first
    assert snapshot.all(END), "the snapshot is cut"
    assert snapshot.sections[:3] == [s for s in snapshot.sections if s[0] in (1, 2, 3)]
    process = snapshot.one(PROCESS)
    assert process[7] == str(deaths) and process[9] == [str(deaths), name]
    tid = snapshot.crashed[1]
    stacks = snapshot.stacks(STACK, tid)
    sp = snapshot.crashed[5][RSP]
    if "overflow" not in name and "small_stack" not in name:
        assert any(s[1] <= sp < s[1] + len(s[4]) for s in stacks)
    assert any(m[1] == str(deaths) and len(m[4]) == 20 for m in snapshot.all(MODULE))


@pytest.mark.parametrize("name, status", [
    ("handler_exits", 3), ("handler_of_raise_returns", 7), ("recovers", 9),
    ("sent_while_blocked", 4), ("looks", 0), ("nested_recovery", 6),
])
def test_no_report_and_the_same_life(deaths, tmp_path, name, status):
    result, reports = die(deaths, name, tmp_path)
    assert result.returncode == status
    assert reports == []


@pytest.mark.parametrize("name, final", [
    ("handler_reraises", None), ("handler_aborts", signal.SIGABRT), ("handler_crashes", None),
])
def test_the_first_fault_is_the_cause(deaths, tmp_path, name, final):
    _, (snapshot,) = die(deaths, name, tmp_path)
    assert snapshot.cause_first
    assert (snapshot.signal, snapshot.code) == (signal.SIGSEGV, 1)
    assert snapshot.one(3)[4] == 0
    assert snapshot.one(3).get(12) == final


@pytest.mark.parametrize("name, text", [
    ("assert", "zero == 1"), ("double_free", "free(): double free detected in tcache 2"),
])
def test_abort_message(deaths, tmp_path, name, text):
    _, (snapshot,) = die(deaths, name, tmp_path)
    assert text in snapshot.one(ABORT)[1]


@pytest.mark.parametrize("name, kind, what, caught", [
    ("throw", "Custom", "deep what", False),
    ("throw_mixed", "Mixed", "second base", False),
    ("throw_int", "i", None, False),
    ("throw_noexcept", "St12out_of_range", "no room", False),
    ("throw_thread", "Custom", "in a thread", False),
    ("rethrow", "Custom", "via pointer", False),
    ("bad_alloc", "St9bad_alloc", "std::bad_alloc", False),
    ("catching", "St13runtime_error", "caught", True),
])
def test_exception_in_flight(deaths, tmp_path, name, kind, what, caught):
    _, (snapshot,) = die(deaths, name, tmp_path)
    exception = snapshot.one(EXCEPTION)
    assert kind in exception[1]
    assert exception.get(2) == what
    assert exception[3] is caught


@pytest.mark.parametrize("name", ["fork", "fork_in_thread", "vfork"])
def test_a_child_is_reported_as_itself(deaths, tmp_path, name):
    result, (snapshot,) = die(deaths, name, tmp_path)
    assert result.stdout == b"child died of 11\n"
    assert snapshot.one(PROCESS)[1] != snapshot.one(PROCESS)[2]
    assert snapshot.crashed[1] == snapshot.one(PROCESS)[1]
    assert len(snapshot.all(THREAD)) == 1


def test_stack_overflow_has_both_ends_of_the_stack(deaths, tmp_path):
    _, (snapshot,) = die(deaths, "overflow", tmp_path)
    tid = snapshot.crashed[1]
    (top,) = snapshot.stacks(STACK, tid)
    (base,) = snapshot.stacks(STACK_BASE, tid)
    assert len(top[4]) == 64 * 1024 and len(base[4]) == 16 * 1024
    assert base[1] + len(base[4]) == snapshot.crashed[9]


def test_interrupted_stack(deaths, tmp_path):
    _, (snapshot,) = die(deaths, "in_handler_on_own_stack", tmp_path)
    (stack,) = snapshot.stacks(INTERRUPTED, snapshot.crashed[1])
    main = next(m for m in snapshot.all(MAPPING) if m.get(6) == "[stack]")
    assert main[1] <= stack[1] < main[2]


@pytest.mark.parametrize("name, threads", [
    ("fifty_threads_one", 51), ("fifty_threads_all", 51), ("blocked_threads", 9),
])
def test_all_threads_with_registers_and_stacks(deaths, tmp_path, name, threads):
    _, (snapshot,) = die(deaths, name, tmp_path)
    found = snapshot.all(THREAD)
    assert len(found) == threads == snapshot.one(PROCESS)[16]
    assert found[0].get(3) and not any(t.get(3) for t in found[1:])
    assert not any(7 in t for t in found)
    for thread in found:
        assert thread[5][RIP] != 0
        assert snapshot.stacks(STACK, thread[1])
    assert len({thread[1] for thread in found}) == threads


def test_helper_killed_by_seccomp_dies_of_the_same_signal(deaths, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    assert run([deaths, "seccomp_kills_helper"], drop).returncode == -signal.SIGSEGV


def test_inherited_ignore_stays(deaths, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    result = run(["/bin/sh", "-c", "trap '' SEGV ABRT; exec \"$0\" ignored", deaths], drop)
    assert result.returncode == 5
    assert snapshots(drop) == []


def test_faulthandler_speaks_and_is_reported_once_with_the_first_cause(tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    command = ["/usr/bin/python3", "-X", "faulthandler", "-c", "import ctypes; ctypes.string_at(0)"]
    result = run(command, drop)
    assert result.returncode == -signal.SIGSEGV
    assert b"Fatal Python error: Segmentation fault" in result.stderr
    (snapshot,) = snapshots(drop)
    assert snapshot.cause_first
    assert (snapshot.signal, snapshot.code, snapshot.one(3)[4]) == (signal.SIGSEGV, 1, 0)
    pc = snapshot.crashed[5][RIP]
    libc = next(m for m in snapshot.all(MODULE) if "libc.so" in m[1])
    assert libc[2] <= pc < libc[3]


def test_environment_holds_allowed_names_only(deaths, tmp_path):
    _, (snapshot,) = die(deaths, "null", tmp_path, SENTRY_RELEASE="app@1", MY_SECRET="hunter2")
    variables = snapshot.one(ENVIRONMENT)[1]
    assert variables["SENTRY_RELEASE"] == "app@1"
    assert "MY_SECRET" not in variables


def test_signals_can_be_added(tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    result = run(["/bin/sleep", "0.01"], drop, CRASHHOOK_SIGNALS="TERM")
    assert result.returncode == 0
    with subprocess.Popen(["/bin/sleep", "20"],
                          env=environment(drop, CRASHHOOK_SIGNALS="SIGTERM,USR2")) as process:
        time.sleep(0.2)
        process.terminate()
    assert process.returncode == -signal.SIGTERM
    (snapshot,) = snapshots(drop)
    assert snapshot.signal == signal.SIGTERM
    assert snapshot.one(3)[5] == os.getpid()


@pytest.mark.parametrize("flags", [[], ["-rdynamic", "-DINERT"]])
def test_inert_programs(tmp_path, flags):
    source = tmp_path / "inert.c"
    source.write_text("#ifdef INERT\nconst char crashhook_inert[] = \"\";\n#endif\n"
                      "int main(void) { __builtin_trap(); }\n")
    program = build(source, tmp_path / "inert", *flags)
    drop = tmp_path / "drop"
    drop.mkdir()
    assert run([program], drop).returncode == -signal.SIGILL
    assert len(snapshots(drop)) == (0 if flags else 1)
    assert run([program], drop, CRASHHOOK_DISABLE="1").returncode == -signal.SIGILL
    assert len(snapshots(drop)) == (0 if flags else 1)


def test_says_so_when_asked_and_nobody_listens(deaths):
    assert run([deaths, "null"]).stderr == b""
    spoken = run([deaths, "null"], CRASHHOOK_VERBOSE="1").stderr
    assert spoken.startswith(b"crashhook: signal 11 in pid ") and spoken.count(b"\n") == 1


def test_counts_programs(tmp_path):
    count = tmp_path / "count"
    count.write_bytes(b"")
    for _ in range(3):
        run(["/bin/true"], CRASHD_PROGRAM_COUNT=str(count))
    assert count.read_bytes() == b"..."
    run(["/bin/true"], CRASHD_PROGRAM_COUNT=str(tmp_path / "absent"))
    assert not (tmp_path / "absent").exists()


HEALTHY = r"""
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static int entries(const char *path) {
    int count = 0; DIR *directory = opendir(path); struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}
int main(int argc, char **argv) {
    char line[256]; FILE *file;
    printf("%d descriptors, %d threads\n", entries("/proc/self/fd"), entries("/proc/self/task"));
    if (argc > 1) {
        file = fopen("/proc/self/smaps_rollup", "r");
        while (fgets(line, sizeof line, file))
            if (!strncmp(line, "Anonymous:", 10)) fputs(line, stderr);
    }
    return 42;
}
"""


def test_a_healthy_program_sees_no_difference(tmp_path):
    source = tmp_path / "healthy.c"
    source.write_text(HEALTHY)
    program = build(source, tmp_path / "healthy")
    plain, hooked = run([program], hooked=False), run([program])
    assert (plain.returncode, plain.stdout, plain.stderr) == (
        hooked.returncode, hooked.stdout, hooked.stderr)
    assert plain.returncode == 42


def test_private_memory(tmp_path):
    source = tmp_path / "healthy.c"
    source.write_text(HEALTHY)
    program = build(source, tmp_path / "healthy")
    empty = tmp_path / "empty.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", str(empty)], check=True)

    def dirty(library):
        env = dict(os.environ, LD_PRELOAD=str(library), CRASHD_SOCKET="/nonexistent")
        output = subprocess.run([program, "memory"], env=env, capture_output=True, text=True).stderr
        return int(output.split()[1])

    assert dirty(HOOK) - dirty(empty) <= 48


class Daemon:
    """The other end of the socket, as far as the hook can see it."""

    def __init__(self, path, answer=b"S", reads=True):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        self.listener.listen(16)
        self.answer, self.reads = answer, reads
        self.hellos, self.snapshots, self.kept = [], [], []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            hello, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
            descriptors = array.array("i")
            descriptors.frombytes(ancillary[0][2])
            self.hellos.append(hello)
            self.kept.append(connection)
            if not self.reads:
                self.kept.append(descriptors)
                continue
            with os.fdopen(descriptors[0], "rb") as pipe:
                if self.answer == b"C":
                    connection.send(b"C")
                self.snapshots.append(pipe.read())
            if self.answer == b"S":
                connection.send(b"S")
            if self.answer != b"":
                connection.close()


def test_snapshot_through_the_socket(deaths, tmp_path):
    daemon = Daemon(tmp_path / "s")
    result = run([deaths, "fifty_threads_one"], socket=tmp_path / "s", CRASHD_RUN_ID="run-7")
    assert result.returncode == -signal.SIGSEGV
    (hello,) = daemon.hellos
    assert hello.startswith(b"CRSHHOOK") and len(hello) == int.from_bytes(hello[10:12], sys.byteorder)
    assert hello.endswith(b"run-7" + bytes(27))
    snapshot = Snapshot(daemon.snapshots[0])
    assert snapshot.all(END) and len(snapshot.all(THREAD)) == 51


def test_storm_key_is_equal_for_equal_crashes(deaths, tmp_path):
    daemon = Daemon(tmp_path / "s")
    for name in ("null", "null", "abort"):
        run([deaths, name], socket=tmp_path / "s")
    keys = [hello[40:48] for hello in daemon.hellos]
    assert keys[0] == keys[1] != keys[2]


def test_a_daemon_that_does_not_want_it_costs_no_time(deaths, tmp_path):
    Daemon(tmp_path / "s", answer=b"C")
    start = time.monotonic()
    assert run([deaths, "null"], socket=tmp_path / "s").returncode == -signal.SIGSEGV
    assert time.monotonic() - start < 0.15


def test_a_daemon_that_does_not_answer_costs_200_ms(deaths, tmp_path):
    Daemon(tmp_path / "s", answer=b"")
    start = time.monotonic()
    assert run([deaths, "null"], socket=tmp_path / "s").returncode == -signal.SIGSEGV
    assert time.monotonic() - start < 0.8


MANY_THREADS = r"""
#include <pthread.h>
#include <string.h>
#include <unistd.h>
static void *wait_for_ever(void *argument) {
    volatile char deep[20000]; memset((char *)deep, 1, sizeof deep); pause(); return argument;
}
int main(void) {
    pthread_t thread; pthread_attr_t small; pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = 0; i < 400; i++) pthread_create(&thread, &small, wait_for_ever, 0);
    usleep(300000);
    __builtin_trap();
}
"""


def test_a_stopped_daemon_does_not_stop_the_process(tmp_path):
    """More than a pipe holds, and nobody reads it."""
    source = tmp_path / "many.c"
    source.write_text(MANY_THREADS)
    program = build(source, tmp_path / "many")
    Daemon(tmp_path / "s", reads=False)
    start = time.monotonic()
    result = run([program], socket=tmp_path / "s", CRASHHOOK_TIMEOUT_MS="700")
    assert result.returncode == -signal.SIGILL
    assert time.monotonic() - start < 3


def test_a_full_backlog_does_not_stop_the_process(deaths, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "s"))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        filler.setblocking(False)
        try:
            filler.connect(str(tmp_path / "s"))
        except BlockingIOError:
            pass
        fillers.append(filler)
    start = time.monotonic()
    assert run([deaths, "null"], socket=tmp_path / "s").returncode == -signal.SIGSEGV
    assert time.monotonic() - start < 2


def test_not_dumpable_gives_registers_only(tmp_path):
    source = tmp_path / "secret.c"
    source.write_text("#include <sys/prctl.h>\nint main(void) { char secret[] = \"hunter2hunter2\";"
                      "prctl(PR_SET_DUMPABLE, 0); __builtin_trap(); return secret[0]; }\n")
    program = build(source, tmp_path / "secret")
    drop = tmp_path / "drop"
    drop.mkdir()
    assert run([program], drop).returncode == -signal.SIGILL
    (snapshot,) = snapshots(drop)
    assert not snapshot.stacks(STACK, snapshot.crashed[1]) and not snapshot.all(ENVIRONMENT)
    assert snapshot.crashed[5][RIP] != 0 and snapshot.crashed[7]


def test_deleted_library_brings_its_unwind_tables_and_symbols(tmp_path):
    (tmp_path / "gone.c").write_text("int gone(int *p) { return *p; }\n")
    (tmp_path / "main.c").write_text(
        "#include <dlfcn.h>\n#include <unistd.h>\nint main(int c, char **v) {"
        "void *l = dlopen(v[1], RTLD_NOW); int (*f)(int *) = dlsym(l, \"gone\");"
        "unlink(v[1]); return f(0); }\n")
    library = tmp_path / "libgone.so"
    subprocess.run(["gcc", "-g", "-O1", "-shared", "-fPIC", str(tmp_path / "gone.c"), "-o",
                    str(library)], check=True)
    program = build(tmp_path / "main.c", tmp_path / "main", "-ldl")
    drop = tmp_path / "drop"
    drop.mkdir()
    assert run([program, library], drop).returncode == -signal.SIGSEGV
    (snapshot,) = snapshots(drop)
    module = next(m for m in snapshot.all(MODULE) if m[1] == f"{library} (deleted)")
    assert module[8] == 1 and len(module[4]) == 20
    inside = {m[2] for m in snapshot.all(5) if module[2] <= m[1] < module[3]}
    assert {6, 7} <= inside


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a pid namespace")
@pytest.mark.parametrize("name, status, reports", [
    ("null", 139, 1), ("illegal", 132, 1), ("breakpoint", 133, 1), ("seccomp_trap", 159, 1),
    ("kill", 0, 0), ("abort", 139, 1),
])
def test_init_of_a_container_dies_only_of_what_it_would_die_of(deaths, tmp_path, name, status,
                                                              reports):
    """The kernel ignores what is sent to pid 1, and abort() ends in a hlt there."""
    command = "unshare --pid --fork --mount-proc {} '%s' '%s'; echo $?" % (deaths, name)
    preload = (f"env LD_PRELOAD={HOOK} CRASHD_SOCKET=/nonexistent CRASHD_DROP_DIR={tmp_path} "
               f"CRASHD_RUN_ID={uuid.uuid4().hex}")
    for run_by in ("", preload):
        result = subprocess.run(["bash", "-c", command.format(run_by)], capture_output=True,
                                text=True)
        assert result.stdout.splitlines()[-1] == str(status)
    assert len(snapshots(tmp_path)) == reports
    if name == "abort":
        assert snapshots(tmp_path)[0].signal == signal.SIGABRT


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for chroot")
def test_without_proc(tmp_path):
    source = tmp_path / "chrooted.c"
    source.write_text("#include <stdlib.h>\n#include <unistd.h>\nint main(int c, char **v) {"
                      "if (chroot(v[1]) || chdir(\"/\")) return 9; abort(); }\n")
    program = build(source, tmp_path / "chrooted")
    root = tmp_path / "root"
    (root / "drop").mkdir(parents=True)
    assert run([program, root], "/drop").returncode == -signal.SIGABRT
    (snapshot,) = snapshots(root / "drop")
    modules = {os.path.basename(m[1]): m for m in snapshot.all(MODULE)}
    assert {"chrooted", "libc.so.6", "[vdso]"} <= set(modules)
    libc = modules["libc.so.6"]
    assert len(libc[4]) == 20 and libc[2] <= snapshot.crashed[5][RIP] < libc[3]
    assert snapshot.stacks(STACK, snapshot.crashed[1])
    assert snapshot.one(END)[5] == "/proc could not be read"


def test_memory_that_is_in_no_dump_is_not_read(tmp_path):
    source = tmp_path / "secret.c"
    source.write_text(
        "#include <string.h>\n#include <sys/mman.h>\nint main(void) {"
        "char *a = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);"
        "char *volatile b = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);"
        "for (int i = 0; i < 64; i++) { a[i] = 'p' + i % 2; b[i] = 'x' + i % 2; }"
        "madvise(a, 4096, MADV_DONTDUMP);"
        "__asm__ volatile(\"ud2\" : : \"D\"(a), \"S\"(b)); }\n")
    program = build(source, tmp_path / "secret")
    drop = tmp_path / "drop"
    drop.mkdir()
    assert run([program], drop).returncode == -signal.SIGILL
    data = next(drop.iterdir()).read_bytes()
    assert b"xyxyxyxyxyxy" in data
    assert b"pqpqpqpqpqpq" not in data


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_address_sanitizer_programs_start(tmp_path, compiler):
    source = tmp_path / "asan.c"
    source.write_text("#include <stdlib.h>\nint main(void) { free(malloc(9)); return 11; }\n")
    program = tmp_path / "asan"
    built = subprocess.run([compiler, "-fsanitize=address", str(source), "-o", str(program)],
                           capture_output=True)
    if built.returncode != 0:
        pytest.skip(f"{compiler} has no AddressSanitizer here")
    result = run([program])
    assert (result.returncode, result.stderr) == (11, b"")


def test_fifty_runs_die_alike(deaths, tmp_path):
    """The end must not depend on who is faster."""
    drop = tmp_path / "drop"
    drop.mkdir()
    for _ in range(50):
        assert run([deaths, "fifty_threads_all"], drop).returncode == -signal.SIGSEGV
    assert len(snapshots(drop)) == 50


@pytest.mark.parametrize("name", ["null", "abort"])
def test_a_core_dump_has_the_registers_of_the_crash(deaths, tmp_path, name):
    """As a debugger sees it: the newest frame is the program's or libc's, never one of the hook."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or pattern.startswith("|"):
        pytest.skip("core dumps of this machine go elsewhere")
    (tmp_path / "drop").mkdir()
    (tmp_path / "here").mkdir()
    subprocess.run([deaths, name], env=environment(tmp_path / "drop"), cwd=tmp_path / "here",
                   capture_output=True, timeout=30, preexec_fn=lambda: resource.setrlimit(
                       resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2))
    cores = list((tmp_path / "here").iterdir())
    if not cores:
        pytest.skip("no core dump is allowed here")
    (snapshot,) = snapshots(tmp_path / "drop")
    output = subprocess.run(["gdb", "-nx", "-batch", "-ex", "printf \"pc %lx\\n\", $pc", deaths,
                             cores[0]], capture_output=True, text=True, timeout=60).stdout
    pc = int(output.rpartition("pc ")[2].split()[0], 16)
    assert pc == snapshot.crashed[5][RIP]
