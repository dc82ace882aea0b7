# SPDX-License-Identifier: MIT
"""From the outbox to the server: at least once, with one id, whatever the server does."""
import json
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Client, Daemon, crash, environment, snapshot
from recording_server import KEY, Answer, RecordingServer, free_port

HERE = pathlib.Path(__file__).resolve().parent


def crash_with(path, **variables):
    """A crash of a process that has these variables in its environment."""
    subprocess.run(["/usr/bin/python3", str(HERE / "daemon_process.py"), path], check=True,
                   env=environment(**variables))


def ids(server):
    return [request.event_id for request in list(server.requests)]


def deliveries(daemon):
    with sqlite3.connect(f"file:{daemon.state}/store.db?mode=ro", uri=True) as store:
        store.row_factory = sqlite3.Row
        return {row["dsn"]: dict(row) for row in store.execute("SELECT * FROM delivery")}


def state_of(daemon, event_id):
    with sqlite3.connect(f"file:{daemon.state}/store.db?mode=ro", uri=True) as store:
        return store.execute("SELECT state, error FROM crash WHERE id = ?", (event_id,)).fetchone()


@pytest.fixture(name="server")
def running_server():
    with RecordingServer() as server:
        yield server


def test_an_event_as_it_is_kept(tmp_path, server):
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        (request,) = server.wait_for(1)
        assert (request.method, request.path) == ("POST", "/api/42/envelope/")
        assert request.headers["content-type"] == "application/x-sentry-envelope"
        assert request.headers["content-encoding"] == "gzip"
        assert request.headers["user-agent"] == "crashd.native/0.1.0"
        assert request.headers["x-sentry-auth"] == \
            f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=crashd.native/0.1.0"
        assert "expect" not in request.headers
        header, items = request.envelope
        assert [item.type for item in items] == ["event"]
        event_id = header["event_id"]
        assert daemon.wait_reported() == [event_id]
        daemon.terminate()
        assert items[0].payload == daemon.file(stored(daemon, event_id), event_id, "event.json")
        assert KEY not in "\n".join(daemon.lines)


def stored(daemon, event_id):
    (state,) = [s for s in ("captured", "outbox", "reported", "failed")
                if event_id in daemon.entries(s)]
    return state


def finish(daemon, server, count, state):
    """Ends the daemon when the answers are worked off: by a last crash that goes to nobody else."""
    deadline = time.monotonic() + 30
    while len(daemon.entries(state)) < count:
        assert time.monotonic() < deadline, daemon.lines
        time.sleep(0.01)
    assert daemon.terminate() == 0


def test_sent_is_known(tmp_path, server):
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        finish(daemon, server, 1, "reported")
        (event_id,) = ids(server)
        with Daemon(tmp_path, "--dsn", server.dsn()) as successor:
            successor.terminate()
        assert state_of(daemon, event_id)[0] == "sent"
        (row,) = deliveries(daemon).values()
        assert row["sent"] == 1 and row["dropped"] == 0 and row["last_error"] is None
        assert KEY not in row["dsn"]
        assert len(server.requests) == 1


def test_server_down_then_up(tmp_path):
    port = free_port()
    with Daemon(tmp_path, "--dsn", f"http://{KEY}@127.0.0.1:{port}/42") as daemon:
        crash(daemon.socket)
        daemon.wait_line(r"network: .*reports wait in outbox/")
        with RecordingServer(port) as server:
            start = time.monotonic()
            server.wait_for(1)
            assert time.monotonic() - start < 8
            finish(daemon, server, 1, "reported")
            assert ids(server) == daemon.entries("reported")


def test_server_down_over_a_restart(tmp_path):
    port = free_port()
    arguments = ("--dsn", f"http://{KEY}@127.0.0.1:{port}/42")
    with Daemon(tmp_path, *arguments) as daemon:
        crash(daemon.socket)
        daemon.wait_line(r"network: .*reports wait in outbox/")
        (event_id,) = daemon.entries("outbox")
        daemon.kill()
    with RecordingServer(port) as server, Daemon(tmp_path, *arguments) as daemon:
        server.wait_for(1)
        finish(daemon, server, 1, "reported")
        assert ids(server) == [event_id]


@pytest.mark.parametrize("answer", [
    Answer(500), Answer(502), Answer(503), Answer(408), Answer(drop=True),
    Answer(200, body=None, hang=True)], ids=["500", "502", "503", "408", "cut", "hang"])
def test_trouble_is_waited_out(tmp_path, server, answer):
    (tmp_path / "crashd.conf").write_text("[crashd]\nupload-timeout = 1s\n")
    server.script(answer)
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        requests = server.wait_for(2)
        finish(daemon, server, 1, "reported")
        assert requests[0].event_id == requests[1].event_id and len(server.requests) == 2


@pytest.mark.parametrize("headers", [
    {"Retry-After": "2"}, {"X-Sentry-Rate-Limits": "2:error:organization"},
    {"X-Sentry-Rate-Limits": "2::key", "Retry-After": "60"}])
