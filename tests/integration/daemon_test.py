# SPDX-License-Identifier: MIT
"""crashd from the socket to the store: what it promises about crashes that it was given."""
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import pytest

from daemon_process import CRASHD, Client, Daemon, crash, environment, snapshot
from recording_server import RecordingServer

ID = "0123456789ab4def8123456789abcde%x"


def facts(event_id):
    return json.dumps({"event_id": event_id, "time": time.time_ns(), "uid": os.getuid(),
                       "gid": os.getgid(), "identified": False})


def put(state, directory, event_id, **files):
    entry = state / directory / event_id
    entry.mkdir(parents=True, mode=0o700)
    for name, content in files.items():
        name = {"facts": "facts.json", "event": "event.json", "text": "report.txt",
                "summary": "summary.json", "delivery": "delivery.json"}.get(name, name)
        (entry / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def rows(daemon):
    with sqlite3.connect(f"file:{daemon.state}/store.db?mode=ro", uri=True) as store:
        store.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in store.execute("SELECT * FROM crash")}


def test_a_crash_is_acknowledged_reported_and_kept(tmp_path):
    with Daemon(tmp_path) as daemon:
        assert crash(daemon.socket) == b"S"
        (event_id,) = daemon.wait_reported()
        assert daemon.entries("reported") == [event_id]
        assert all(not daemon.entries(s) for s in ("incoming", "captured", "outbox", "failed"))
        event = json.loads(daemon.file("reported", event_id, "event.json"))
        assert event["event_id"] == event_id
        assert b"SIGSEGV" in daemon.file("reported", event_id, "report.txt")
        assert daemon.terminate() == 0
        row = rows(daemon)[event_id]
        assert row["state"] == "local" and row["signal"] == "SIGSEGV" and row["count"] == 1


def test_identity_is_the_kernels_word(tmp_path):
    """The client itself is the process that dies; the snapshot claims to be another."""
    with Daemon(tmp_path) as daemon:
        crash(daemon.socket)
        (event_id,) = daemon.wait_reported()
        seen = json.loads(daemon.file("reported", event_id, "facts.json"))
        assert seen["identified"] is True
        assert seen["pid"] == os.getpid() and seen["ppid"] == os.getppid()
        assert seen["exe"] == os.readlink("/proc/self/exe")
        assert abs(seen["start_time"] / 1e9 - time.time()) < 86400


def test_a_false_helper_is_not_believed(tmp_path):
    """A child with memory of its own says that its parent dies."""
    script = ("import sys; sys.path.insert(0, sys.argv[2]); from daemon_process import *; "
              "crash(sys.argv[1], flags=FLAG_HELPER)")
    with Daemon(tmp_path) as daemon:
        subprocess.run(["/usr/bin/python3", "-c", script, daemon.socket,
                        str(pathlib.Path(__file__).parent)], check=True, env=environment())
        daemon.wait_line("who crashed is not certain")
        (event_id,) = daemon.wait_reported()
        assert json.loads(daemon.file("reported", event_id, "facts.json"))["identified"] is False


def test_files_are_private(tmp_path):
    with Daemon(tmp_path) as daemon:
        crash(daemon.socket)
        daemon.wait_reported()
        assert daemon.state.stat().st_mode & 0o777 == 0o700
        for path in daemon.state.rglob("*"):
            # Workers are other users, and read what other crashes left for them: no crash's data.
            if path.relative_to(daemon.state).parts[0] != "index":
                assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("attempt", range(6))
def test_acknowledged_survives_kill_9(tmp_path, attempt):
    """Every process of the daemon is killed at once, at different moments after the answer."""
    count = 3
    with Daemon(tmp_path) as daemon:
        for _ in range(count):
            assert crash(daemon.socket) == b"S"
        # The later the attempt, the further the daemon has come.
        if attempt:
            daemon.wait_reported(min(attempt, count))
        daemon.kill()
    with Daemon(tmp_path) as daemon:
        with sqlite_wait(daemon, count):
            pass
        assert len(daemon.entries("reported")) == count
        assert not daemon.entries("captured") and not daemon.entries("failed")


class sqlite_wait:
    """Waits until the spool holds count reports: by the daemon's own log, then by its end."""

    def __init__(self, daemon, count):
        self.daemon, self.count = daemon, count

    def __enter__(self):
        missing = self.count - len(self.daemon.entries("reported"))
        if missing > 0 and len(self.daemon.entries("captured")) > 0:
            self.daemon.wait_reported(len(self.daemon.entries("captured")) or 1)
        self.daemon.terminate()

    def __exit__(self, *exception):
        pass


