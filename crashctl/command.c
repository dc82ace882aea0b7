/* SPDX-License-Identifier: MIT */
#include "crashctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crashctl/preload.h"
#include "crashctl/verbs.h"

static int set_path(const char *name, const char *directory, const char *file) {
    BASE_CLEANUP(free)
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, file) < 0)
        return -ENOMEM;
    return setenv(name, path, 1) < 0 ? -errno : 0;
}

/* Behind what is there already: allocators and sanitizers must come first. */
static int set_preload(const char *directory) {
    const char *before = getenv("LD_PRELOAD");
    BASE_CLEANUP(free)
    char *hook = preload_path(directory), *all = NULL;
    if (!hook ||
        asprintf(&all, "%s%s%s", before ? before : "", text_empty(before) ? "" : ":", hook) < 0)
        return -ENOMEM;
    return setenv("LD_PRELOAD", all, 1) < 0 ? -errno : 0;
}

static _Noreturn void execute(char **argv, const char *directory, const char *run_id, int failed) {
    int r = set_preload(directory);
    if (r == 0)
        r = set_path("CRASHD_SOCKET", directory, "hook.sock");
    if (r == 0)
        r = set_path("CRASHD_DROP_DIR", directory, "drop");
    if (r == 0)
        r = set_path("CRASHD_PROGRAM_COUNT", directory, "programs");
    if (r == 0)
        r = setenv("CRASHD_RUN_ID", run_id, 1) < 0 ? -errno : 0;
    if (r == 0) {
        execvp(argv[0], argv);
        r = -errno;
    }
    /* The pipe closes itself on a successful exec: the parent learns which it was. */
    if (write(failed, &r, sizeof r) < 0)
        _exit(EXIT_RUN_FAILED);
    _exit(EXIT_RUN_FAILED);
}

pid_t command_start(char **argv, const char *directory, const char *run_id, const sigset_t *mask,
                    int *status) {
    int failed[2], r = 0;
    if (pipe2(failed, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execute(argv, directory, run_id, failed[1]);
    }
    int fork_error = pid < 0 ? -errno : 0;
    close(failed[1]);
    ssize_t n = pid < 0 ? 0 : read(failed[0], &r, sizeof r);
    close(failed[0]);
    if (fork_error) {
        fprintf(stderr, "crashctl: cannot start %s: %s\n", argv[0], strerror(-fork_error));
        *status = EXIT_RUN_FAILED;
        return fork_error;
    }
    if (n != sizeof r)
        return pid;
    waitpid(pid, NULL, 0);
    fprintf(stderr, "crashctl: cannot run %s: %s\n", argv[0], strerror(-r));
    *status = r == -ENOENT ? EXIT_RUN_NOT_FOUND : EXIT_RUN_NOT_EXECUTABLE;
    return r;
}

void command_end_as(int status) {
    if (WIFSIGNALED(status)) {
        static const struct rlimit none = {0, 0};
        int number = WTERMSIG(status);
        sigset_t set;
        /* One core is enough: the command's own. */
        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_DUMPABLE, 0);
        signal(number, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        raise(number);
        /* As PID 1 the kernel does not let a signal end us. */
        exit(128 + number);
    }
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_RUN_FAILED);
}
