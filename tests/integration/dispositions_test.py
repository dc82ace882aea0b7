# SPDX-License-Identifier: MIT
"""Every way to set what a signal does, to block it, to leave its handler and to bring a stack for it:
programs see, live and die as without the hook, and each death is told once, by its cause."""
import pathlib
import re
import signal

import pytest

from hook_programs import RIP, build, run, snapshots

HERE = pathlib.Path(__file__).parent
SOURCE = HERE / "hook_lives.cc"
SEGV, ABRT, ILL = signal.SIGSEGV, signal.SIGABRT, signal.SIGILL

# Name: signal and code of the cause, whether that was an earlier signal than the one that killed,
# and the latter where it differs.
DEATHS = {
    "abort_after_fault": (SEGV, 1, True, ABRT),
    "abort_blocked": (ABRT, -6, False, None),
    "abort_blocked_handler": (ABRT, -6, False, None),
    "abort_handler_returns": (ABRT, -6, False, None),
    "abort_ignored": (ABRT, -6, False, None),
    "assert_ignored": (ABRT, -6, False, None),
    "exception_keeps_it_blocked": (SEGV, 1, False, None),
    "faulthandler": (SEGV, 1, True, None),
    "go_default": (SEGV, 1, False, None),
    "handler_faults": (SEGV, 1, True, None),
    "jump_within_handler": (SEGV, 1, True, None),
    "longjmp_keeps_it_blocked": (SEGV, 1, False, None),
    "mask_from_context": (SEGV, 1, False, None),
    "mask_from_handler_context": (SEGV, 1, False, None),
    "other_fault_blocked_in_handler": (SEGV, 1, True, ILL),
    "overflow_c11": (SEGV, 2, False, None),
    "overflow_coroutine": (SEGV, 2, False, None),
    "overflow_disabled_stack": (SEGV, 1, False, None),
    "overflow_handler_asks_for_stack": (SEGV, 1, False, None),
    "overflow_handler_without_stack": (SEGV, 1, False, None),
    "overflow_small_limit": (SEGV, 1, False, None),
    "overflow_smallest_thread": (SEGV, 2, False, None),
    "overflow_thread_handler_without_stack": (SEGV, 2, False, None),
    "raw_default": (SEGV, 1, False, None),
    "raw_mask": (SEGV, 1, False, None),
    "redis": (SEGV, 1, True, None),
    "redis_thread": (SEGV, 1, True, None),
    "redis_thread_abort": (ABRT, -6, True, None),
    "rust": (SEGV, 1, False, None),
    "sent_from_outside_reraised": (SEGV, 0, True, None),
    "stale_context": (ABRT, -6, False, None),
    "stale_exception": (ABRT, -6, False, None),
    "stale_giving_up": (SEGV, 0, False, None),
    "stale_jump": (ABRT, -6, False, None),
    "stale_thread": (ABRT, -6, False, None),
    "terminate_ignored": (ABRT, -6, False, None),
    "tiny_stack": (SEGV, 1, False, None),
    "tiny_stack_abort": (ABRT, -6, False, None),
    "vfork_child_dies": (SEGV, 1, False, None),
}
LIVES = sorted(set(re.findall(r'^    \{"(\w+)",$', SOURCE.read_text(), re.M)) - set(DEATHS))


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    return build(SOURCE, tmp_path_factory.mktemp("lives") / "lives", "-fnon-call-exceptions")


def compare(command, tmp_path, **more):
    drop = tmp_path / "drop"
    drop.mkdir()
    plain = run(command, hooked=False)
    hooked = run(command, drop, **more)
    assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
        plain.returncode, plain.stdout, plain.stderr)
    return hooked, snapshots(drop)


@pytest.mark.parametrize("name", LIVES)
def test_sees_and_lives_as_without(lives, tmp_path, name):
    result, reports = compare([lives, name], tmp_path)
    assert result.returncode >= 0
    assert reports == []


