# SPDX-License-Identifier: MIT
"""How the hook gets into programs, and that it harms none that cannot have it: 32-bit, static, set-uid;
by LD_PRELOAD as crashctl run sets it, and by /etc/ld.so.preload in a root of its own."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from daemon_process import TIMEOUT, Daemon  # noqa: E402
from harness import BUILD, HOOK, Run, environment  # noqa: E402

STUB = BUILD / "libcrashhook" / "lib32" / "libcrashhook.so"
LOADER_32 = pathlib.Path("/lib/ld-linux.so.2")
ROOT = os.getuid() == 0

# "crash" dies, everything else says hello and ends with 3.
PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    printf("uid %d euid %d\n", (int)getuid(), (int)geteuid());
    fflush(stdout);
    return argc > 1 ? *(volatile int *)(long)(argc / 100) : 3;
}
"""
# No header and no library for 32 bits is needed, but the dynamic linker runs.
PROGRAM_32 = r"""
static int call(int number, int a, const void *b, int c)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}
__attribute__((force_align_arg_pointer)) void begin(int argc)
{
    call(4, 1, "32 bits\n", 8);
    if (argc > 1)
        *(volatile int *)0 = 1;
    call(1, 3, 0, 0);
}
void _start(void);
__asm__(".globl _start\n_start: movl (%esp), %eax\n pushl %eax\n call begin\n");
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("programs")
    for parent in (directory, *list(directory.parents)[:-2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    source = directory / "program.c"
    source.write_text(PROGRAM)
    for name, flags in (("dynamic", []), ("static", ["-static"]), ("static-pie", ["-static-pie"])):
        subprocess.run(["gcc", "-g", source, "-o", directory / name, *flags], check=True)
    shutil.copy(directory / "dynamic", directory / "set-uid")
    (directory / "set-uid").chmod(0o4755)
    (directory / "program32.c").write_text(PROGRAM_32)
    if LOADER_32.exists():
        subprocess.run(["gcc", "-m32", "-nostdlib", "-fno-pic", "-no-pie", "-fno-stack-protector",
                        "-Wl,--dynamic-linker=/lib/ld-linux.so.2", "-Wl,--no-as-needed", "-Wl,-E",
                        directory / "program32.c", "-o", directory / "32-bit",
                        f"-Wl,-rpath,{directory}", "-L/lib32", "-l:libc.so.6"], check=True)
    if shutil.which("musl-gcc"):
        subprocess.run(["musl-gcc", "-g", source, "-o", directory / "musl"], check=True)
    return directory


def program(programs, name):
    if not (programs / name).exists():
        pytest.skip({"32-bit": "no 32-bit ld.so: package libc6-i386",
                     "musl": "musl-gcc is not installed: package musl-tools"}[name])
    return programs / name


def plain(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False,
                          timeout=TIMEOUT, **options)


@pytest.mark.parametrize("name, reports", [
    ("dynamic", 1), ("musl", 1), ("32-bit", 0), ("static", 0), ("static-pie", 0),
])
@pytest.mark.parametrize("arguments", [[], ["crash"]])
def test_run(tmp_path, programs, name, reports, arguments):
    """crashctl run: same output, nothing on standard error but its own words, same status."""
    command = [program(programs, name), *arguments]
    without = plain(*command)
    run = Run(tmp_path, command)
    assert (run.status, run.stdout) == (without.returncode, without.stdout)
    assert run.status == (-signal.SIGSEGV if arguments else 3)
    assert "ld.so" not in run.stderr and "cannot be preloaded" not in run.stderr
    assert [line for line in run.stderr.splitlines() if not line.startswith(("crashd: ", " "))
            and line] == []
    assert len(run.events) == (reports if arguments else 0)


def test_32_bit_child(tmp_path, programs):
    """A script's 32-bit command leaves no line that was not there before."""
    script = f"{program(programs, '32-bit')}; {programs / 'dynamic'} crash; exit 7"
    without = plain("sh", "-c", script)
    run = Run(tmp_path, ["sh", "-c", script])
    assert (run.status, run.stdout) == (7, without.stdout)
    assert run.stderr.startswith(without.stderr) and "ERROR" not in run.stderr
    assert len(run.events) == 1


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_set_uid(tmp_path, programs):
    """ld.so takes the hook out of a set-uid program and of all that it starts; nothing else changes."""
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for arguments in ([], ["crash"]):
        command = [*become, str(programs / "set-uid"), *arguments]
        without = plain(*command)
        run = Run(tmp_path / f"run{len(arguments)}", command)
        assert (run.status, run.stdout) == (without.returncode, without.stdout)
        assert "uid 65534 euid 0" in run.stdout and "ld.so" not in run.stderr
        assert run.events == []


