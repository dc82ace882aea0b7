# SPDX-License-Identifier: MIT
"""The daemon's indexes: made after a module crashed again, used by the next reports, never between
users, and of no harm when damaged, cut off or too large."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import TIMEOUT, Daemon

SOURCE = """
__attribute__((noinline)) static int reach(volatile int *p) {
    return *p;
}
int main(void) {
    return reach(0) + 1;
}
"""
BUILD_ID = "c0ffee00112233445566778899aabbccddeeff00"


class Program:
    def __init__(self, directory, name="program", source=SOURCE, build_id=BUILD_ID):
        self.path = directory / name
        self.build_id = build_id
        (directory / f"{name}.c").write_text(source)
        subprocess.run(["gcc", "-g", "-O1", f"-Wl,--build-id=0x{build_id}", "-o", self.path,
                        directory / f"{name}.c"], check=True)

    def die(self, daemon, user=None):
        become = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        status = subprocess.run([self.path], env=harness.environment(
            LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket), **become).returncode
        assert status == -signal.SIGSEGV

    def report(self, daemon, count, user=None):
        """Its next report, the count-th one."""
        self.die(daemon, user)
        line = rf"store: ([0-9a-f]{{32}}): {self.path}\["
        event_id = daemon.wait_line(line, count)[1]
        return json.loads(daemon.file("reported", event_id, "event.json"))

    def wait_index(self, daemon, count=1):
        daemon.wait_line(rf"index of {self.path} \(build-id {self.build_id}\) made", count)

    def index(self, daemon, domain=None):
        domain = domain_of(os.geteuid()) if domain is None else domain
        return (daemon.state / "index" / str(domain) / self.build_id[:2]
                / f"{self.build_id[2:]}.idx")

    def remove_debug_information(self):
        subprocess.run(["objcopy", "--remove-section", ".debug_*", self.path], check=True)


def domain_of(uid):
    return uid if uid >= 1000 else 0


def stacks(event):
    """What does not depend on where the kernel put things."""
    kept = ("function", "raw_function", "filename", "abs_path", "lineno", "colno", "vars",
            "context_line", "in_app", "package", "trust")
    return [{key: frame[key] for key in kept if key in frame} for frame in harness.frames(event)]


def configure(directory, **keys):
    lines = ["[crashd]"] + [f"{key.replace('_', '-')} = {value}" for key, value in keys.items()]
    (directory / "crashd.conf").write_text("\n".join(lines) + "\n")


def temporaries(daemon):
    """Of a daemon that has ended: one that runs may be at the next index."""
    assert daemon.terminate() == 0
    return list((daemon.state / "index").glob("*/.tmp-*"))


def test_second_crash(tmp_path):
    program = Program(tmp_path)
    with Daemon(tmp_path) as daemon:
        first = program.report(daemon, 1)
        assert not program.index(daemon).exists()
        assert stacks(program.report(daemon, 2)) == stacks(first)
        program.wait_index(daemon)
        assert program.index(daemon).stat().st_mode & 0o777 == 0o644
        assert stacks(first)[0]["function"] == "reach" and stacks(first)[0]["lineno"] == 3
        # What is looked up is the index: there is nothing else any more.
        program.remove_debug_information()
        third = stacks(program.report(daemon, 3))
        without_sources = [{k: v for k, v in frame.items() if k != "context_line"}
                           for frame in stacks(first)]
        assert [{k: v for k, v in frame.items() if k != "context_line"}
                for frame in third] == without_sources
        assert not temporaries(daemon)


def test_another_daemon_uses_it(tmp_path):
    program = Program(tmp_path)
    configure(tmp_path, index_after=1)
    with Daemon(tmp_path) as daemon:
        first = program.report(daemon, 1)
        program.wait_index(daemon)
    with Daemon(tmp_path) as daemon:
        program.index(daemon).touch()
        os.utime(program.index(daemon), (1, 1))
        assert stacks(program.report(daemon, 1)) == stacks(first)
        # It counts as used.
        assert program.index(daemon).stat().st_mtime > 1
        assert not daemon.matching("index of .* made")


def test_never(tmp_path):
    program = Program(tmp_path)
    configure(tmp_path, index_after=0)
    with Daemon(tmp_path) as daemon:
        for count in range(1, 5):
            program.report(daemon, count)
        assert daemon.terminate() == 0
        assert not (daemon.state / "index").exists()
        assert not daemon.matching("index of")


@pytest.mark.parametrize("damage", ("flipped", "cut", "another's", "version"))
def test_damaged(tmp_path, damage):
    program = Program(tmp_path)
    configure(tmp_path, index_after=1)
    with Daemon(tmp_path) as daemon:
        first = program.report(daemon, 1)
        program.wait_index(daemon)
        whole = program.index(daemon).read_bytes()
    data = bytearray(whole)
    if damage == "flipped":
        chosen = random.Random(1)
        for position in range(4096, len(data), 2):
            data[position] ^= 1 << chosen.randrange(8)
    elif damage == "cut":
        del data[4097:]
    elif damage == "another's":
        data[16:18] = b"\xff\xff"
    else:
        data[8] += 1
    with Daemon(tmp_path) as daemon:
        replacement = program.index(daemon).with_suffix(".new")
        replacement.write_bytes(data)
        replacement.rename(program.index(daemon))
        assert stacks(program.report(daemon, 1)) == stacks(first)
        daemon.wait_line(f"the index of build-id {program.build_id} is damaged")
        # It is made again, and is what it was.
        program.wait_index(daemon)
        assert program.index(daemon).read_bytes() == whole


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_another_user_cannot_poison(tmp_path):
    """Same build-id, another program: whose is made first does not matter."""
    place = pathlib.Path(f"/tmp/crashd-index-{os.getpid()}")
    place.mkdir(mode=0o755)
    try:
        forged = Program(place, "forged", SOURCE.replace("reach", "forged"))
        honest = Program(place, "honest", SOURCE)
        configure(place, index_after=1)
        with Daemon(place) as daemon:
            os.chmod(daemon.socket, 0o666)
            forged.report(daemon, 1, user=65534)
            forged.wait_index(daemon)
            assert forged.index(daemon, 65534).exists()
            assert not honest.index(daemon, 0).exists()
            event = honest.report(daemon, 1)
            assert stacks(event)[0]["function"] == "reach"
            honest.wait_index(daemon)
            assert honest.index(daemon, 0).read_bytes() != forged.index(daemon, 65534).read_bytes()
        # Each has his own in the reports of new workers, too.
        with Daemon(place) as daemon:
            os.chmod(daemon.socket, 0o666)
            assert stacks(honest.report(daemon, 1))[0]["function"] == "reach"
            assert stacks(forged.report(daemon, 1, user=65534))[0]["function"] == "forged"
    finally:
        shutil.rmtree(place)


def test_killed_at_any_time(tmp_path):
    """What is there afterwards is whole, and what was begun goes away."""
    program = Program(tmp_path)
    configure(tmp_path, index_after=1)
    for seed in range(8):
        with Daemon(tmp_path) as daemon:
            program.die(daemon)
            daemon.wait_line(rf"store: [0-9a-f]{{32}}: {program.path}\[")
            deadline = time.monotonic() + random.Random(seed).random() / 50
            while time.monotonic() < deadline:
                pass
            daemon.kill()
            indexes = list((daemon.state / "index").glob("*/*/*.idx"))
            for index in indexes:
                done = subprocess.run([harness.CRASHCTL, "symbolize", "--index", index, "-e",
                                       program.path if index == program.index(daemon)
                                       else "/lib/x86_64-linux-gnu/libc.so.6", "0x1139"],
                                      capture_output=True, text=True, check=True,
                                      env=harness.environment())
                assert done.stderr == ""
            for index in indexes:
                index.unlink()
    with Daemon(tmp_path) as daemon:
        program.report(daemon, 1)
        program.wait_index(daemon)
        assert not temporaries(daemon)


def test_too_large(tmp_path):
    program = Program(tmp_path)
    configure(tmp_path, index_after=1, index_max_size="4K")
    with Daemon(tmp_path) as daemon:
        program.report(daemon, 1)
        daemon.wait_line(rf"no index of {program.path} .*too large")
        program.report(daemon, 2)
        assert not program.index(daemon).exists() and not temporaries(daemon)


def test_least_recently_used_go_first(tmp_path):
    program = Program(tmp_path)
    configure(tmp_path, index_after=1, index_max_size="100K")
    with Daemon(tmp_path) as daemon:
        old = program.index(daemon).parents[1] / "aa" / "bb.idx"
        old.parent.mkdir(parents=True)
        old.write_bytes(bytes(99 << 10))
        os.utime(old, (1, 1))
        program.report(daemon, 1)
        program.wait_index(daemon)
        assert program.index(daemon).exists() and not old.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file system of its own")
def test_a_full_disk(tmp_path):
    # Most of the index is names.
    chosen = random.Random(1)
    program = Program(tmp_path, source="".join(
        f"int f{chosen.randbytes(8000).hex()}(int x) {{ return x + 1; }}\n"
        for _ in range(150)) + SOURCE)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", state],
                      capture_output=True, check=False).returncode:
        pytest.skip("no right to mount")
    try:
        configure(tmp_path, index_after=1)
        with Daemon(tmp_path) as daemon:
            # Enough for reports, not for the index.
            room = os.statvfs(state)
            with open(state / "filler", "wb") as filler:
                filler.write(bytes(room.f_bavail * room.f_frsize - (1300 << 10)))
            first = program.report(daemon, 1)
            daemon.wait_line(f"no index of {program.path}: the disk is full")
            assert not program.index(daemon).exists()
            assert stacks(program.report(daemon, 2)) == stacks(first)
            assert len(daemon.matching("no index of .*: the disk is full")) == 1
            assert not temporaries(daemon)
    finally:
        subprocess.run(["umount", state], check=True)


def test_of_a_run(tmp_path):
    """crashctl run keeps them for the next one."""
    program = Program(tmp_path)
    state = tmp_path / "state"
    command = ["sh", "-c", f"{program.path}; {program.path}; "
               f"until test -e {state}/index/*/{BUILD_ID[:2]}/*.idx; do :; done; {program.path}"]
    done = subprocess.run([harness.CRASHCTL, "run", "--state-dir", state, "--", *command],
                          capture_output=True, text=True, errors="replace", timeout=TIMEOUT,
                          env=harness.environment())
    assert done.stderr.count("reach") >= 3, done.stderr