def test_every_state_is_resumed(tmp_path):
    """One crash in each state that a kill can leave; each arrives once, with its own id."""
    state = tmp_path / "state"
    incoming, empty, captured, queued, torn, sent = (ID % i for i in range(6))
    with RecordingServer() as server:
        event = json.dumps({"event_id": queued, "platform": "native"})
        delivery = json.dumps({"dsn": server.dsn(), "attempts": 0, "state": "queued"})
        done = json.dumps({"dsn": server.dsn(), "attempts": 1, "state": "sent"})
        put(state, "incoming", incoming, snapshot=snapshot(complete=False)[:-40])
        put(state, "incoming", empty)
        put(state, "captured", captured, snapshot=snapshot(), facts=facts(captured))
        put(state, "outbox", queued, snapshot=snapshot(), facts=facts(queued), event=event,
            delivery=delivery)
        put(state, "outbox", torn, snapshot=snapshot(), facts=facts(torn), event='{"event_id":',
            delivery=delivery)
        put(state, "outbox", sent, snapshot=snapshot(), facts=facts(sent), event=event,
            delivery=done)
        state.chmod(0o700)
        with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
            requests = server.wait_for(4)
            assert not (state / "incoming" / empty).exists()
            assert sorted(r.event_id for r in requests) == sorted([incoming, captured, queued, torn])
            assert next(r for r in requests if r.event_id == queued).item("event").payload == \
                event.encode()
            assert daemon.terminate() == 0
        assert len(server.requests) == 4


def test_damaged_entries_do_not_block_others(tmp_path):
    state = tmp_path / "state"
    garbage, no_facts, good = (ID % i for i in range(3))
    put(state, "captured", garbage, snapshot=b"this is no snapshot", facts=facts(garbage))
    put(state, "captured", no_facts, snapshot=snapshot(), facts="{")
    put(state, "captured", good, snapshot=snapshot(), facts=facts(good))
    (state / "captured" / "README").write_text("not a crash")
    state.chmod(0o700)
    with Daemon(tmp_path) as daemon:
        assert daemon.wait_reported() == [good]
        daemon.wait_line(f"{garbage} cannot be reported")
        daemon.wait_line(f"{no_facts} is damaged")
        assert crash(daemon.socket) == b"S"
        daemon.wait_reported(2)
        daemon.terminate()
        assert daemon.entries("failed") == [garbage, no_facts]
        assert rows(daemon)[garbage]["state"] == "failed"


def test_sigterm_finishes_the_intake(tmp_path):
    with Daemon(tmp_path) as daemon, Client(daemon.socket) as client:
        data = snapshot()
        client.write(data[:100])
        wait_until(lambda: daemon.entries("incoming"))
        daemon.process.send_signal(signal.SIGTERM)
        client.write(data[100:])
        client.finish()
        assert client.answer() == b"S"
        assert daemon.wait() == 0
        assert len(daemon.entries("captured")) + len(daemon.entries("reported")) == 1


