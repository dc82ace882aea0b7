# SPDX-License-Identifier: MIT
"""Reports of stripped programs whose debug information only a debuginfod server has; and servers
that do not answer, or not what they were asked for."""
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Daemon, crash
from debug_server import DebugServer
from recording_server import RecordingServer, free_port

SOURCE = """
__attribute__((noinline)) static int reach(volatile int *p) {
    return *p;
}
int main(void) {
    return reach(0) + 1;
}
"""


class Program:
    """A stripped program, and what was stripped off it."""

    def __init__(self, directory, name, source, *flags):
        self.path = directory / name
        full = directory / f"{name}.full"
        debug = directory / f"{name}.debug"
        (directory / f"{name}.c").write_text(source)
        subprocess.run(["gcc", "-g", "-O1", "-Wl,--build-id=sha1", *flags, "-o", full,
                        directory / f"{name}.c"], check=True)
        subprocess.run(["objcopy", "--only-keep-debug", full, debug], check=True)
        subprocess.run(["strip", "--strip-all", "-o", self.path, full], check=True)
        notes = subprocess.run(["readelf", "-n", self.path], check=True, capture_output=True,
                               text=True).stdout
        self.build_id = notes.split("Build ID:")[1].split()[0]
        self.debug = debug.read_bytes()
        self.whole = self.path.read_bytes()
        full.unlink()
        debug.unlink()
        self.url = f"/buildid/{self.build_id}/debuginfo"
        self.cached = f".build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug"

    def reports(self, daemon, count=1):
        """Events of its first count reports, in their order. A root daemon hears of the deaths of
        other tests' programs, too."""
        line = rf"store: ([0-9a-f]{{32}}): {self.path}\["
        daemon.wait_line(line, count)
        return [event_of(daemon, match[1]) for match in daemon.matching(line)[:count]]

    def captured(self, daemon):
        return [i for i in daemon.entries("captured")
                if json.loads(daemon.file("captured", i, "facts.json"))["exe"] == str(self.path)]

    def die(self, daemon):
        status = subprocess.run([self.path], env=harness.environment(
            LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket)).returncode
        assert status == -signal.SIGSEGV


@pytest.fixture(scope="module", name="program")
def stripped_program(tmp_path_factory):
    return Program(tmp_path_factory.mktemp("program"), "stripped", SOURCE)


@pytest.fixture(scope="module", name="other")
def other_program(tmp_path_factory):
    return Program(tmp_path_factory.mktemp("other"), "other", SOURCE.replace("reach", "arrive"))


@pytest.fixture(name="server")
def running_server():
    with DebugServer() as server:
        yield server


def configure(directory, urls, **keys):
    lines = ["[crashd]", f"debuginfod-urls = {urls}"]
    lines += [f"debuginfod-{key.replace('_', '-')} = {value}" for key, value in keys.items()]
    (directory / "crashd.conf").write_text("\n".join(lines) + "\n")


def event_of(daemon, event_id):
    return json.loads(daemon.file("reported", event_id, "event.json"))


def crash_frame(event):
    return harness.frames(event)[0]


def is_full(event, function="reach"):
    frame = crash_frame(event)
    return frame.get("function") == function and frame.get("lineno") == 3 and \
        frame["filename"].endswith(".c")


def is_poor(event):
    return "lineno" not in crash_frame(event) and "function" not in crash_frame(event)


def cache_of(daemon):
    return daemon.state / "debuginfod"


def nothing_is_half_done(daemon):
    return not list(cache_of(daemon).glob(".tmp-*"))


def test_function_file_and_line_come_from_the_server(tmp_path, server, program):
    server.files[program.url] = program.debug
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_full(event)
        assert [f["function"] for f in harness.frames(event)[:2]] == ["reach", "main"]
        assert server.count(program.url) == 1
        assert (cache_of(daemon) / program.cached).read_bytes() == program.debug
        assert nothing_is_half_done(daemon)
        assert all(agent.startswith("crashd/") for agent in server.agents)
        assert b"reach" in daemon.file("reported", event["event_id"], "report.txt")
        for path in cache_of(daemon).rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_the_cache_serves_the_next_and_outlives_the_daemon(tmp_path, server, program):
    server.files[program.url] = program.debug
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        program.die(daemon)
        assert all(is_full(event) for event in program.reports(daemon, 2))
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_full(event)
    assert server.count(program.url) == 1


