# SPDX-License-Identifier: MIT
"""Runtimes that use signals for their own ends: what they recover from is no report."""
import os
import subprocess

import pytest

from hosts import ABRT, HOOK, SEGV, Run, check_death, check_quiet, names, need

JAVA_HEALTHY = """
public class Healthy {
    static class Node { int value; }
    static int get(Node node) { return node.value; }
    static int deeper(int n) { return deeper(n + 1) + 1; }
    public static void main(String[] arguments) {
        int caught = 0;
        Node node = new Node();
        for (int i = 0; i < 200000; i++) get(node);
        for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
            try { get(null); } catch (NullPointerException e) { caught++; }
        }
        System.out.println("null checks " + caught);
        try { deeper(0); } catch (StackOverflowError e) { System.out.println("overflow caught"); }
    }
}
"""
JAVA_CRASH = """
import java.lang.reflect.Field;
public class Crash {
    public static void main(String[] arguments) throws Exception {
        Field field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
        field.setAccessible(true);
        ((sun.misc.Unsafe) field.get(null)).putInt(0L, 1);
    }
}
"""
JVM = "/usr/lib/jvm/java-17-openjdk-amd64"


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    need(f"{JVM}/bin/javac", "openjdk-17-jdk-headless")
    classes = tmp_path_factory.mktemp("java")
    for name, source in (("Healthy", JAVA_HEALTHY), ("Crash", JAVA_CRASH)):
        (classes / f"{name}.java").write_text(source)
    subprocess.run([f"{JVM}/bin/javac", "-d", classes, *classes.glob("*.java")], check=True,
                   capture_output=True)
    return [f"{JVM}/bin/java", "-cp", str(classes)]


@pytest.mark.parametrize("option, count", [
    ("-Xshare:auto", 1000000), ("-Xcheck:jni", 1000000), ("-Xint", 50000),
])
def test_java_healthy(tmp_path, java, option, count):
    run = Run(tmp_path, [*java, option, "Healthy", count])
    check_quiet(run)
    assert run.stdout == f"null checks {count}\noverflow caught\n"


def check_java_crash(run, log):
    assert run.status == ABRT and "SIGSEGV (0xb) at pc=" in run.stdout
    text = log.read_text()
    assert "SIGSEGV (0xb)" in text and text.rstrip().endswith("END.")
    check_death(run.event, "SIGSEGV", "null pointer", f"{JVM}/bin/java")
    assert names(run.event)[0] == "Unsafe_PutInt"


def test_java_crash(tmp_path, java):
    log = tmp_path / "hs_err.log"
    check_java_crash(Run(tmp_path, [*java, f"-XX:ErrorFile={log}", "Crash"]), log)


@pytest.mark.parametrize("hook_first", [False, True])
def test_java_libjsig(tmp_path, java, hook_first):
    """libjsig chains handlers: it must neither chain ours nor hide the JVM's from us."""
    libraries = [f"{JVM}/lib/libjsig.so", str(HOOK)]
    preload = "LD_PRELOAD=" + ":".join(reversed(libraries) if hook_first else libraries)
    log = tmp_path / "hs_err.log"
    crash = Run(tmp_path / "crash", ["env", preload, *java, f"-XX:ErrorFile={log}", "Crash"])
    check_java_crash(crash, log)
    check_quiet(Run(tmp_path / "healthy", ["env", preload, *java, "Healthy", 1000]))


def test_java_killed(tmp_path, java):
    """Sent from outside: the JVM takes it for a fault of its own, writes its log and aborts."""
    log = tmp_path / "hs_err.log"
    (tmp_path / "Sleep.java").write_text("public class Sleep { public static void main(String[] a) "
                                         "throws Exception { System.out.println(\"up\"); Thread.sleep(60000); } }")
    subprocess.run([f"{JVM}/bin/javac", "-d", tmp_path, tmp_path / "Sleep.java"], check=True)
    script = '"$@" | { read up; kill -SEGV $(pgrep -f "^$1 $2 .*Sleep$"); cat; }; exit ${PIPESTATUS[0]}'
    need("/usr/bin/pgrep", "procps")
    run = Run(tmp_path, ["bash", "-c", script, "bash", f"{JVM}/bin/java", f"-XX:ErrorFile={log}", "-cp", tmp_path, "Sleep"])
    assert run.status == 128 + 6 and log.read_text().rstrip().endswith("END.")
    check_death(run.event, "SIGSEGV", "sent signal", f"{JVM}/bin/java")


WEBASSEMBLY = """
const bytes = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
  7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11]);
const load = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f;
let trapped = 0;
for (let i = 0; i < 1000; i++) {
  try { load(0x7fffffff); } catch (e) { trapped += e instanceof WebAssembly.RuntimeError; }
}
console.log(`trapped ${trapped}`);
function deeper() { deeper(); }
try { deeper(); } catch (e) { console.log(e.constructor.name); }
"""


@pytest.fixture
def node():
    return need("/usr/bin/node", "nodejs")


def test_node_traps(tmp_path, node):
    run = Run(tmp_path, [node, "-e", WEBASSEMBLY])
    check_quiet(run)
    assert run.stdout == "trapped 1000\nRangeError\n"


def test_node_abort(tmp_path, node):
    run = Run(tmp_path, [node, "-e", "process.abort()"])
    assert run.status == ABRT
    check_death(run.event, "SIGABRT", "abort", node)
    assert any("Abort" in (name or "") for name in names(run.event)[:8])