def wait_until(condition):
    """For what a receiver does silently in the file system."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_a_killed_daemon_keeps_what_it_has_received(tmp_path):
    with Daemon(tmp_path) as daemon, Client(daemon.socket) as client:
        client.write(snapshot(complete=False))
        wait_until(lambda: any(path.stat().st_size for path in
                               (daemon.state / "incoming").glob("*/snapshot")))
        (event_id,) = daemon.entries("incoming")
        daemon.kill()
        assert client.answer() == b""
    with Daemon(tmp_path) as daemon:
        daemon.wait_line("going on with what has come")
        assert daemon.wait_reported() == [event_id]


def test_main_alone_killed(tmp_path):
    """Its other processes end by themselves, and the next daemon waits for them."""
    with Daemon(tmp_path) as daemon:
        assert crash(daemon.socket) == b"S"
        daemon.process.kill()
        daemon.wait()
        with Daemon(tmp_path) as successor:
            assert crash(successor.socket) == b"S"
            successor.terminate()
            assert sum(len(successor.entries(s)) for s in ("captured", "reported")) == 2


def garbage_clients():
    yield "silent", lambda s: None
    yield "empty", lambda s: s.send(b"")
    yield "text", lambda s: s.send(b"GET / HTTP/1.1\r\n\r\n" * 20)
    yield "short", lambda s: s.send(b"CRSHHOOK")
    yield "no pipe", lambda s: s.send(b"CRSHHOOK" + bytes(200))
    yield "a file for a pipe", send_file


def send_file(connection):
    with open("/etc/passwd", "rb") as file:
        socket.send_fds(connection, [b"CRSHHOOK" + bytes(100)], [file.fileno()])


@pytest.mark.parametrize("act", [pytest.param(f, id=n) for n, f in garbage_clients()])
def test_garbage_is_turned_away(tmp_path, act):
    with Daemon(tmp_path) as daemon:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(daemon.socket)
            act(connection)
        assert crash(daemon.socket) == b"S"
        daemon.wait_reported()
        daemon.terminate()
        assert not daemon.entries("incoming") and len(daemon.entries("reported")) == 1


def test_silent_clients_keep_nobody_waiting(tmp_path):
    with Daemon(tmp_path) as daemon:
        idle = [Client(daemon.socket, hello=False) for _ in range(6)]
        try:
            start = time.monotonic()
            assert crash(daemon.socket) == b"S"
            assert time.monotonic() - start < 5
        finally:
            for client in idle:
                client.close()


def test_an_empty_snapshot_is_refused(tmp_path):
    with Daemon(tmp_path) as daemon:
        assert crash(daemon.socket, b"") == b"R"
        daemon.wait_line("left without a snapshot")
        assert not daemon.entries("incoming")


def test_a_long_snapshot_is_cut(tmp_path):
    (tmp_path / "crashd.conf").write_text("[crashd]\nmax-snapshot = 64K\n")
    with Daemon(tmp_path) as daemon:
        data = snapshot(end=bytes(1 << 20))
        assert crash(daemon.socket, data) == b"S"
        (event_id,) = daemon.wait_reported()
        assert len(daemon.file("reported", event_id, "snapshot")) == 64 << 10
        assert json.loads(daemon.file("reported", event_id, "facts.json"))["incomplete"] is True


def test_two_daemons_cannot_share_a_state_directory(tmp_path):
    with Daemon(tmp_path):
        second = Daemon(tmp_path, socket_path=tmp_path / "other.sock", wait=False)
        with second:
            assert second.wait() not in (0, None)
            second.wait_line("is in use by another crashd")


def test_two_daemons_cannot_share_a_socket(tmp_path):
    with Daemon(tmp_path):
        second = Daemon(tmp_path, state=tmp_path / "other", wait=False)
        with second:
            assert second.wait() not in (0, None)
            second.wait_line("another crashd answers there")


def test_runs_have_a_state_of_their_own(tmp_path):
    run_id = "a" * 32
    with Daemon(tmp_path) as daemon:
        with Daemon(tmp_path, "--run-id", run_id, socket_path=tmp_path / "run.sock") as run:
            assert crash(run.socket, run_id=run_id.encode()) == b"S"
            assert crash(run.socket, run_id=b"b" * 32) == b"R"
            run.wait_line("belongs to another run")
        assert not daemon.entries("captured") and not daemon.entries("reported")
        assert (daemon.state / "runs" / run_id / "reported").is_dir()


def test_what_a_run_left_is_taken_over(tmp_path):
    run_id = "e" * 32
    with Daemon(tmp_path) as daemon:
        with Daemon(tmp_path, "--run-id", run_id, socket_path=tmp_path / "run.sock", env={
                "SENTRY_DSN": "http://key@127.0.0.1:1/1"}) as run:
            assert crash(run.socket, run_id=run_id.encode()) == b"S"
            run.wait_line("reports wait in outbox/")
            event_id, = (path.name for path in (daemon.state / "runs" / run_id / "outbox").iterdir())
    with Daemon(tmp_path) as daemon:
        daemon.terminate()
        assert daemon.entries("outbox") == [event_id]
        assert not (daemon.state / "runs" / run_id).exists()
        assert rows(daemon)[event_id]["state"] == "queued"


def test_drop_directory(tmp_path):
    drops = tmp_path / "drops"
    drops.mkdir()
    (drops / "1-early.snapshot").write_bytes(snapshot())
    with Daemon(tmp_path, "--drop-dir", str(drops)) as daemon:
        daemon.wait_reported(1)
        (drops / ".tmp-2").write_bytes(snapshot())
        (drops / ".tmp-2").rename(drops / "2-late.snapshot")
        ids = daemon.wait_reported(2)
        daemon.terminate()
        assert not list(drops.iterdir())
        assert sorted(daemon.entries("reported")) == sorted(ids)


def test_a_claimed_drop_is_taken_once(tmp_path):
    """Killed between copy and removal: the claim has the id that the spool has."""
    drops = tmp_path / "drops"
    drops.mkdir()
    taken, half = ID % 0, ID % 1
    (drops / f".{taken}.taken").write_bytes(snapshot())
    (drops / f".{half}.taken").write_bytes(snapshot())
    state = tmp_path / "state"
    put(state, "captured", taken, snapshot=snapshot(), facts=facts(taken))
    put(state, "incoming", half, copy=snapshot()[:50])
    state.chmod(0o700)
    with Daemon(tmp_path, "--drop-dir", str(drops)) as daemon:
        daemon.wait_reported(2)
        daemon.terminate()
        assert daemon.entries("reported") == [taken, half]


@pytest.mark.parametrize("text, expected", [
    ("[crashd]\ndns = x\n", r'crashd.conf:2:1: unknown key "dns"; did you mean "dsn"\?'),
    ("[crashd]\n  retention-count = many\n", r"crashd.conf:2:21: retention-count: a number"),
    ("[crash]\n", r'crashd.conf:1:2: unknown section "crash"; did you mean "crashd"\?'),
    ("dsn = x\n", r"crashd.conf:1:1: a key before the first"),
    ("[crashd]\nserver = sentri\n", r'crashd.conf:2:10: server: .*did you mean "sentry"\?'),
    ("[exe /usr/*]\nca-file = /x\n", r'crashd.conf:2:1: "ca-file" belongs into \[crashd\]'),
    ("[crashd\n", r"crashd.conf:1:8: .*expected"),
])
def test_a_bad_configuration_ends_with_78(tmp_path, text, expected):
    (tmp_path / "crashd.conf").write_text(text)
    with Daemon(tmp_path, wait=False) as daemon:
        assert daemon.wait() == 78
        daemon.wait_line(expected)


def test_check_config(tmp_path):
    good = tmp_path / "good.conf"
    good.write_text("# comment\n[crashd]\nmax-snapshot = 4M\n[user root]\ntags = a=b c=d\n")
    done = subprocess.run([CRASHD, "--check-config", "--config", good], capture_output=True,
                          text=True, env=environment(), check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    done = subprocess.run([CRASHD, "--check-config", "--config", tmp_path / "missing"],
                          capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 78 and "missing" in done.stderr


def test_wrong_usage():
    done = subprocess.run([CRASHD, "--stat-dri", "x"], capture_output=True, text=True,
                          env=environment(), check=False)
    assert done.returncode == 64


def test_sections_choose_names(tmp_path):
    exe = os.readlink("/proc/self/exe")
    (tmp_path / "crashd.conf").write_text(
        "[crashd]\nrelease = general@1\ntags = team=a shift=day\n"
        f"[exe {os.path.dirname(exe)}/*]\nrelease = special@2\nenvironment = lab\ntags = team=b\n"
        "[exe /nonexistent/*]\nrelease = wrong@3\n")
    with Daemon(tmp_path) as daemon:
        crash(daemon.socket)
        (event_id,) = daemon.wait_reported()
        event = json.loads(daemon.file("reported", event_id, "event.json"))
        assert event["release"] == "special@2" and event["environment"] == "lab"
        tags = dict(event["tags"]) if isinstance(event["tags"], list) else event["tags"]
        assert tags["team"] == "b" and tags["shift"] == "day"


def test_reload_keeps_the_old_configuration_when_the_new_one_is_wrong(tmp_path):
    config = tmp_path / "crashd.conf"
    config.write_text("[crashd]\nrelease = first@1\n")
    with Daemon(tmp_path) as daemon:
        config.write_text("[crashd]\nreleese = second@2\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_line("the old configuration stays in force")
        crash(daemon.socket)
        ids = daemon.wait_reported()
        config.write_text("[crashd]\nrelease = third@3\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_line("was read again")
        crash(daemon.socket)
        ids = daemon.wait_reported(2)
        releases = [json.loads(daemon.file("reported", i, "event.json"))["release"] for i in ids]
        assert releases == ["first@1", "third@3"]


def test_a_missing_or_broken_store_is_made_again(tmp_path):
    with Daemon(tmp_path) as daemon:
        crash(daemon.socket)
        (event_id,) = daemon.wait_reported()
        daemon.terminate()
        before = rows(daemon)
    for path in daemon.state.glob("store.db*"):
        path.unlink()
    with Daemon(tmp_path) as daemon:
        daemon.terminate()
        assert rows(daemon) == before
    (daemon.state / "store.db").write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    with Daemon(tmp_path) as daemon:
        daemon.wait_line("store.db is broken")
        daemon.terminate()
        assert rows(daemon) == before
        assert (daemon.state / "store.db.broken").exists()


def test_retention(tmp_path):
    (tmp_path / "crashd.conf").write_text("[crashd]\nretention-count = 3\n")
    with Daemon(tmp_path) as daemon:
        for i in range(5):
            crash(daemon.socket)
            ids = daemon.wait_reported(i + 1)
        daemon.terminate()
        assert sorted(daemon.entries("reported")) == sorted(ids[-3:])
        assert sorted(rows(daemon)) == sorted(ids[-3:])


def test_a_deep_state_directory(tmp_path):
    """A socket's address holds 108 bytes."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with Daemon(deep) as daemon:
        assert crash(daemon.socket) == b"S"
        daemon.wait_reported()