def test_off_by_default_and_never_from_the_environment(tmp_path, server, program):
    server.files[program.url] = program.debug
    with Daemon(tmp_path, env={"DEBUGINFOD_URLS": server.url}) as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_poor(event)
    assert server.requests == [] and not cache_of(daemon).exists()


def test_crashctl_run_asks_what_its_user_asks(tmp_path, server, program):
    server.files[program.url] = program.debug
    run = harness.Run(tmp_path, [program.path], "--snapshots", env={
        "DEBUGINFOD_URLS": f"file:///nowhere ima:ignore {server.url}"})
    assert is_full(run.event)
    (snapshot,) = run.output.glob("*.snapshot")
    text = subprocess.run(
        [harness.CRASHCTL, "symbolize", snapshot], capture_output=True, text=True, check=True,
        env=harness.environment(CRASHD_STATE_DIR=run.state)).stdout
    assert "reach" in text and "stripped.c:3" in text
    assert "network" not in run.stderr
    assert server.count(program.url) == 1
    run = harness.Run(tmp_path / "without", [program.path])
    assert is_poor(run.event)


def test_a_configuration_wins_over_the_environment_of_a_run(tmp_path, server, program):
    configuration = tmp_path / "own.conf"
    configuration.write_text("[crashd]\ndebuginfod-urls =\n")
    run = harness.Run(tmp_path, [program.path], "--config", configuration,
                      env={"DEBUGINFOD_URLS": server.url})
    assert is_poor(run.event) and server.requests == []


def test_what_is_nowhere_is_asked_for_once(tmp_path, server, program):
    configure(tmp_path, server.url)
    for _ in range(2):
        with Daemon(tmp_path) as daemon:
            program.die(daemon)
            program.die(daemon)
            assert all(is_poor(event) for event in program.reports(daemon, 2))
    assert server.count(program.url) == 1


