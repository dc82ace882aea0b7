/* SPDX-License-Identifier: MIT */
/*
 * answers SECONDS PASSES FILE COMMAND...: runs COMMAND with the addresses in FILE on its standard
 * input and prints "NANOSECONDS KIBIBYTES": with 0 passes from its start to its end; else the
 * shortest of so many passes over FILE by one process, after a first one. In C, and in a process of
 * its own: what a program inherits from a larger parent counts as its memory. Fails when it took
 * more than SECONDS.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

/* An address that no program has: its answer says that all before it have been given. */
static const char LAST[] = "0x1\n";

static pid_t start(char **command, int in, int out) {
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        closefrom(3);
        execvp(command[0], command);
        _exit(127);
    }
    if (pid < 0)
        err(1, "fork");
    return pid;
}

static void write_all(int to, const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(to, text, size);
        if (n <= 0)
            err(1, "write");
        text += n;
        size -= (size_t)n;
    }
}

static void read_answers(FILE *answers) {
    char line[1 << 16];
    while (fgets(line, sizeof(line), answers))
        if (line[0] == '0' && line[1] == 'x' && strtoull(line, NULL, 16) == 1)
            return;
    errx(1, "no answer");
}

static uint64_t pass(const char *addresses, size_t size, int to, FILE *answers) {
    uint64_t began = clock_now();
    pid_t writer = fork(); /* both pipes may be full */
    if (writer == 0) {
        write_all(to, addresses, size);
        write_all(to, LAST, strlen(LAST));
        _exit(0);
    }
    read_answers(answers);
    uint64_t took = clock_now() - began;
    waitpid(writer, NULL, 0);
    return took;
}

static uint64_t warm(char **command, int passes, const char *addresses, size_t size, pid_t *pid) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        err(1, "pipe");
    *pid = start(command, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    FILE *answers = fdopen(out[0], "r");
    pass(addresses, size, in[1], answers);
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < passes; i++) {
        uint64_t took = pass(addresses, size, in[1], answers);
        best = took < best ? took : best;
    }
    close(in[1]);
    return best;
}

/* With everything that was started. */
static void end_group(int number) {
    (void)number;
    kill(0, SIGKILL);
}

int main(int argc, char **argv) {
    if (argc < 5)
        errx(2, "usage: answers SECONDS PASSES FILE COMMAND...");
    int passes = atoi(argv[2]), in = open(argv[3], O_RDONLY), status;
    off_t size = lseek(in, 0, SEEK_END);
    char *addresses = malloc((size_t)size + 1);
    if (in < 0 || size < 0 || !addresses || pread(in, addresses, (size_t)size, 0) != size ||
        lseek(in, 0, SEEK_SET) < 0)
        err(1, "%s", argv[3]);
    struct rusage usage;
    pid_t pid;
    setpgid(0, 0);
    signal(SIGALRM, end_group);
    alarm((unsigned)atoi(argv[1]));
    uint64_t took, began = clock_now();
    if (passes > 0) {
        took = warm(&argv[4], passes, addresses, (size_t)size, &pid);
        wait4(pid, &status, 0, &usage);
    } else {
        pid = start(&argv[4], in, open("/dev/null", O_WRONLY));
        wait4(pid, &status, 0, &usage);
        took = clock_now() - began;
    }
    /* eu-addr2line's status says that an address was unknown. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        errx(1, "%s failed", argv[4]);
    printf("%" PRIu64 " %ld\n", took, usage.ru_maxrss);
}