def test_429_waits_as_long_as_it_says(tmp_path, server, headers):
    server.script(Answer(429, headers))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        first, second = server.wait_for(2)
        assert first.event_id == second.event_id
        assert second.time - first.time >= 1.9
        finish(daemon, server, 1, "reported")
        assert len(server.requests) == 2


def test_a_limit_on_success_holds_for_the_next(tmp_path, server):
    server.script(Answer(200, {"X-Sentry-Rate-Limits": "2:error:organization"}))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        crash(daemon.socket)
        first, second = server.wait_for(2)
        assert second.time - first.time >= 1.9


def test_a_limit_on_other_categories_does_not(tmp_path, server):
    server.script(Answer(200, {"X-Sentry-Rate-Limits": "60:transaction;session:organization"}))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        crash(daemon.socket)
        server.wait_for(2)


def test_a_limit_survives_a_restart(tmp_path, server):
    server.script(Answer(429, {"Retry-After": "3"}))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        daemon.wait_line("reports wait in outbox/")
        daemon.kill()
    with Daemon(tmp_path, "--dsn", server.dsn()):
        first, second = server.wait_for(2)
        assert second.time - first.time >= 2.9


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_event_is_kept_aside(tmp_path, server, status):
    server.script(Answer(status, body=b'{"detail":"bad event"}'))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        daemon.wait_line(rf"does not take .*HTTP {status}.*kept in failed/")
        (event_id,) = ids(server)
        # The next envelope tells the server what it did not get.
        crash(daemon.socket)
        requests = server.wait_for(2)
        report = requests[1].item("client_report").json()
        assert report["discarded_events"] == [
            {"reason": "send_error", "category": "error", "quantity": 1}]
        crash(daemon.socket)
        requests = server.wait_for(3)
        assert requests[2].item("client_report") is None
        finish(daemon, server, 2, "reported")
        assert daemon.entries("failed") == [event_id]
        assert b"SIGSEGV" in daemon.file("failed", event_id, "report.txt")
        state, error = state_of(daemon, event_id)
        assert state == "failed" and str(status) in error


@pytest.mark.parametrize("status", [401, 403, 404, 407, 302])
def test_a_refusal_of_us_pauses_until_the_configuration_is_read_again(tmp_path, server, status):
    server.script(Answer(status, {"Location": "http://127.0.0.1:1/"}))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        daemon.wait_line("refuses our events")
        crash(daemon.socket)
        first, second = daemon.wait_reported(2)
        daemon.process.send_signal(signal.SIGHUP)
        server.wait_for(3)
        finish(daemon, server, 2, "reported")
        # Had the second been tried during the pause it would have come before the first's return.
        assert ids(server)[:2] == [first, first] and ids(server)[2:] == [second]


def test_a_pause_survives_a_restart(tmp_path, server):
    server.script(Answer(403))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        daemon.wait_line("refuses our events")
        daemon.kill()
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        (second,) = daemon.wait_reported()
        daemon.process.send_signal(signal.SIGHUP)
        server.wait_for(3)
        assert ids(server)[0] == ids(server)[1] and ids(server)[2] == second


def test_a_dead_server_delays_no_other(tmp_path, server):
    """One never answers, one takes no connection; the crashed process names the good one."""
    with RecordingServer(default=Answer(hang=True)) as dead:
        (tmp_path / "crashd.conf").write_text(
            f"[crashd]\ndsn = {dead.dsn()}\nallow-client-dsn = yes\n")
        with Daemon(tmp_path) as daemon:
            for _ in range(3):
                crash(daemon.socket)
            crash_with(daemon.socket, SENTRY_DSN=f"http://{KEY}@127.0.0.1:{free_port()}/1")
            dead.wait_for(1)
            start = time.monotonic()
            crash_with(daemon.socket, SENTRY_DSN=server.dsn())
            server.wait_for(1)
            assert time.monotonic() - start < 5
            daemon.wait_reported(5)
            assert len(server.requests) == 1


def test_killed_between_sending_and_noting_it(tmp_path, server):
    server.script(Answer(hang=True))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        daemon.kill()
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        first, second = server.wait_for(2)
        assert first.event_id == second.event_id
        assert first.item("event").payload == second.item("event").payload
        finish(daemon, server, 1, "reported")


def test_kill_9_at_any_moment_loses_nothing(tmp_path, server):
    """Crashes with kills in between: what was acknowledged arrives, under as many ids."""
    acknowledged = 0
    for round_number in range(8):
        with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
            for _ in range(3):
                acknowledged += crash(daemon.socket) == b"S"
            # From the middle of the intake to the middle of the upload.
            with Client(daemon.socket, hello=round_number % 2 == 0):
                time.sleep(0.004 * round_number)
                daemon.kill()
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        deadline = time.monotonic() + 30
        while len(set(ids(server))) < acknowledged:
            assert time.monotonic() < deadline, (len(set(ids(server))), acknowledged)
            time.sleep(0.02)
        assert acknowledged == 24
        finish(daemon, server, acknowledged, "reported")
        assert not daemon.entries("captured") and not daemon.entries("outbox")
        assert len(set(ids(server))) == acknowledged


