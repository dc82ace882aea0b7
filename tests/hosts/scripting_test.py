# SPDX-License-Identifier: MIT
"""Interpreters and shells: what they catch is theirs, what kills them is reported once."""
import pytest

from hosts import ABRT, SEGV, Run, check_death, check_quiet, culprit, names, need

pytestmark = pytest.mark.smoke

NULL = "import ctypes; ctypes.string_at(0)"


@pytest.fixture
def python():
    return need("/usr/bin/python3", "python3")


def test_python_null(tmp_path, python):
    run = Run(tmp_path, [python, "-c", NULL])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "null pointer", python)
    assert names(run.event)[0].startswith("__strlen") and "Py_RunMain" in names(run.event)


def test_python_abort(tmp_path, python):
    run = Run(tmp_path, [python, "-c", "import os; os.abort()"])
    assert run.status == ABRT
    check_death(run.event, "SIGABRT", "abort", python)
    assert "abort" in names(run.event)[:4]


def test_python_faulthandler(tmp_path, python):
    """It prints, takes its handler away and raises again: the first fault is the cause."""
    run = Run(tmp_path, [python, "-X", "faulthandler", "-c", NULL])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "null pointer", python)
    assert run.stderr.startswith("Fatal Python error: Segmentation fault\n")
    assert "line 519 in string_at" in run.stderr or "in string_at" in run.stderr
    assert names(run.event)[0].startswith("__strlen")


def test_python_faulthandler_abort(tmp_path, python):
    run = Run(tmp_path, [python, "-X", "faulthandler", "-c", "import os; os.abort()"])
    assert run.status == ABRT and run.stderr.startswith("Fatal Python error: Aborted\n")
    check_death(run.event, "SIGABRT", "abort", python)


def test_python_recursion_in_c(tmp_path, python):
    source = ("import sys; sys.setrecursionlimit(10**9)\n"
              "def deeper(n): return sorted([1], key=lambda _: deeper(n + 1))\n"
              "deeper(0)\n")
    run = Run(tmp_path, [python, "-c", source])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "stack overflow", python)


def test_python_recursion_in_a_thread(tmp_path, python):
    source = ("import sys, threading; sys.setrecursionlimit(10**9)\n"
              "def deeper(n): return sorted([1], key=lambda _: deeper(n + 1))\n"
              "thread = threading.Thread(target=deeper, args=(0,)); thread.start(); thread.join()\n")
    run = Run(tmp_path, [python, "-c", source])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "stack overflow", python)
    assert len(run.event["threads"]["values"]) == 2


def test_python_own_handler(tmp_path, python):
    source = ("import os, signal\n"
              "print(signal.getsignal(signal.SIGSEGV) == signal.SIG_DFL)\n"
              "signal.signal(signal.SIGSEGV, lambda *_: print('caught', flush=True))\n"
              "os.kill(os.getpid(), signal.SIGSEGV)\n"
              "print('alive')\n")
    run = Run(tmp_path, [python, "-c", source])
    check_quiet(run)
    assert run.stdout == "True\ncaught\nalive\n"


@pytest.mark.parametrize("source", [
    "import subprocess, sys\n"
    f"print(subprocess.run([sys.executable, '-c', '{NULL}']).returncode)",
    "import ctypes, multiprocessing\n"
    "child = multiprocessing.Process(target=ctypes.string_at, args=(0,))\n"
    "child.start(); child.join(); print(child.exitcode)",
])
def test_python_children(tmp_path, python, source):
    run = Run(tmp_path, [python, "-c", source])
    assert (run.status, run.stdout) == (0, "-11\n")
    check_death(run.event, "SIGSEGV", "null pointer", python)