def test_a_stale_socket_is_replaced(tmp_path):
    with Daemon(tmp_path) as daemon:
        daemon.kill()
    assert os.path.exists(daemon.socket)
    with Daemon(tmp_path) as daemon:
        assert crash(daemon.socket) == b"S"


def test_a_file_in_the_way_is_not_removed(tmp_path):
    (tmp_path / "hook.sock").write_text("mine")
    with Daemon(tmp_path, wait=False) as daemon:
        assert daemon.wait() not in (0, None)
        assert (tmp_path / "hook.sock").read_text() == "mine"


def test_workers_that_die_cost_a_reduced_report(tmp_path):
    """A worker that is killed each time it gets the job."""
    state = tmp_path / "state"
    event_id = ID % 0
    put(state, "captured", event_id, snapshot=snapshot(), facts=facts(event_id))
    state.chmod(0o700)
    build = tmp_path / "build"
    build.mkdir()
    # Beside its own executable main finds a worker that dies.
    for name in ("crashd", "crashd-network"):
        shutil.copy(CRASHD.with_name(name), build / name)
    shutil.copy("/bin/false", build / "crashd-worker")
    with Daemon(tmp_path, program=build / "crashd") as daemon:
        daemon.wait_line("trying again")
        daemon.wait_line("making a reduced report")
        daemon.wait_line(f"{event_id} cannot be reported")
        daemon.terminate()
        assert daemon.entries("failed") == [event_id]


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_as_an_ordinary_user(tmp_path):
    home = pathlib.Path(f"/tmp/crashd-test-{os.getpid()}")
    home.mkdir()
    try:
        os.chown(home, 65534, 65534)
        (home / "crashd.conf").write_text("")
        prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        with Daemon(home, prefix=prefix) as daemon:
            assert crash(daemon.socket) == b"S"
            (event_id,) = daemon.wait_reported()
            assert daemon.terminate() == 0
            seen = json.loads(daemon.file("reported", event_id, "facts.json"))
            assert seen["uid"] == 0 and daemon.state.stat().st_uid == 65534
    finally:
        shutil.rmtree(home)