def test_many_crashes_all_arrive(tmp_path, server):
    count = 60
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        for i in range(count):
            assert crash(daemon.socket, snapshot(address=i)) == b"S"
        server.wait_for(count)
        finish(daemon, server, count, "reported")
        assert len(set(ids(server))) == count == len(server.requests)


def test_an_old_event_is_given_up(tmp_path, server):
    event_id = "0123456789ab4def8123456789abcdef"
    entry = tmp_path / "state" / "outbox" / event_id
    entry.mkdir(parents=True)
    (tmp_path / "state").chmod(0o700)
    (entry / "snapshot").write_bytes(snapshot())
    (entry / "facts.json").write_text(json.dumps(
        {"event_id": event_id, "time": time.time_ns() - 40 * 86400 * 10**9, "uid": 0}))
    (entry / "event.json").write_text(json.dumps({"event_id": event_id}))
    (entry / "delivery.json").write_text(json.dumps(
        {"dsn": server.dsn(), "attempts": 3, "state": "queued"}))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        daemon.wait_line("given up, kept in failed/")
        crash(daemon.socket)
        (request,) = server.wait_for(1)
        assert request.event_id != event_id
        assert request.item("client_report").json()["discarded_events"] == [
            {"reason": "cache_overflow", "category": "error", "quantity": 1}]


@pytest.mark.parametrize("path", ["", "/sentry", "/a/b"])
def test_path_prefixes(tmp_path, server, path):
    with Daemon(tmp_path, "--dsn", f"http://{KEY}@127.0.0.1:{server.port}{path}/7") as daemon:
        crash(daemon.socket)
        (request,) = server.wait_for(1)
        assert request.path == f"{path}/api/7/envelope/"


@pytest.mark.parametrize("place", ["--dsn", "SENTRY_DSN", "file"])
def test_a_wrong_dsn_is_refused(tmp_path, place):
    """Before the first crash, with its place and what is wrong with it; never with its key."""
    wrong = "http://secret-key@host.example/"
    configuration = tmp_path / "crashd.conf"
    configuration.write_text(f"[exe /opt/*]\ndsn = {wrong}\n" if place == "file" else "[crashd]\n")
    command = [harness.CRASHD, "--state-dir", tmp_path / "state", "--config", configuration]
    process = subprocess.run(
        command + (["--dsn", wrong] if place == "--dsn" else []),
        env=harness.environment(**({"SENTRY_DSN": wrong} if place == "SENTRY_DSN" else {})),
        capture_output=True, text=True, timeout=30,
    )
    assert process.returncode == 78
    assert "project id after the last '/' is missing" in process.stderr
    assert ("crashd.conf:2:7" if place == "file" else place) in process.stderr
    assert "secret-key" not in process.stderr


def test_a_long_answer_is_not_read_to_its_end(tmp_path, server):
    server.script(Answer(200, body=bytes(64 << 20)))
    with Daemon(tmp_path, "--dsn", server.dsn()) as daemon:
        crash(daemon.socket)
        server.wait_for(1)
        finish(daemon, server, 1, "reported")
        assert len(server.requests) == 1


def test_a_private_run_tells_and_flushes(tmp_path, server):
    """What crashctl run hears from its daemon (control/control.h)."""
    run_id = "c" * 32
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(30)
    with ours, theirs:
        with Daemon(tmp_path, "--run-id", run_id, "--dsn", server.dsn(), "--notify-fd",
                    str(theirs.fileno()), pass_fds=[theirs.fileno()]) as daemon:
            theirs.close()
            crash(daemon.socket, run_id=run_id.encode())
            ours.send(b'{"type":"flush"}')
            heard = []
            while not heard or heard[-1]["type"] != "flushed":
                heard.append(json.loads(ours.recv(1 << 17)))
            assert [(m["type"], m.get("state")) for m in heard[:-1]] == [
                ("captured", "captured"), ("reported", "queued"), ("delivery", "sent")]
            assert heard[-1]["outbox"] == 0 and len({m["id"] for m in heard[:-1]}) == 1
            ours.send(b'{"type":"status"}')
            assert json.loads(ours.recv(1 << 17)) == {
                "type": "status", "receiving": 0, "captured": 0, "outbox": 0}
            ours.close()
            assert daemon.wait() == 0


def test_a_flush_does_not_wait_for_a_server_that_refuses(tmp_path, server):
    server.script(Answer(403))
    run_id = "d" * 32
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    with ours, theirs:
        with Daemon(tmp_path, "--run-id", run_id, "--dsn", server.dsn(), "--notify-fd",
                    str(theirs.fileno()), pass_fds=[theirs.fileno()]) as daemon:
            theirs.close()
            crash(daemon.socket, run_id=run_id.encode())
            ours.send(b'{"type":"flush"}')
            heard = []
            while not heard or heard[-1]["type"] != "flushed":
                heard.append(json.loads(ours.recv(1 << 17)))
            assert heard[-1]["outbox"] == 1
            assert "403" in heard[-2]["error"]
            ours.close()
            assert daemon.wait() == 0
