# SPDX-License-Identifier: MIT
"""Servers: one process of many dies, is reported, and the rest goes on as it always did."""
import os
import pathlib
import shutil
import tempfile

import pytest

from hosts import Run, check_death, names, need, title

# Runs as the command of crashctl run; ends with the server's own status.
REDIS = r"""
server=$1 directory=$2
"$server" --port 0 --unixsocket $directory/redis.sock --dir $directory --save '' \
    --enable-debug-command yes >$directory/redis.log 2>&1 &
until redis-cli -s $directory/redis.sock ping 2>/dev/null | grep -q PONG; do kill -0 $! || exit 99; done
redis-cli -s $directory/redis.sock debug segfault >/dev/null 2>&1
wait $!
"""
NGINX = r"""
server=$1 directory=$2
"$server" -p $directory -c $directory/nginx.conf &
master=$!
answer() { curl -s --unix-socket $directory/http.sock http://localhost/; }
until [ "$(answer)" = alive ]; do kill -0 $master || exit 99; done
worker=$(pgrep -P $master)
kill -SEGV $worker
until grep -q "worker process $worker exited on signal 11" $directory/error.log; do
    kill -0 $master || exit 98
done
until [ "$(answer)" = alive ]; do kill -0 $master || exit 97; done
[ "$(pgrep -P $master)" != $worker ] && echo respawned
kill -QUIT $master
wait $master
"""
NGINX_CONFIGURATION = """
user root; daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0};
    uwsgi_temp_path {0}; scgi_temp_path {0};
    server {{ listen unix:{0}/http.sock; location / {{ return 200 alive; }} }}
}}
"""
POSTGRES = r"""
binaries=$1 data=$2
PATH=$binaries:$PATH
initdb -D $data/db -A trust --no-sync >/dev/null || exit 99
postgres -D $data/db -k $data -c listen_addresses= -c fsync=off >$data/log 2>&1 &
server=$!
sql() { psql -X -A -t -h $data -d postgres "$@" 2>&1; }
until sql -c 'select 1' >/dev/null; do kill -0 $server || exit 98; done
sql -q -c 'create table kept (n int); insert into kept values (7)'
sql -c 'select pg_backend_pid()' -c 'select pg_sleep(60)' >$data/victim &
until [ -s $data/victim ]; do kill -0 $server || exit 97; done
kill -SEGV $(head -1 $data/victim)
wait $!
until [ "$(sql -c 'select n from kept')" = 7 ]; do kill -0 $server || exit 96; done
echo recovered
kill -INT $server
wait $server
"""
CHROMIUM = r"""
browser=$1 directory=$2
export HOME=$directory
"$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --user-data-dir=$directory/profile --remote-debugging-port=0 'data:text/html,alive' \
    >$directory/log 2>&1 &
main=$!
port=$directory/profile/DevToolsActivePort
until [ -s $port ]; do kill -0 $main || exit 99; done
url=http://127.0.0.1:$(head -1 $port)/json
until curl -s $url/list | grep -q '"type": "page"'; do kill -0 $main || exit 98; done
until renderer=$(pgrep -f "^/[^ ]*/chromium --type=renderer --crashpad.*$directory/profile" | head -1) &&
    [ -n "$renderer" ]; do kill -0 $main || exit 97; done
kill -SEGV $renderer
until ! kill -0 $renderer 2>/dev/null; do :; done
curl -s $url/version | grep -q '"Browser"' && echo goes on
kill -TERM $main
wait $main
echo browser $?
"""


def run_script(tmp_path, script, *arguments, prefix=()):
    return Run(tmp_path, [*prefix, "bash", "-c", script, "bash", *arguments])


@pytest.fixture
def directory():
    """A short path, for sockets, that any user may enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="crashd-host-", dir="/tmp"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


def test_redis(tmp_path, directory):
    """Its handler writes a report of its own, then takes itself away and raises again."""
    server = need("/usr/bin/redis-server", "redis-server")
    run = run_script(tmp_path, REDIS, server, directory)
    log = (directory / "redis.log").read_text()
    assert run.status == 139, (run.stderr, log)
    assert "=== REDIS BUG REPORT START" in log and "=== REDIS BUG REPORT END" in log
    assert "crashed by signal: 11, si_code: 2" in log
    check_death(run.event, "SIGSEGV", "read-only memory", server)


def test_nginx(tmp_path, directory):
    server = need("/usr/sbin/nginx", "nginx-light")
    for command, package in (("curl", "curl"), ("pgrep", "procps")):
        need(f"/usr/bin/{command}", package)
    (directory / "nginx.conf").write_text(NGINX_CONFIGURATION.format(directory))
    run = run_script(tmp_path, NGINX, server, directory)
    assert (run.status, run.stdout) == (0, "respawned\n"), (run.stderr, run.stdout)
    check_death(run.event, "SIGSEGV", "sent signal", server)
    assert run.event["tags"]["sent_by"].endswith(" bash")
    assert "epoll_wait" in names(run.event) and "ngx_master_process_cycle" in names(run.event)


def test_postgresql(tmp_path, directory):
    """A backend dies: the postmaster restarts all and what was committed is there."""
    binaries = pathlib.Path(need("/usr/lib/postgresql/15/bin/postgres", "postgresql-15")).parent
    prefix = ()
    if os.getuid() == 0:
        prefix = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    run = run_script(tmp_path, POSTGRES, binaries, directory, prefix=prefix)
    log = (directory / "log").read_text()
    assert run.status == 0 and run.stdout.endswith("recovered\n"), (run.stdout, run.stderr, log)
    assert "was terminated by signal 11: Segmentation fault" in log
    assert "database system is ready to accept connections" in log.split("signal 11")[1]
    check_death(run.event, "SIGSEGV", "sent signal", binaries / "postgres")
    assert "PostmasterMain" in names(run.event)


def test_chromium(tmp_path, directory):
    """A renderer dies, through handlers of its own; the browser shows a sad tab and goes on."""
    browser = need("/usr/bin/chromium", "chromium")
    for command, package in (("curl", "curl"), ("pgrep", "procps")):
        need(f"/usr/bin/{command}", package)
    run = run_script(tmp_path, CHROMIUM, browser, directory)
    assert run.stdout.startswith("goes on\n"), (run.stdout, run.stderr, (directory / "log").read_text())
    assert [title(event) for event in run.events] and len(run.events) == 1
    check_death(run.event, "SIGSEGV", "sent signal")
    assert run.event["tags"]["exe"].endswith("/chromium")