def as_nobody(act):
    """Runs act in a child that is user nobody; what it returns, as JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            os.write(writer, json.dumps(act()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def ask(path, question):
    """The rows that a control socket shows (control/control.h)."""
    found = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.settimeout(30)
        control.connect(path)
        control.send(json.dumps({"type": question}).encode())
        while (message := json.loads(control.recv(1 << 17)))["type"] == "row":
            found.append(message["row"])
    assert message == {"type": "end"}
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_users_see_their_own_crashes(tmp_path):
    home = pathlib.Path(f"/tmp/crashd-test-{os.getpid()}")
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    try:
        with Daemon(home) as daemon:
            assert crash(daemon.socket) == b"S"
            assert as_nobody(lambda: crash(daemon.socket).decode()) == "S"
            daemon.wait_reported(2)
            control = str(home / "control.sock")
            assert sorted(row["uid"] for row in ask(control, "list")) == [0, 65534]
            assert [row["uid"] for row in as_nobody(lambda: ask(control, "list"))] == [65534]
            daemon.terminate()
            seen = [json.loads(daemon.file("reported", i, "facts.json"))
                    for i in daemon.entries("reported")]
            # A process that has changed its user is not readable by all: only who it is counts.
            assert sorted(facts["uid"] for facts in seen) == [0, 65534]
    finally:
        shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file system of its own")
def test_a_full_disk(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", state],
                      capture_output=True, check=False).returncode:
        pytest.skip("no right to mount")
    try:
        with Daemon(tmp_path) as daemon:
            assert crash(daemon.socket) == b"S"
            daemon.wait_reported()
            filler = state / "filler"
            file = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                while os.write(file, bytes(4096)):
                    pass
            except OSError:
                pass
            os.close(file)
            assert crash(daemon.socket) == b"R"
            daemon.wait_line("disk of the state directory is full")
            assert not daemon.entries("incoming") and len(daemon.entries("reported")) == 1
            filler.unlink()
            assert crash(daemon.socket) == b"S"
            daemon.wait_reported(2)
    finally:
        subprocess.run(["umount", state], check=True)