@pytest.mark.parametrize("name", DEATHS)
def test_dies_as_without_and_is_reported(lives, tmp_path, name):
    number, code, first, final = DEATHS[name]
    result, (snapshot,) = compare([lives, name], tmp_path)
    if name != "vfork_child_dies":
        assert result.returncode == -(final or number)
    assert (snapshot.signal, snapshot.code, snapshot.cause_first) == (number, code, first)
    assert snapshot.one(3).get(12) == final
    assert snapshot.crashed[5][RIP] != 0


@pytest.mark.parametrize("name, status", [
    ("exit_in_handler", 3), ("quick_exit_in_handler", 4), ("underscore_exit_in_handler", 5),
    ("call_exit_in_handler", 6), ("exit_in_handler_of_thread", 7),
])
def test_a_handler_that_ends_its_program_is_reported_where_that_is_wanted(lives, tmp_path, name,
                                                                          status):
    result, (snapshot,) = compare([lives, name], tmp_path, CRASHHOOK_HANDLED="1")
    assert result.returncode == status
    assert (snapshot.signal, snapshot.code) == (SEGV, 1)
    assert snapshot.one(1)[9] is True and snapshot.one(1)[10] == status


@pytest.mark.parametrize("name", ["recover_alternate", "pthread_exit_in_handler", "stacks_shown"])
def test_what_goes_on_is_not_handled(lives, tmp_path, name):
    _, reports = compare([lives, name], tmp_path, CRASHHOOK_HANDLED="1")
    assert reports == []


PLUGIN = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
__attribute__((constructor)) static void construct(void) { if (getenv("EARLY")) signal(SIGSEGV, SIG_DFL); }
void reset(void) { signal(SIGSEGV, SIG_DFL); }
void crash(void) { *(volatile int *)0 = 1; }
"""
HOST = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
static void on_fault(int number) { (void)number; }
int main(int argc, char **argv) {
    (void)argc;
    if (!strcmp(argv[1], "through_libc")) {
        void *libc = dlopen("libc.so.6", RTLD_NOW);
        void (*(*set)(int, void (*)(int)))(int);
        *(void **)&set = dlsym(libc, "signal");
        signal(SIGSEGV, on_fault);
        printf("%d\n", set(SIGSEGV, SIG_DFL) == on_fault);
        fflush(stdout);
        *(volatile int *)0 = 1;
    }
    if (!strcmp(argv[1], "namespace")) {
        void *plugin = dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW);
        void (*crash)(void) = (void (*)(void))dlsym(plugin, "crash");
        crash();
    }
    /* By its RUNPATH, which is that of the caller. */
    void *plugin = dlopen("libplugin.so", RTLD_LAZY | (argv[1][0] == 'd' ? RTLD_DEEPBIND : 0));
    if (!plugin) { puts(dlerror()); return 3; }
    void (*crash)(void) = (void (*)(void))dlsym(plugin, "crash");
    void (*reset)(void) = (void (*)(void))dlsym(plugin, "reset");
    if (!strcmp(argv[1], "deep_late"))
        reset();
    crash();
}
"""


@pytest.fixture(scope="module", params=["-Wl,-z,lazy", "-Wl,-z,now"])
def plugin_host(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("plugin")
    (directory / "lib").mkdir()
    (directory / "plugin.c").write_text(PLUGIN)
    (directory / "host.c").write_text(HOST)
    library = build(directory / "plugin.c", directory / "lib" / "libplugin.so", "-shared", "-fPIC",
                    request.param)
    return library, build(directory / "host.c", directory / "host", "-Wl,-rpath,$ORIGIN/lib")


@pytest.mark.parametrize("name, early", [
    ("plain", "1"), ("deep_early", "1"), ("deep_late", ""), ("through_libc", ""), ("namespace", "1"),
])
def test_libraries_that_look_past_us(plugin_host, tmp_path, name, early):
    library, host = plugin_host
    more = {"EARLY": early} if early else {}
    result, (snapshot,) = compare([host, name, library], tmp_path, **more)
    assert result.returncode == -SEGV
    assert (snapshot.signal, snapshot.code) == (SEGV, 1)
