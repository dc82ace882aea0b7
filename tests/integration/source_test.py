# SPDX-License-Identifier: MIT
"""Source lines are found where they are now, and only when they are those that were compiled; what
debug information names without being source is shown to nobody."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Daemon

LINES = [f"/* line {n} */" for n in range(1, 31)]
LINES[11] = "int main(void) {"
LINES[12] = "    *(volatile int *)0 = 1; /* here */"
LINES[13] = "}"
PROGRAM = "\n".join(LINES) + "\n"
SECRET = "the secret of somebody else"


def build(directory, *flags, path="src/victim.c", source=PROGRAM, name="victim"):
    """Compiled in directory, which may be gone afterwards; the program lies beside it."""
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    (directory / path).write_text(source)
    program = directory.parent / name
    subprocess.run(["gcc", "-g", *flags, "-o", program, path], check=True, cwd=directory)
    return program


def top(run):
    (frame,) = [f for f in harness.frames(run.event) if f.get("function") == "main"]
    return frame


def shown(frame):
    assert frame["lineno"] == 13 and frame["context_line"] == LINES[12]
    assert frame["pre_context"] == LINES[7:12] and frame["post_context"] == LINES[13:18]


def not_shown(frame):
    assert not frame.keys() & {"context_line", "pre_context", "post_context"}
    assert frame["lineno"] == 13


def test_where_it_was(tmp_path):
    frame = top(harness.Run(tmp_path, [build(tmp_path / "build")]))
    shown(frame)
    assert frame["abs_path"] == str(tmp_path / "build/src/victim.c")
    assert frame["filename"] == "src/victim.c"


def test_newer_than_the_program(tmp_path):
    program = build(tmp_path / "build")
    later = time.time_ns() + 10**9
    os.utime(tmp_path / "build/src/victim.c", ns=(later, later))
    run = harness.Run(tmp_path, [program])
    not_shown(top(run))
    assert "newer than the program" in run.stderr and LINES[12] not in run.stderr


def test_gone(tmp_path):
    program = build(tmp_path / "build")
    shutil.rmtree(tmp_path / "build")
    not_shown(top(harness.Run(tmp_path, [program])))


@pytest.mark.parametrize("how", ["option", "configuration"])
@pytest.mark.parametrize("flag,start", [
    ("-ffile-prefix-map={build}=/usr/src/victim", "/usr/src/victim"),
    ("-fdebug-prefix-map={build}=.", "."),
    ("-fdebug-prefix-map={build}=/build/reproducible", "/build"),
])
def test_map(tmp_path, flag, start, how):
    program = build(tmp_path / "build", flag.format(build=tmp_path / "build"))
    here = tmp_path / "here"
    shutil.move(tmp_path / "build", here / "reproducible" if start == "/build" else here)
    config = tmp_path / "run.conf"
    config.write_text(f"[crashd]\nsource-map = /us=/nowhere\n[exe *]\nsource-map = {start}={here}\n")
    options = ["--config", config] if how == "configuration" else \
        ["--source-map", f"/us=/nowhere", "--source-map", f"{start}={here}"]
    shown(top(harness.Run(tmp_path, [program], *options)))


def test_map_of_a_snapshot(tmp_path):
    program = build(tmp_path / "build", f"-ffile-prefix-map={tmp_path / 'build'}=/usr/src/victim")
    run = harness.Run(tmp_path, [program], "--snapshots")
    not_shown(top(run))
    snapshot = run.output / f"{run.event['event_id']}.snapshot"
    line = f"13 | {LINES[12]}"
    assert line not in harness.crashctl("symbolize", snapshot, cwd="/").stdout
    mapped = harness.crashctl("symbolize", "--source-map",
                              f"/usr/src/victim={tmp_path / 'build'}", snapshot, cwd="/")
    assert line in mapped.stdout
    assert line in harness.crashctl("symbolize", snapshot, cwd=tmp_path / "build").stdout


def test_the_longest_map_counts(tmp_path):
    program = build(tmp_path / "build", f"-ffile-prefix-map={tmp_path / 'build'}=/ci/job/tree")
    (tmp_path / "wrong/job/tree/src").mkdir(parents=True)
    (tmp_path / "wrong/job/tree/src/victim.c").write_text("\n" * 30)
    shown(top(harness.Run(tmp_path, [program], "--source-map", f"/ci/job/tree={tmp_path}/build",
                          "--source-map", f"/ci={tmp_path}/wrong")))


def test_relative_to_the_working_directory(tmp_path):
    program = build(tmp_path / "build", f"-fdebug-prefix-map={tmp_path / 'build'}=.")
    frame = top(harness.Run(tmp_path, [program], cwd=tmp_path / "build"))
    shown(frame)
    assert frame["filename"] == "src/victim.c"


@pytest.mark.parametrize("below", ["", "deep/er"])
def test_another_checkout(tmp_path, below):
    """Compiled by CI in a directory of its own, run in a tree that has the same file."""
    program = build(tmp_path / "builds/group/project", "-DX", name="../../victim")
    tree = tmp_path / "work" / below
    shutil.move(tmp_path / "builds/group/project", tree)
    frame = top(harness.Run(tmp_path, [program], cwd=tmp_path / "work"))
    shown(frame)
    assert frame["filename"] == str(pathlib.Path(below) / "src/victim.c")
    assert frame["in_app"] is True


def test_two_files_may_be_it(tmp_path):
    program = build(tmp_path / "build")
    shutil.copytree(tmp_path / "build", tmp_path / "work/one", copy_function=shutil.copy2)
    shutil.move(tmp_path / "build", tmp_path / "work/two")
    not_shown(top(harness.Run(tmp_path, [program], cwd=tmp_path / "work")))


def test_a_name_alone_is_not_enough(tmp_path):
    program = build(tmp_path / "build")
    shutil.move(tmp_path / "build/src", tmp_path / "work")
    shutil.rmtree(tmp_path / "build")
    not_shown(top(harness.Run(tmp_path, [program], cwd=tmp_path / "work")))


def test_a_tree_too_large_to_look_through(tmp_path):
    program = build(tmp_path / "build")
    shutil.move(tmp_path / "build", tmp_path / "work")
    many = tmp_path / "work/many"
    many.mkdir()
    for i in range(20001):
        os.mknod(many / str(i))
    not_shown(top(harness.Run(tmp_path, [program], cwd=tmp_path / "work")))


def test_text_that_is_no_clean_text(tmp_path):
    """Long lines are cut, what is no UTF-8 and control characters are replaced."""
    lines = list(LINES)
    lines[10] = "//" + "x" * 253 + "\u00e4" * 2000
    lines[11] = "int main(void) { // \x1b[31m \x07"
    program = build(tmp_path / "build", source="\n".join(lines))
    source = tmp_path / "build/src/victim.c"
    before = source.stat().st_mtime_ns
    source.write_bytes(source.read_bytes().replace(b"line 16", b"line \xff\xfe\xc3"))
    os.utime(source, ns=(before, before))
    run = harness.Run(tmp_path, [program])
    frame = top(run)
    assert frame["context_line"] == LINES[12]
    assert frame["pre_context"][3].startswith("//xxx") and len(frame["pre_context"][3]) < 256
    assert "\ufffd" not in frame["pre_context"][3]
    assert "\x1b" not in frame["pre_context"][4] and "\x1b" not in run.stderr
    assert frame["post_context"][2].startswith("/* line \ufffd")


def secret(path):
    path.write_text("\n".join([SECRET] * 40))
    path.chmod(0o600)


def fifo(path):
    os.mkfifo(path)


def directory(path):
    path.mkdir()


def device(path):
    path.symlink_to("/dev/zero")


def terminal(path):
    path.symlink_to("/dev/tty")


def shadow(path):
    path.symlink_to("/etc/shadow")


def process(path):
    path.symlink_to("/proc/self/environ")


def huge(path):
    with path.open("wb") as file:
        file.write(b"\n" * 12 + SECRET.encode())
        file.truncate(1 << 40)


def binary(path):
    path.write_bytes(b"\n" * 12 + SECRET.encode() + b"\n" + bytes(100) + b"\n" * 20)


def loop(path):
    path.symlink_to(path.name)


HOSTILE = [fifo, directory, device, terminal, process, huge, binary, loop]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def gives_nothing_away(run):
    assert SECRET not in run.stderr and "root:" not in run.stderr
    for event in run.events:
        assert SECRET not in str(event) and "root:" not in str(event)
    not_shown(top(run))


@pytest.mark.parametrize("make", HOSTILE + [pytest.param(m, marks=root_only)
                                            for m in (secret, shadow)])
def test_no_source(tmp_path, make):
    program = build(tmp_path / "build")
    source = tmp_path / "build/src/victim.c"
    source.unlink()
    make(source)
    if not source.is_symlink():
        os.utime(source, (1, 1))
    gives_nothing_away(harness.Run(tmp_path, [program]))


@pytest.fixture
def open_place():
    """A directory that other users may enter, unlike pytest's."""
    place = pathlib.Path(f"/tmp/crashd-test-{os.getpid()}")
    place.mkdir()
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def private_file(place):
    place.chmod(0o600)