def test_node_killed(tmp_path, node):
    run = Run(tmp_path, [node, "-e", "process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 60000)"])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "raised signal", node)


GO = """package main

/*
#include <stdlib.h>
void crash(void) { *(volatile int *)0 = 1; }
void give_up(void) { abort(); }
*/
import "C"
import (
	"fmt"
	"os"
	"syscall"
	"time"
)

func null() { var p *int; *p = 1 }

func recovered() (ok int) {
	defer func() {
		if recover() != nil {
			ok = 1
		}
	}()
	null()
	return 0
}

func main() {
	switch os.Args[1] {
	case "recover":
		n := 0
		for i := 0; i < 1000; i++ {
			n += recovered()
		}
		fmt.Println("recovered", n)
	case "null":
		null()
	case "c":
		C.crash()
	case "abort":
		C.give_up()
	case "kill":
		syscall.Kill(syscall.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute)
	}
}
"""


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    compiler = need("/usr/bin/go", "golang-go")
    directory = tmp_path_factory.mktemp("go")
    (directory / "main.go").write_text(GO)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GO")}
    subprocess.run([compiler, "build", "-o", directory / "dies", directory / "main.go"], check=True,
                   env={**clean, "CGO_ENABLED": "1", "GO111MODULE": "off", "GOTOOLCHAIN": "local",
                        "GOCACHE": str(directory / "cache"), "GOPATH": str(directory / "path")})
    return directory / "dies"


def test_go_recovers(tmp_path, go):
    run = Run(tmp_path, [go, "recover"])
    check_quiet(run)
    assert run.stdout == "recovered 1000\n"


@pytest.mark.parametrize("how, words", [
    ("null", "panic: runtime error: invalid memory address"), ("c", "unexpected signal during runtime"),
    ("abort", "SIGABRT: abort"), ("kill", "SIGSEGV: segmentation violation"),
])
def test_go_ends_itself(tmp_path, go, how, words):
    """It prints its goroutines and exits with 2: no signal, no report. GOTRACEBACK=crash: SIGABRT."""
    quiet = Run(tmp_path / "quiet", [go, how])
    check_quiet(quiet, 2)
    assert words in quiet.stderr and "goroutine 1 [" in quiet.stderr
    crash = Run(tmp_path / "crash", [go, how], env={"GOTRACEBACK": "crash"})
    assert crash.status == ABRT and words in crash.stderr
    check_death(crash.event, "SIGABRT", "abort", go)
    assert "runtime.crash" in names(crash.event)


RUST = """
use std::thread;

#[inline(never)]
fn deeper(n: u64) -> u64 {
    let frame = [n; 64];
    let value = unsafe { std::ptr::read_volatile(&frame[3]) };
    if value == u64::MAX { 0 } else { deeper(n + 1) + value }
}

fn null(address: usize) { unsafe { std::ptr::write_volatile(address as *mut i32, 1) } }

fn main() {
    match std::env::args().nth(1).unwrap().as_str() {
        "overflow" => println!("{}", deeper(0)),
        "thread" => thread::Builder::new().name("wrk".into())
            .spawn(|| println!("{}", deeper(0))).unwrap().join().unwrap(),
        "null" => null(std::env::args().count() - 2),
        "panic" => panic!("went wrong"),
        "abort" => std::process::abort(),
        _ => {}
    }
}
"""


@pytest.fixture(scope="module")
def rust(tmp_path_factory):
    compiler = need("/usr/bin/rustc", "rustc")
    directory = tmp_path_factory.mktemp("rust")
    (directory / "dies.rs").write_text(RUST)
    for panic in ("unwind", "abort"):
        subprocess.run([compiler, "-g", "-C", f"panic={panic}", "-o", directory / panic,
                        directory / "dies.rs"], check=True)
    return directory


@pytest.mark.parametrize("how, thread", [("overflow", "main"), ("thread", "wrk")])
def test_rust_overflow(tmp_path, rust, how, thread):
    """Its handler says so and aborts: the cause is the fault."""
    run = Run(tmp_path, [rust / "unwind", how])
    assert run.status == ABRT and f"thread '{thread}' has overflowed its stack" in run.stderr
    check_death(run.event, "SIGSEGV", "stack overflow", rust / "unwind")
    assert names(run.event)[0] == "dies::deeper" and names(run.event).count("dies::deeper") > 20
    if how == "thread":
        assert run.event["tags"]["thread"] == "wrk"


def test_rust_null(tmp_path, rust):
    """Its handler sets the default action and returns into the fault."""
    run = Run(tmp_path, [rust / "unwind", "null"])
    assert run.status == SEGV
    check_death(run.event, "SIGSEGV", "null pointer", rust / "unwind")
    assert "dies::null" in names(run.event)[:3]


def test_rust_panic(tmp_path, rust):
    unwinds = Run(tmp_path / "unwind", [rust / "unwind", "panic"])
    check_quiet(unwinds, 101)
    assert "panicked at 'went wrong'" in unwinds.stderr
    for how, program in (("panic", rust / "abort"), ("abort", rust / "unwind")):
        run = Run(tmp_path / how, [program, how])
        assert run.status == ABRT
        check_death(run.event, "SIGABRT", "abort", program)
        assert "dies::main" in names(run.event)
