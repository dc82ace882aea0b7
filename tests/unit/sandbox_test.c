/* SPDX-License-Identifier: MIT */
/* What a worker cannot do. Each attempt is made by a child that is in the sandbox. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashd/sandbox.h"

/* Negative: the signal that ended it; else its exit status, an errno. */
static int attempt(int (*act)(void), bool switch_user) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sandbox sandbox = {switch_user, 65534, 65534};
        _exit(sandbox_enter(&sandbox) < 0 ? 200 : act());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int error_of(int result) {
    return result < 0 ? errno : 0;
}

static int read_a_library(void) {
    int fd = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC);
    char byte;
    return fd < 0 || read(fd, &byte, 1) != 1 ? errno : 0;
}
static int use_memory(void) {
    char *p = malloc(64 << 20);
    if (!p)
        return ENOMEM;
    memset(p, 1, 64 << 20);
    free(p);
    return 0;
}
static int write_a_file(void) {
    return error_of(open("/tmp/crashd-sandbox", O_WRONLY | O_CREAT, 0600));
}
static int open_to_write(void) {
    return error_of(open("/dev/null", O_RDWR));
}
static int truncate_a_file(void) {
    return error_of(open("/tmp", O_RDONLY | O_TRUNC));
}
static int make_a_directory(void) {
    return error_of(mkdir("/tmp/crashd-sandbox", 0700));
}
static int remove_a_file(void) {
    return error_of(unlink("/tmp/crashd-sandbox"));
}
static int read_an_environment(void) {
    return error_of(open("/proc/self/environ", O_RDONLY));
}
static int take_too_much(void) {
    void *p = mmap(NULL, UINT64_C(2) << 30, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}
static int become_root(void) {
    return error_of(setuid(0));
}
static int run_a_program(void) {
    return error_of(execl("/bin/true", "true", NULL));
}
static int make_a_socket(void) {
    return error_of(socket(AF_UNIX, SOCK_STREAM, 0));
}
static int trace(void) {
    return error_of((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int kill_somebody(void) {
    return error_of(kill(getppid(), 0));
}
static int read_the_configuration(void) {
    return error_of(open("/etc/hostname", O_RDONLY));
}

static void what_it_needs_works(void **state) {
    assert_int_equal(attempt(read_a_library, false), 0);
    assert_int_equal(attempt(use_memory, false), 0);
}

static void nothing_is_written(void **state) {
    assert_int_equal(attempt(write_a_file, false), EPERM);
    assert_int_equal(attempt(open_to_write, false), EPERM);
    assert_int_equal(attempt(truncate_a_file, false), EPERM);
    assert_int_equal(attempt(make_a_directory, false), EPERM);
    assert_int_equal(attempt(remove_a_file, false), EPERM);
}

static void other_processes_are_out_of_reach(void **state) {
    assert_int_equal(attempt(read_an_environment, false), EACCES);
    assert_int_equal(attempt(kill_somebody, false), -SIGSYS);
    assert_int_equal(attempt(trace, false), -SIGSYS);
}

static void no_program_and_no_network(void **state) {
    assert_int_equal(attempt(run_a_program, false), -SIGSYS);
    assert_int_equal(attempt(make_a_socket, false), -SIGSYS);
}

static void memory_is_bounded(void **state) {
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_int_equal(attempt(take_too_much, false), ENOMEM);
}

static void of_the_system(void **state) {
    if (geteuid() != 0)
        skip();
    assert_int_equal(attempt(read_a_library, true), 0);
    assert_int_equal(attempt(become_root, true), EPERM);
    assert_int_equal(attempt(read_the_configuration, true), EACCES);
}

RUN_TESTS("sandbox", cmocka_unit_test(what_it_needs_works), cmocka_unit_test(nothing_is_written),
          cmocka_unit_test(other_processes_are_out_of_reach),
          cmocka_unit_test(no_program_and_no_network), cmocka_unit_test(memory_is_bounded),
          cmocka_unit_test(of_the_system))