def private_directory(place):
    place.parent.chmod(0o700)


def nothing_private(place):
    pass


def source_of_root(place, protect):
    """A program that nobody may run, compiled from what protect makes root's own."""
    program = build(place / "build", source=PROGRAM.replace(LINES[10], f"/* {SECRET} */"))
    program.chmod(0o755)
    protect(place / "build/src/victim.c")
    return program


@root_only
@pytest.mark.parametrize("protect,visible", [(private_file, False), (private_directory, False),
                                             (nothing_private, True)])
def test_another_users_crash_in_a_run_of_root(open_place, tmp_path, protect, visible):
    program = source_of_root(open_place, protect)
    run = harness.Run(tmp_path, [*NOBODY, program], cwd=open_place)
    if visible:
        assert SECRET in str(run.event)
    else:
        gives_nothing_away(run)


@root_only
@pytest.mark.parametrize("protect,visible", [(private_file, False), (private_directory, False),
                                             (nothing_private, True)])
def test_another_users_crash_in_the_daemon(open_place, protect, visible):
    program = source_of_root(open_place, protect)
    run_id = "".join(f"{byte:02x}" for byte in os.urandom(16))
    with Daemon(open_place) as daemon:
        os.chmod(daemon.socket, 0o666)
        result = subprocess.run([*NOBODY, program], env=harness.environment(
            LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket, CRASHD_RUN_ID=run_id),
            cwd="/", timeout=harness.TIMEOUT)
        assert result.returncode == -11
        (event_id,) = daemon.wait_reported()
        event = daemon.file("reported", event_id, "event.json").decode()
        text = daemon.file("reported", event_id, "report.txt").decode()
    assert '"lineno":13' in event.replace(" ", "")
    assert (SECRET in event) == (SECRET in text) == visible