def test_temporary_directory_with_blanks(tmp_path, programs):
    odd = tmp_path / "with blank:and colon"
    odd.mkdir()
    run = Run(tmp_path, [programs / "dynamic", "crash"], env={"TMPDIR": odd})
    assert run.status == -signal.SIGSEGV and len(run.events) == 1
    assert "ld.so" not in run.stderr


@pytest.mark.skipif("CRASHD_SANITIZED" in os.environ,
                    reason="ASan insists on being the first preloaded library")
def test_others_come_first(tmp_path, programs):
    """What LD_PRELOAD held stays in front."""
    (tmp_path / "other.c").write_text("int other_library;\n")
    other = tmp_path / "other.so"
    subprocess.run(["gcc", "-shared", "-fPIC", tmp_path / "other.c", "-o", other], check=True)
    run = Run(tmp_path, ["sh", "-c", "echo $LD_PRELOAD"], env={"LD_PRELOAD": other})
    assert run.stdout.startswith(f"{other}:") and run.stdout.endswith("/libcrashhook.so\n")


def copy_into(root, path, name=None):
    target = root / str(name or path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)
    return target


@pytest.fixture
def root(tmp_path, programs):
    """A small root with the hook installed and named in /etc/ld.so.preload: never the machine's own."""
    if not ROOT:
        pytest.skip("only root can change the root directory")
    directory = tmp_path / "root"
    libraries = set()
    for command in ("/bin/bash", "/usr/bin/setpriv"):
        copy_into(directory, command)
        said = plain("ldd", command).stdout
        libraries |= {word for word in said.split() if word.startswith("/")}
    for library in libraries:
        copy_into(directory, library)
    for name in ("dynamic", "static", "static-pie", "32-bit"):
        if (programs / name).exists():
            copy_into(directory, programs / name, f"/{name}")
    if LOADER_32.exists():
        copy_into(directory, LOADER_32.resolve(), "/lib/ld-linux.so.2")
        copy_into(directory, "/lib32/libc.so.6", "/lib32/libc.so.6")
    copy_into(directory, programs / "dynamic", "/set-uid").chmod(0o4755)
    copy_into(directory, HOOK, "/usr/lib/x86_64-linux-gnu/libcrashhook.so")
    copy_into(directory, STUB, "/usr/lib32/libcrashhook.so")
    copy_into(directory, STUB, "/usr/lib/i386-linux-gnu/libcrashhook.so")
    for parent in (directory, *list(directory.parents)[:-2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    (directory / "etc").mkdir()
    (directory / "run").mkdir()
    (directory / "proc").mkdir()
    return directory


def in_root(root, *command, user=0):
    """In mount and root of its own, with /proc; as the user whose id it is."""
    script = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'
    become = ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return plain("unshare", "--mount", "sh", "-c", script, "sh", root, *become, *command)


@pytest.mark.parametrize("name, user, seen", [
    ("/dynamic", 0, True), ("/dynamic", 65534, True), ("/set-uid", 65534, True),
    ("/32-bit", 0, False), ("/static", 0, False), ("/static-pie", 0, False),
])
def test_ld_so_preload(tmp_path, root, name, user, seen):
    if not (root / name[1:]).exists():
        pytest.skip("no 32-bit ld.so: package libc6-i386")
    before = [in_root(root, name, *arguments, user=user) for arguments in ([], ["crash"])]
    shell = in_root(root, "/bin/bash", "-c", "echo shell; kill -SEGV $$", user=user)
    (root / "etc" / "ld.so.preload").write_text("/usr/$LIB/libcrashhook.so\n")
    with Daemon(tmp_path, socket_path=root / "run" / "crashd" / "hook.sock") as daemon:
        os.chmod(root / "run" / "crashd", 0o755)
        after = [in_root(root, name, *arguments, user=user) for arguments in ([], ["crash"])]
        for without, hooked in zip(before, after):
            assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
                without.returncode, without.stdout, without.stderr)
        assert after[0].returncode == 3 and after[1].returncode == -signal.SIGSEGV
        if seen:
            daemon.wait_reported()
        hooked = in_root(root, "/bin/bash", "-c", "echo shell; kill -SEGV $$", user=user)
        assert (hooked.returncode, hooked.stdout, hooked.stderr) == (
            shell.returncode, shell.stdout, shell.stderr)
        ids = daemon.wait_reported(2 if seen else 1)
        assert len(ids) == (2 if seen else 1)
        if name == "/set-uid":
            # Raised privileges: registers only, for root's eyes.
            assert b'"secure":true' in daemon.file("reported", ids[0], "facts.json")