def truncated(program):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(program.debug)))
        handler.end_headers()
        handler.wfile.write(program.debug[:len(program.debug) // 2])
        handler.close_connection = True
    return answer


def redirect(location):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    return answer


def drop(handler):
    handler.close_connection = True


@pytest.mark.parametrize("make, complaint", [
    (lambda program: 500, "HTTP 500"), (lambda program: 403, "HTTP 403"),
    (lambda program: 204, "HTTP 204"), (lambda program: b"", "HTTP 200 without a body"),
    (truncated, "bytes remaining|transfer closed"), (lambda program: drop, "[Ee]mpty reply"),
    (lambda program: redirect("file:///etc/passwd"), "[Pp]rotocol"),
    (lambda program: redirect(program.url), "redirects")],
    ids=["500", "403", "204", "empty", "truncated", "cut", "to a file", "in circles"])
def test_a_server_in_trouble_costs_once(tmp_path, server, program, make, complaint):
    server.files[program.url] = make(program)
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_poor(event)
        daemon.wait_line(rf"network: {server.url}: .*({complaint}).* for 1 min")
        asked = len(server.requests)
        assert not (cache_of(daemon) / program.cached).exists() and nothing_is_half_done(daemon)
        program.die(daemon)
        program.reports(daemon, 2)
        daemon.terminate()
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        program.reports(daemon, 1)
    # Neither the next crash nor the next daemon asks while it is left alone.
    assert len(server.requests) == asked
    status = harness.crashctl("status", "--state-dir", tmp_path / "state").stdout
    assert f"{server.url} (debuginfod)" in status and "last error: " in status


def test_a_reload_asks_again(tmp_path, server, program):
    server.files[program.url] = 500
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        program.reports(daemon)
        server.files[program.url] = program.debug
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_line("the configuration was read again")
        program.die(daemon)
        assert is_full(program.reports(daemon, 2)[1])
        status = harness.crashctl("status", "--state-dir", daemon.state, "--json").stdout
        (row,) = [json.loads(line) for line in status.splitlines()]
        assert row == {"debuginfod": server.url, "fetched": 1, "last_error": None,
                       "next_try": None}


def test_a_dead_server_is_no_hindrance(tmp_path, program):
    port = free_port()
    configure(tmp_path, f"http://user:secret@127.0.0.1:{port}")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        daemon.wait_line(f"http://127.0.0.1:{port}: .*not asked for debug information")
        (event,) = program.reports(daemon)
        assert is_poor(event)
        text = daemon.file("reported", event["event_id"], "report.txt").decode()
        assert f"debuginfod: http://127.0.0.1:{port}: " in " ".join(text.split())
        with DebugServer(port) as server:
            server.files[program.url] = program.debug
            program.die(daemon)
            program.reports(daemon, 2)
            assert server.requests == []
        assert "secret" not in "\n".join(daemon.lines)
        assert "secret" not in harness.crashctl("status", "--state-dir", daemon.state).stdout


@pytest.mark.parametrize("make", [
    lambda program, other: b"this is no ELF file\n" * 1000, lambda program, other: other.debug,
    lambda program, other: program.debug[:200], lambda program, other: program.whole],
    ids=["garbage", "wrong build-id", "torn", "without debug information"])
def test_what_is_of_no_use_is_thrown_away(tmp_path, server, program, other, make):
    server.files[program.url] = make(program, other)
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        daemon.wait_line(f"build-id {program.build_id} is of no use")
        (event,) = program.reports(daemon)
        assert is_poor(event)
        assert not (cache_of(daemon) / program.cached).exists()
        program.die(daemon)
        program.reports(daemon, 2)
        # A server that has one bad file is no bad server.
        server.files[other.url] = other.debug
        other.die(daemon)
        assert is_full(other.reports(daemon)[0], "arrive")
    assert server.count(program.url) == 1


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def bomb(handler):
    body = gzip.compress(bytes(64 << 20))
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def announced(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    handler.close_connection = True


@pytest.mark.parametrize("answer", [endless, bomb, announced])
def test_no_more_is_taken_than_is_allowed(tmp_path, server, program, other, answer):
    server.files[program.url] = answer
    server.files[other.url] = other.debug
    configure(tmp_path, server.url, max_size="1M")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        daemon.wait_line("longer than debuginfod-max-size")
        (event,) = program.reports(daemon)
        assert is_poor(event)
        program.die(daemon)
        other.die(daemon)
        assert is_full(other.reports(daemon)[0], "arrive")
        assert nothing_is_half_done(daemon)
    assert server.count(program.url) == 1


def test_encodings_are_undone(tmp_path, server, program):
    def answer(handler):
        body = gzip.compress(program.debug)
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    server.files[program.url] = answer
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        assert is_full(program.reports(daemon)[0])


def test_redirections_are_followed(tmp_path, server, program):
    with DebugServer() as elsewhere:
        elsewhere.files["/objects/7"] = program.debug
        server.files[program.url] = redirect(f"{elsewhere.url}/objects/7")
        configure(tmp_path, server.url)
        with Daemon(tmp_path) as daemon:
            program.die(daemon)
            assert is_full(program.reports(daemon)[0])


def drip(server, program):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(program.debug)))
        handler.end_headers()
        for byte in program.debug:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if server.closing.wait(0.05):
                return
    return answer


def silence(server, program):
    return lambda handler: server.closing.wait()


@pytest.mark.parametrize("make, complaint", [
    (drip, "it does not come within debuginfod-timeout"),
    (silence, "no answer within debuginfod-timeout")])
def test_a_slow_server_delays_a_report_no_longer_than_is_allowed(tmp_path, server, program, make,
                                                                 complaint):
    server.files[program.url] = make(server, program)
    configure(tmp_path, server.url, timeout="1s")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_poor(event)
        daemon.wait_line(complaint)
        program.die(daemon)
        program.reports(daemon, 2)
        assert nothing_is_half_done(daemon)
    assert server.count(program.url) == 1


def test_without_time_only_the_cache_counts(tmp_path, server, program):
    server.files[program.url] = program.debug
    configure(tmp_path, server.url, timeout="0")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        assert is_poor(program.reports(daemon)[0])
        assert server.requests == []
        path = cache_of(daemon) / program.cached
        path.parent.mkdir(parents=True)
        path.write_bytes(program.debug)
        program.die(daemon)
        assert is_full(program.reports(daemon, 2)[1])
        assert server.requests == []


@pytest.mark.parametrize("first", ["absent", "broken", "dead", "silent"])
def test_the_next_server_is_asked(tmp_path, server, program, first):
    server.files[program.url] = program.debug
    with DebugServer() as before:
        before.files[program.url] = {"broken": 502, "silent": silence(before, program)}.get(first,
                                                                                           404)
        url = f"http://127.0.0.1:{free_port()}" if first == "dead" else before.url + "/"
        configure(tmp_path, f"{url} {server.url}/", timeout="4s")
        with Daemon(tmp_path) as daemon:
            program.die(daemon)
            assert is_full(program.reports(daemon)[0])
        assert before.count(program.url) == (first != "dead")
    assert server.count(program.url) == 1


class Gate:
    """An answer that is held back until it is opened."""

    def __init__(self, server, answer):
        self.server, self.answer, self.opened = server, answer, threading.Event()

    def __call__(self, handler):
        while not self.opened.wait(0.02):
            if self.server.closing.is_set():
                return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self.answer)))
        handler.end_headers()
        handler.wfile.write(self.answer)