def test_perl(tmp_path):
    perl = need("/usr/bin/perl", "perl")
    caught = Run(tmp_path / "caught", [perl, "-e", r"$SIG{SEGV}=sub{print qq(caught\n)}; kill SEGV=>$$; print qq(alive\n)"])
    check_quiet(caught)
    assert caught.stdout == "caught\nalive\n"
    default = Run(tmp_path / "default", [perl, "-e", "$SIG{SEGV}=sub{}; kill SEGV=>$$; $SIG{SEGV}='DEFAULT'; "
                                         "kill SEGV=>$$; print 'alive'"])
    assert (default.status, default.stdout) == (SEGV, "")
    check_death(default.event, "SIGSEGV", "raised signal", perl)
    assert culprit(default.event) == "Perl_apply"
    ignored = Run(tmp_path / "ignored", [perl, "-e", r"$SIG{SEGV}='IGNORE'; exec 'sh', '-c', 'kill -SEGV $$; echo survived'"])
    check_quiet(ignored)
    assert ignored.stdout == "survived\n"


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/dash"])
def test_shells(tmp_path, shell):
    need(shell, shell.rpartition("/")[2])
    killed = Run(tmp_path / "killed", [shell, "-c", "echo before; kill -SEGV $$; echo after"])
    assert (killed.status, killed.stdout) == (SEGV, "before\n")
    check_death(killed.event, "SIGSEGV", "raised signal", shell)
    trapped = Run(tmp_path / "trapped", [shell, "-c", "trap 'echo trapped' SEGV; kill -SEGV $$; echo alive"])
    check_quiet(trapped)
    assert trapped.stdout == "trapped\nalive\n"
    reset = Run(tmp_path / "reset", [shell, "-c", "trap 'echo trapped' SEGV; trap - SEGV; kill -SEGV $$; echo alive"])
    assert (reset.status, reset.stdout, len(reset.events)) == (SEGV, "", 1)
    ignored = Run(tmp_path / "ignored", [shell, "-c", "trap '' ABRT; sh -c 'kill -ABRT $$; echo survived'"])
    check_quiet(ignored)
    assert ignored.stdout == "survived\n"


def test_shell_pipeline(tmp_path, crasher):
    """The shell's own words about its children stay as they are."""
    run = Run(tmp_path, ["/bin/bash", "-c", f"{crasher}; echo $?; {crasher} | cat; echo ${{PIPESTATUS[0]}}"])
    assert (run.status, run.stdout) == (0, "139\n139\n")
    assert "Segmentation fault" in run.stderr and len(run.events) == 2


def test_ruby(tmp_path):
    """Its own handler writes its own report and aborts: the first signal is the cause."""
    ruby = need("/usr/bin/ruby", "ruby")
    run = Run(tmp_path / "bug", [ruby, "-e", "Process.kill(:SEGV, $$); sleep 5"])
    assert run.status == ABRT and "[BUG] Segmentation fault" in run.stderr
    assert "-- Ruby level backtrace information" in run.stderr
    check_death(run.event, "SIGSEGV", "raised signal", ruby)
    deep = "def deeper(n) deeper(n + 1) end\nbegin; deeper(0); rescue SystemStackError; puts 'rescued'; end"
    rescued = Run(tmp_path / "rescued", [ruby, "-e", deep])
    check_quiet(rescued)
    assert rescued.stdout == "rescued\n"


def test_php(tmp_path):
    php = need("/usr/bin/php", "php-cli")
    run = Run(tmp_path / "killed", [php, "-r", "posix_kill(posix_getpid(), 11); echo 'alive';"])
    assert (run.status, run.stdout) == (SEGV, "")
    check_death(run.event, "SIGSEGV", "raised signal", php)
    deep = Run(tmp_path / "deep", [php, "-r", "function deeper($a) { return array_map('deeper', [$a]); } deeper(1);"])
    assert deep.status == SEGV
    check_death(deep.event, "SIGSEGV", "stack overflow", php)


def test_lua(tmp_path):
    lua = need("/usr/bin/lua5.4", "lua5.4")
    run = Run(tmp_path, [lua, "-e", "os.execute('kill -SEGV $PPID'); while true do end"])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "sent signal", lua)
    # Its name may be gone with it.
    assert run.event["tags"]["sent_by"].split()[0].isdigit()
