# SPDX-License-Identifier: MIT
"""crashctl run, and what it leaves: files, statuses, list, show, status."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from recording_server import KEY, RecordingServer

NULL = "int main(void) { *(volatile int *)0 = 1; }"


@pytest.fixture(scope="module")
def crasher(tmp_path_factory):
    directory = tmp_path_factory.mktemp("crasher")
    source = directory / "crasher.c"
    source.write_text(NULL)
    return harness.compile_program(source, directory / "crasher")


def sh(text):
    return ["/bin/sh", "-c", text]


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_exit_code_is_the_commands(tmp_path, code):
    run = harness.Run(tmp_path, sh(f"exit {code}"))
    assert run.status == code
    assert run.stderr == "crashd: no crashes in 1 process\n"
    assert run.events == []


def test_signal_is_the_commands(tmp_path):
    run = harness.Run(tmp_path, sh("kill -TERM $$"))
    assert run.status == -signal.SIGTERM
    assert "no crashes" in run.stderr


def test_command_not_found(tmp_path):
    run = harness.Run(tmp_path, ["/no/such/command"])
    assert run.status == 127
    assert "/no/such/command: No such file or directory" in run.stderr


def test_command_not_executable(tmp_path):
    (tmp_path / "file").write_text("x")
    run = harness.Run(tmp_path, [tmp_path / "file"])
    assert run.status == 126


def test_usage_errors():
    assert harness.crashctl("run").returncode == 125
    assert harness.crashctl("run", "--flush-timeout", "soon", "--", "true").returncode == 125
    assert harness.crashctl("frobnicate").returncode == 2
    assert harness.crashctl("show", "--json", "--event").returncode == 2


def test_bad_dsn_is_refused_before_the_command_runs(tmp_path):
    run = harness.Run(tmp_path, ["/usr/bin/touch", tmp_path / "ran"], "--dsn", "https://k@h")
    assert run.status == 125
    assert "project id" in run.stderr
    assert not (tmp_path / "ran").exists()


def test_two_crashes_of_a_tree(tmp_path, crasher):
    run = harness.Run(tmp_path, sh(f"{crasher} & {crasher} & wait; exit 3"))
    assert run.status == 3
    assert len(run.events) == 2
    assert "crashd: 2 crashes in 3 processes" in run.stderr
    assert {e["exception"]["values"][0]["type"] for e in run.events} == {"SIGSEGV"}


def test_output_directory(tmp_path, crasher):
    run = harness.Run(tmp_path, [crasher], "--snapshots")
    assert run.status == -signal.SIGSEGV
    identity = run.event["event_id"]
    assert oct(run.output.stat().st_mode & 0o777) == "0o700"
    names = sorted(p.name for p in run.output.iterdir())
    assert names == [identity + end for end in (".json", ".snapshot", ".txt")]
    assert all(oct(p.stat().st_mode & 0o777) == "0o600" for p in run.output.iterdir())
    text = (run.output / f"{identity}.txt").read_text()
    assert "died of SIGSEGV" in text and text in run.stderr
    # The snapshot gives the same report again.
    again = harness.crashctl("symbolize", run.output / f"{identity}.snapshot")
    assert again.returncode == 0
    assert "Null pointer dereference: write of address 0x0" in again.stdout


def test_fail_on_crash(tmp_path, crasher):
    assert harness.Run(tmp_path, sh(f"{crasher}; true"), "--fail-on-crash").status == 1
    assert harness.Run(tmp_path, sh(f"{crasher}; exit 9"), "--fail-on-crash").status == 9
    assert harness.Run(tmp_path, ["true"], "--fail-on-crash").status == 0


def test_signals_are_forwarded(tmp_path):
    process = subprocess.Popen(
        [harness.CRASHCTL, "run", "--state-dir", tmp_path / "state", "--"]
        + sh("trap 'echo got; exit 5' USR1; echo ready; while :; do sleep 0.05; done"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=harness.environment(),
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR1)
    out, _ = process.communicate(timeout=harness.TIMEOUT)
    assert out == "got\n" and process.returncode == 5


@pytest.mark.skipif(
    "CRASHD_SANITIZED" in os.environ, reason="ASan insists on being the first preloaded library"
)
def test_preload_is_appended(tmp_path):
    run = harness.Run(tmp_path, sh('echo "$LD_PRELOAD"'), env={"LD_PRELOAD": "libm.so.6"})
    assert run.stdout.startswith("libm.so.6:") and run.stdout.rstrip().endswith("libcrashhook.so")


def test_a_healthy_program_sees_no_difference(tmp_path):
    script = "import os,threading; print(sorted(os.listdir('/proc/self/fd')), threading.active_count(), len(os.listdir('/proc/self/task')))"
    plain = subprocess.run(
        ["/usr/bin/python3", "-c", script], capture_output=True, text=True, env=harness.environment()
    )
    run = harness.Run(tmp_path, ["/usr/bin/python3", "-c", script], stdin=subprocess.DEVNULL)
    assert run.status == plain.returncode == 0
    assert run.stdout == plain.stdout
    assert run.stderr == "crashd: no crashes in 1 process\n"


def test_nothing_is_left_behind(tmp_path, crasher):
    temporary = tmp_path / "t"
    temporary.mkdir()
    harness.Run(tmp_path, [crasher], env={"TMPDIR": temporary})
    assert list(temporary.iterdir()) == []


def test_release_environment_and_tags(tmp_path, crasher):
    run = harness.Run(tmp_path, [crasher], env={"SENTRY_RELEASE": "shop@1.2", "SENTRY_ENVIRONMENT": "lab"})
    assert (run.event["release"], run.event["environment"]) == ("shop@1.2", "lab")

    ci = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": "0123456789abcdef0123",
          "GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF_NAME": "main", "GITHUB_JOB": "unit"}
    run = harness.Run(tmp_path / "ci", [crasher], env=ci)
    assert run.event["release"] == "shop@0123456789ab"
    assert run.event["environment"] == "ci"
    assert run.event["tags"]["commit"] == ci["GITHUB_SHA"]
    assert run.event["tags"]["branch"] == "main" and run.event["tags"]["ci.job"] == "unit"

    elsewhere = tmp_path / "plain"
    elsewhere.mkdir()
    run = harness.Run(elsewhere, [crasher], cwd=elsewhere)
    build_id = [i for i in run.event["debug_meta"]["images"] if i["code_file"] == str(crasher)][0]
    assert run.event["release"] == f"crasher@{build_id['code_id'][:12]}"
    assert run.event["environment"] == "development"


def test_private_things_stay(tmp_path, crasher):
    """argv, environment, cwd and user names are not in the event."""
    run = harness.Run(tmp_path, [crasher, "--token", "hunter2secret"], env={"PRIVATE_NAME": "alice-secret"})
    text = json.dumps(run.event)
    assert "hunter2secret" not in text and "alice-secret" not in text
    assert "arguments" not in run.event["contexts"]["process"]


def test_what_pii_lets_out_is_scrubbed(tmp_path, crasher):
    configuration = tmp_path / "crashd.conf"
    configuration.write_text("[crashd]\nsend-default-pii = yes\ntags = team=a api_token=abc\n")
    run = harness.Run(
        tmp_path, [crasher, "--password=hunter2", "--token", "hunter3", "plain"],
        "--config", configuration, env={"LANG": "C"},
    )
    process = run.event["contexts"]["process"]
    assert process["arguments"][1:] == ["--password=[Filtered]", "--token", "[Filtered]", "plain"]
    assert process["cwd"] == os.getcwd() and process["environment"]["LANG"] == "C"
    assert run.event["tags"]["team"] == "a" and run.event["tags"]["api_token"] == "[Filtered]"


def test_list_show_status(tmp_path, crasher):
    state = ("--state-dir", tmp_path / "state")
    assert harness.crashctl("list", *state).returncode == 1
    (tmp_path / "state").mkdir()
    assert harness.crashctl("list", *state).stdout == "no crashes\n"
    assert harness.crashctl("show", *state).returncode == 3
    first = harness.Run(tmp_path, [crasher])
    identity = first.event["event_id"]
    row = json.loads(harness.crashctl("list", "--json", *state).stdout)
    expected = {"id", "time", "exe", "pid", "uid", "unit", "signal", "kind", "title", "function",
                "file", "line", "release", "environment", "count", "state"}
    assert expected <= row.keys()
    assert row["id"] == identity and row["exe"] == str(crasher) and row["uid"] == os.getuid()
    assert row["signal"] == "SIGSEGV" and row["kind"] == "null pointer" and row["count"] == 1
    assert row["function"] == "main" and row["line"] == 1 and row["state"] == "local"
    table = harness.crashctl("list", *state).stdout.splitlines()
    assert identity[:8] in table[1] and "null pointer" in table[1] and len(table[1]) <= 100

    harness.Run(tmp_path / "other", sh("kill -ABRT $$"), "--state-dir", tmp_path / "state")
    assert json.loads(harness.crashctl("show", "--json", *state).stdout)["signal"] == "SIGABRT"
    shown = harness.crashctl("show", identity[:10], *state)
    assert shown.returncode == 0 and "died of SIGSEGV" in shown.stdout
    event = harness.crashctl("show", identity, "--event", *state).stdout
    assert event == (first.output / f"{identity}.json").read_text()
    assert harness.crashctl("show", "ffff0000", *state).returncode == 3
    assert harness.crashctl("status", *state).returncode == 0


def test_python_faulthandler(tmp_path):
    run = harness.Run(
        tmp_path, ["/usr/bin/python3", "-X", "faulthandler", "-c", "import ctypes; ctypes.string_at(0)"]
    )
    assert run.status == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in run.stderr
    assert "strlen" in harness.frames(run.event)[0]["function"]
    assert run.event["tags"]["kind"] == "null pointer"
    assert run.event["tags"]["runtime"] == "python"


def test_sixteen_at_once(tmp_path, crasher):
    run = harness.Run(tmp_path, sh(f"for i in $(seq 16); do {crasher} & done; wait"))
    assert run.status == 0 and len(run.events) == 16


def test_under_another_user(tmp_path, crasher):
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    run = harness.Run(
        tmp_path, ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                   "/bin/sh", "-c", "kill -SEGV $$"]
    )
    assert run.status == -signal.SIGSEGV
    assert run.event["tags"]["kind"] == "raised signal"


def test_a_server_that_comes_back_gets_the_event_once(tmp_path, crasher):
    """Down when it crashed: kept; the next run with that state directory delivers it."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    state = ("--state-dir", tmp_path / "state")
    first = harness.Run(
        tmp_path, [crasher], "--dsn", f"http://{KEY}@127.0.0.1:{port}/42", "--flush-timeout", "1"
    )
    assert first.status == -signal.SIGSEGV
    assert "1 waiting to be sent" in first.stderr
    row = json.loads(harness.crashctl("list", "--json", *state).stdout)
    assert row["state"] == "queued"
    with RecordingServer(port=port) as server:
        second = harness.Run(tmp_path / "second", ["true"], *state)
        assert "no crashes" in second.stderr
        (request,) = server.wait_for(1)
        (event,) = first.output.glob("*.json")
        assert request.item("event").payload == event.read_bytes()
    assert json.loads(harness.crashctl("list", "--json", *state).stdout)["state"] == "sent"
