# SPDX-License-Identifier: MIT
"""What starts other programs, or looks into them."""
import os
import subprocess

import pytest

from hosts import (HOOK, LIBRARIES, SEGV, Run, check_death, check_quiet, environment, names,
                   need)


@pytest.mark.smoke
def test_timeout(tmp_path, crasher):
    """It dies of its child's signal, too: that is no second crash."""
    run = Run(tmp_path, ["/usr/bin/timeout", 30, crasher])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "null pointer", crasher)


@pytest.mark.smoke
def test_timeout_that_kills(tmp_path):
    """-s SEGV: the victim is reported, with who sent it; timeout itself ends with 124."""
    run = Run(tmp_path, ["/usr/bin/timeout", "-s", "SEGV", "0.1", "sleep", 60])
    assert run.status == 124
    check_death(run.event, "SIGSEGV", "sent signal", "/usr/bin/sleep")
    assert run.event["tags"]["sent_by"].endswith(" timeout")


@pytest.mark.smoke
@pytest.mark.parametrize("command, status, words", [
    (["xargs", "-a", "/etc/hostname", "sh", "-c", "exec CRASHER"], 125, "terminated by signal 11"),
    (["make", "-s", "-f", "MAKEFILE"], 2, "Segmentation fault"),
    (["git", "-c", "alias.boom=!CRASHER", "boom"], 139, ""),
    (["sqlite3", ":memory:", ".shell CRASHER"], 0, ""),
    (["find", "/etc/hostname", "-exec", "CRASHER", ";"], 0, ""),
    (["nice", "setsid", "-w", "CRASHER"], None, ""),
])
def test_parents(tmp_path, crasher, command, status, words):
    need(f"/usr/bin/{command[0]}", command[0])
    (tmp_path / "Makefile").write_text(f"t:\n\t{crasher}\n")
    command = [word.replace("CRASHER", str(crasher)).replace("MAKEFILE", str(tmp_path / "Makefile"))
               for word in command]
    plain = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    run = Run(tmp_path, command)
    assert run.status == plain.returncode and run.status == (plain.returncode if status is None else status)
    assert words in plain.stderr + plain.stdout and words in run.stderr + run.stdout
    assert run.stdout == plain.stdout
    check_death(run.event, "SIGSEGV", "null pointer", crasher)


@pytest.mark.smoke
def test_empty_environment(tmp_path, crasher):
    """env -i takes the hook away: nothing is seen, nothing else changes."""
    run = Run(tmp_path, ["env", "-i", crasher])
    check_quiet(run, SEGV)


@pytest.mark.smoke
def test_systemd_tools(tmp_path):
    need("/usr/bin/systemd-escape", "systemd")
    for command in (["systemd-escape", "a b/c"], ["systemd-analyze", "--version"],
                    ["systemd-tmpfiles", "--version"], ["journalctl", "--version"]):
        plain = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
        run = Run(tmp_path / command[0], command)
        check_quiet(run)
        assert run.stdout == plain.stdout


def test_compiler_error(tmp_path):
    """An internal error: cc1 has a handler of its own and ends with 4; nothing died of a signal."""
    (tmp_path / "slow.c").write_text("int a;\n" * 400000)
    script = ('gcc -fsyntax-only "$0" & gcc=$!\n'
              'until cc1=$(pgrep -P $gcc cc1); do :; done\n'
              'until grep -q "^SigCgt:.*[4-7c-f]..$" /proc/$cc1/status; do :; done\n'
              'kill -SEGV $cc1; wait $gcc; echo $?')
    need("/usr/bin/pgrep", "procps")
    run = Run(tmp_path, ["bash", "-c", script, tmp_path / "slow.c"])
    check_quiet(run)
    assert "internal compiler error" in run.stderr and run.stdout.strip() in ("1", "4")


def test_valgrind(tmp_path, crasher):
    """Its own message, its own way to die; the hook stays out."""
    valgrind = need("/usr/bin/valgrind", "valgrind")
    run = Run(tmp_path / "crash", [valgrind, crasher])
    check_quiet(run, SEGV)
    assert "Invalid read of size 4" in run.stderr and "ERROR SUMMARY: 1 errors" in run.stderr
    check_quiet(Run(tmp_path / "fine", [valgrind, "-q", "--error-exitcode=9", "/bin/true"]))


def test_gdb(tmp_path, crasher):
    """Stops at the fault, and after the report the process dies with the same siginfo."""
    gdb = need("/usr/bin/gdb", "gdb")
    code, address = "p $_siginfo.si_code", "p $_siginfo._sifields._sigfault.si_addr"
    commands = ["run", "bt 1", code, address, "continue", code, address, "continue"]
    arguments = [word for command in commands for word in ("-ex", command)]
    run = Run(tmp_path, [gdb, "-q", "-nx", "-batch", *arguments, crasher])
    assert run.stdout.count("$1 = 1\n") == 1 and "$3 = 1\n" in run.stdout
    assert "#0  main (" in run.stdout or " in main (" in run.stdout
    assert "$2 = (void *) 0x0" in run.stdout and "$4 = (void *) 0x0" in run.stdout
    assert run.stdout.count("signal SIGSEGV, Segmentation fault") == 3
    check_death(run.event, "SIGSEGV", "null pointer", crasher)
    assert names(run.event)[0] == "main"


HEAP = r"""
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

static void churn()
{
    std::vector<char *> blocks;
    for (int i = 0; i < 20000; i++)
        blocks.push_back(static_cast<char *>(malloc(i % 3000)));
    for (char *block : blocks)
        free(block);
}

int main(int argc, char **)
{
    std::thread other(churn);
    churn();
    other.join();
    puts("churned");
    fflush(stdout);
    std::vector<int> *none = nullptr;
    return argc > 1 ? 0 : none->at(3);
}
"""


@pytest.mark.parametrize("library, package", [
    ("libjemalloc.so.2", "libjemalloc2"), ("libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
])
@pytest.mark.parametrize("hook_first", [False, True])
def test_allocators(tmp_path, library, package, hook_first):
    library = need(LIBRARIES / library, package)
    (tmp_path / "heap.cpp").write_text(HEAP)
    subprocess.run(["g++", "-g", "-O0", "-pthread", tmp_path / "heap.cpp", "-o", tmp_path / "heap"], check=True)
    # crashctl run appends the hook; the other order comes from env.
    order = ["env", f"LD_PRELOAD={HOOK}:{library}"] if hook_first else ["env", f"LD_PRELOAD={library}:{HOOK}"]
    run = Run(tmp_path / "crash", [*order, tmp_path / "heap"])
    assert (run.status, run.stdout) == (SEGV, "churned\n")
    assert run.event["tags"]["signal"] == "SIGSEGV" and "main" in names(run.event)
    assert [image["code_file"] for image in run.event["debug_meta"]["images"]
            if image["code_file"] == os.path.realpath(library)]
    check_quiet(Run(tmp_path / "fine", [*order, tmp_path / "heap", "fine"]))