@root_only
def test_a_map_that_the_daemon_reads_again(open_place):
    program = build(open_place / "build",
                    f"-ffile-prefix-map={open_place / 'build'}=/usr/src/victim")
    with Daemon(open_place) as daemon:
        events = []
        for count, text in enumerate(["", f"source-map = /usr/src/victim={open_place}/build"], 1):
            (open_place / "crashd.conf").write_text(f"[crashd]\n{text}\n")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_line("was read again", count)
            subprocess.run([program], env=harness.environment(
                LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket), timeout=harness.TIMEOUT)
            event_id = daemon.wait_reported(count)[-1]
            events.append(daemon.file("reported", event_id, "event.json").decode())
    assert [LINES[12] in event for event in events] == [False, True]


@root_only
@pytest.mark.parametrize("name", ["../../../../../../../../../../etc/shadow", "/etc/shadow",
                                  "/proc/self/root/etc/shadow", "/proc/1/environ", "/dev/zero",
                                  "/proc/kmsg", ""])
def test_names_in_line_tables(tmp_path, name):
    """#line puts any name there."""
    source = PROGRAM.replace(LINES[12], f'#line 13 "{name}"\n{LINES[12]}')
    run = harness.Run(tmp_path, [build(tmp_path / "build", source=source)], cwd=tmp_path / "build")
    assert "root:" not in run.stderr and "root:" not in str(run.events)
    assert "context_line" not in top(run)