def test_many_wait_for_one_download_and_others_for_none(tmp_path, server, program):
    gate = server.files[program.url] = Gate(server, program.debug)
    configure(tmp_path, server.url, timeout="60s")
    with Daemon(tmp_path) as daemon:
        for _ in range(3):
            program.die(daemon)
        server.wait_for(program.url)
        # Of the same trust domain, and behind the three: it is reported while they wait.
        assert crash(daemon.socket) == b"S"
        daemon.wait_line(rf"store: .*\[{os.getpid()}\] of")
        waiting = program.captured(daemon)
        assert len(waiting) == 3
        gate.opened.set()
        events = program.reports(daemon, 3)
        assert sorted(event["event_id"] for event in events) == waiting
        assert all(is_full(event) for event in events)
    assert server.count(program.url) == 1


def process_of(daemon, name):
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == daemon.process.pid and (entry / "comm").read_text().strip() == name:
                return int(entry.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise AssertionError(f"no {name}")


def test_a_killed_network_process_is_asked_again(tmp_path, server, program):
    gate = server.files[program.url] = Gate(server, program.debug)
    configure(tmp_path, server.url, timeout="60s")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        server.wait_for(program.url)
        os.kill(process_of(daemon, "crashd-network"), signal.SIGKILL)
        gate.opened.set()
        (event,) = program.reports(daemon)
        assert is_full(event)
        assert nothing_is_half_done(daemon)
        daemon.terminate()
        assert len(daemon.matching(rf"store: .*{program.path}")) == 1
        assert program.captured(daemon) == []
    assert server.count(program.url) == 2


def test_a_killed_worker_is_replaced(tmp_path, server, program):
    gate = server.files[program.url] = Gate(server, program.debug)
    configure(tmp_path, server.url, timeout="60s")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        server.wait_for(program.url)
        os.kill(process_of(daemon, "crashd-worker"), signal.SIGKILL)
        gate.opened.set()
        assert is_full(program.reports(daemon)[0])


def test_a_killed_daemon_starts_over_with_the_same_id(tmp_path, server, program):
    gate = server.files[program.url] = Gate(server, program.debug)
    # The descriptor of the program is gone with the daemon, and not everybody may read it.
    server.files[program.url.replace("debuginfo", "executable")] = program.whole
    configure(tmp_path, server.url, timeout="60s")
    with RecordingServer() as sentry:
        with Daemon(tmp_path, "--dsn", sentry.dsn()) as daemon:
            program.die(daemon)
            server.wait_for(program.url)
            (event_id,) = program.captured(daemon)
            daemon.kill()
        gate.opened.set()
        with Daemon(tmp_path, "--dsn", sentry.dsn()) as daemon:
            deadline = time.monotonic() + 30
            while not own_requests(sentry, program):
                assert time.monotonic() < deadline, daemon.lines
                time.sleep(0.01)
            (request,) = own_requests(sentry, program)
            assert request.event_id == event_id and is_full(request.event)
            deadline = time.monotonic() + 30
            while event_id not in daemon.entries("reported"):
                assert time.monotonic() < deadline, daemon.lines
                time.sleep(0.01)
            assert nothing_is_half_done(daemon)
        assert len(own_requests(sentry, program)) == 1


def test_an_end_does_not_wait_for_servers(tmp_path, server, program):
    server.files[program.url] = silence(server, program)
    configure(tmp_path, server.url, timeout="600s")
    with Daemon(tmp_path) as daemon:
        program.die(daemon)
        server.wait_for(program.url)
        assert daemon.terminate() == 0
        assert len(program.captured(daemon)) == 1


def own_requests(sentry, program):
    return [r for r in list(sentry.requests) if r.event["tags"]["exe"] == str(program.path)]


LIBRARY = """
__attribute__((noinline)) int reach(volatile int *p) {
    return *p;
}
int call(void) { return reach(0) + 1; }
"""
LOADER = """
#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    int (*call)(void) = (int (*)(void))dlsym(library, "call");
    unlink(argv[1]);
    return call();
}
"""


@pytest.mark.parametrize("executables", [True, False])
def test_a_library_that_is_gone_has_its_names(tmp_path, server, executables):
    """Also where a server has no executables, as most have not: what the hook took of its tables
    leads to the callers."""
    library = Program(tmp_path, "gone.so", LIBRARY, "-shared", "-fPIC", "-fno-plt")
    loader = Program(tmp_path, "loader", LOADER, "-ldl")
    server.files[library.url] = library.debug
    if executables:
        server.files[library.url.replace("debuginfo", "executable")] = library.whole
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        status = subprocess.run([loader.path, library.path], env=harness.environment(
            LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket)).returncode
        assert status == -signal.SIGSEGV
        (event,) = loader.reports(daemon)
        assert is_full(event)
        assert [f["function"] for f in harness.frames(event)[:2]] == ["reach", "call"]
        assert harness.frames(event)[2]["package"] == str(loader.path)
        assert server.count(library.url) == 1
        text = daemon.file("reported", event["event_id"], "report.txt").decode()
        assert ("gone.so full (its file is" in text) == (not executables)


def test_what_was_not_used_for_longest_goes_first(tmp_path, server, program, other):
    third = Program(tmp_path, "third", SOURCE.replace("reach", "get"))
    programs = {program: "reach", other: "arrive", third: "get"}
    size = 0
    for each in programs:
        server.files[each.url] = each.debug
        size = max(size, -(-len(each.debug) // 4096) * 4096)
    configure(tmp_path, server.url, cache_size=2 * size + 4096)
    with Daemon(tmp_path) as daemon:
        for each in (program, other):
            each.die(daemon)
            assert is_full(each.reports(daemon)[0], programs[each])
        # Its worker ends with this daemon: the next one takes it from the cache again.
        daemon.terminate()
    with Daemon(tmp_path) as daemon:
        for each in (program, third):
            each.die(daemon)
            assert is_full(each.reports(daemon)[0], programs[each])
        kept = {path.name for path in cache_of(daemon).rglob("*.debug")}
        assert kept == {pathlib.Path(program.cached).name, pathlib.Path(third.cached).name}
    assert server.count(program.url) == 1


def test_a_full_disk_takes_no_debug_files(tmp_path, server, program):
    """Half of what is free is left to crashes."""
    state = tmp_path / "small"
    state.mkdir(mode=0o700)
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", state]).returncode:
        pytest.skip("cannot mount")
    try:
        server.files[program.url] = endless
        configure(tmp_path, server.url)
        with Daemon(tmp_path, state=state) as daemon:
            program.die(daemon)
            daemon.wait_line("there is no room for it")
            (event,) = program.reports(daemon)
            assert is_poor(event)
            usage = shutil.disk_usage(state)
            assert usage.free > usage.total / 4 and nothing_is_half_done(daemon)
    finally:
        subprocess.run(["umount", "-l", state], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_everybody_may_see_how_the_servers_do(tmp_path, server, program):
    server.files[program.url] = 500
    configure(tmp_path, server.url)
    directory = pathlib.Path(tempfile.mkdtemp())
    try:
        directory.chmod(0o755)
        with Daemon(tmp_path, socket_path=directory / "hook.sock") as daemon:
            program.die(daemon)
            program.reports(daemon)
            status = subprocess.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", harness.CRASHCTL,
                 "status"], capture_output=True, text=True, check=True,
                env=harness.environment(CRASHD_SOCKET=daemon.socket, HOME="/nonexistent")).stdout
            assert f"{server.url} (debuginfod)" in status and "last error: HTTP 500" in status
    finally:
        shutil.rmtree(directory)


SHARED = "#include <stdio.h>\n#include <stdlib.h>\n#include <signal.h>\n#include <netinet/in.h>\n"


def move_what_is_common(programs, directory):
    """dwz -m: the programs' debug files name a third one by its build-id."""
    common = directory / "common.debug"
    paths = []
    for number, each in enumerate(programs):
        paths.append(directory / f"{number}.debug")
        paths[-1].write_bytes(each.debug)
    subprocess.run(["dwz", "-m", common, "-M", "/nowhere/common.debug", *paths], check=True)
    notes = subprocess.run(["readelf", "-n", common], check=True, capture_output=True,
                           text=True).stdout
    for each, path in zip(programs, paths):
        each.debug = path.read_bytes()
        assert b"/nowhere/common.debug" in each.debug
    return f"/buildid/{notes.split('Build ID:')[1].split()[0]}/debuginfo", common.read_bytes()


def test_what_debug_files_have_in_common_is_fetched_in_turn(tmp_path, server):
    first = Program(tmp_path, "first", SHARED + "#line 1\n" + SOURCE)
    second = Program(tmp_path, "second", SHARED + "#line 1\n" + SOURCE)
    url, common = move_what_is_common([first, second], tmp_path)
    server.files[first.url], server.files[url] = first.debug, common
    configure(tmp_path, server.url)
    with Daemon(tmp_path) as daemon:
        first.die(daemon)
        assert is_full(first.reports(daemon)[0])
        assert (server.count(first.url), server.count(url)) == (1, 1)
        first.die(daemon)
        assert is_full(first.reports(daemon, 2)[1])
    assert (server.count(first.url), server.count(url)) == (1, 1)


# Stands between crashd and its worker, and dies when there are debug files for it.
FRAGILE_WORKER = r"""
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static char text[1 << 17];

static int relay(int from, int to, int spoilt) {
    char control[1024];
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(from, &message, 0);
    if (n <= 0)
        exit(0);
    text[n] = 0;
    if (spoilt && strstr(text, "\"debug_files\":[{"))
        abort();
    part.iov_len = n;
    return sendmsg(to, &message, MSG_NOSIGNAL) < 0;
}

int main(int argc, char **argv) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
    if (fork() == 0) {
        dup2(pair[1], 3);
        close(pair[0]);
        close(pair[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(WORKER, argv);
        _exit(127);
    }
    close(pair[1]);
    for (;;) {
        struct pollfd ends[] = {{.fd = 3, .events = POLLIN}, {.fd = pair[0], .events = POLLIN}};
        poll(ends, 2, -1);
        if (ends[0].revents)
            relay(3, pair[0], 1);
        if (ends[1].revents)
            relay(pair[0], 3, 0);
    }
}
"""


def test_files_that_kill_the_worker_cost_no_report(tmp_path, server, program, other):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("crashd", "crashd-network"):
        shutil.copy2(harness.CRASHD.parent / name, programs)
    (tmp_path / "fragile.c").write_text(FRAGILE_WORKER)
    subprocess.run(["gcc", f'-DWORKER="{harness.CRASHD.parent / "crashd-worker"}"', "-o",
                    programs / "crashd-worker", tmp_path / "fragile.c"], check=True)
    server.files[program.url] = program.debug
    configure(tmp_path, server.url)
    with Daemon(tmp_path, program=programs / "crashd") as daemon:
        program.die(daemon)
        (event,) = program.reports(daemon)
        assert is_poor(event)
        assert b"incomplete" not in daemon.file("reported", event["event_id"], "report.txt")
        daemon.wait_line("with the debug files that were fetched: reporting it without them")
        daemon.wait_line(f"build-id {program.build_id} is of no use")
        assert not (cache_of(daemon) / program.cached).exists()
        program.die(daemon)
        assert is_poor(program.reports(daemon, 2)[1])
        assert len(daemon.matching("the worker died of signal")) == 2
    assert server.count(program.url) == 1
