/* SPDX-License-Identifier: MIT */
#include "crashctl/private_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "crashctl/layout.h"

enum { START_LIMIT_MS = 10000, ARGUMENTS_MAX = 128, TAGS_MAX = 8, MESSAGE_MAX = 64 * 1024 };

struct arguments {
    const char *list[ARGUMENTS_MAX];
    size_t n;
    char tags[TAGS_MAX][512];
    size_t n_tags;
};

static void add(struct arguments *arguments, const char *name, const char *value) {
    if (text_empty(value) || arguments->n + 3 > ARGUMENTS_MAX)
        return;
    arguments->list[arguments->n++] = name;
    arguments->list[arguments->n++] = value;
}

static void add_tag(struct arguments *arguments, const char *name, const char *value) {
    if (text_empty(value) || arguments->n_tags == TAGS_MAX)
        return;
    char *tag = arguments->tags[arguments->n_tags++];
    snprintf(tag, sizeof arguments->tags[0], "%s=%s", name, value);
    add(arguments, "--tag", tag);
}

static void add_ci(struct arguments *arguments, const struct ci *ci, const char *release) {
    add(arguments, "--release-from-ci", release);
    if (ci->present && text_empty(getenv("SENTRY_ENVIRONMENT")))
        add(arguments, "--environment", "ci");
    add_tag(arguments, "ci.job", ci->job);
    add_tag(arguments, "ci.url", ci->url);
    add_tag(arguments, "commit", ci->commit);
    add_tag(arguments, "branch", ci->branch);
}

/* What a user's other tools ask is asked here, too, as far as crashd can: libdebuginfod also takes
 * file:// and words that are no servers. malloc'ed, NULL for none. */
static char *debuginfod_urls(void) {
    const char *text = getenv("DEBUGINFOD_URLS");
    char *urls = text_empty(text) ? NULL : calloc(1, strlen(text) + 2), *end = urls;
    while (urls && *(text += strspn(text, " \t\n"))) {
        size_t length = strcspn(text, " \t\n");
        if (text_starts_with(text, "http://") || text_starts_with(text, "https://"))
            end += sprintf(end, "%s%.*s", end > urls ? " " : "", (int)length, text);
        text += length;
    }
    return urls;
}

/* In the child: a session of its own, so that the terminal's interrupt does not end it before the
 * crashes are reported. */
static void execute(const char *program, const char *const *arguments, int notify, int log) {
    sigset_t none;
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    dup2(log, STDERR_FILENO);
    fcntl(notify, F_SETFD, 0);
    unsetenv("CRASHD_SOCKET");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("LISTEN_PID");
    execv(program, (char **)arguments);
    dprintf(STDERR_FILENO, "crashctl: cannot start %s: %s\n", program, strerror(errno));
    _exit(127);
}

static int wait_until_ready(struct private_daemon *daemon) {
    char buffer[4096];
    size_t used = 0;
    uint64_t deadline = clock_monotonic() + START_LIMIT_MS * UINT64_C(1000000);
    for (;;) {
        uint64_t now = clock_monotonic();
        struct pollfd wait = {.fd = daemon->log, .events = POLLIN};
        if (now >= deadline || poll(&wait, 1, (int)((deadline - now) / 1000000) + 1) == 0) {
            fprintf(stderr, "crashctl: crashd did not become ready within %d s\n",
                    START_LIMIT_MS / 1000);
            return -ETIMEDOUT;
        }
        ssize_t n = read(daemon->log, buffer + used, sizeof buffer - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -ECONNREFUSED;
        used += (size_t)n;
        buffer[used] = '\0';
        for (char *end; (end = strchr(buffer, '\n'));) {
            *end = '\0';
            bool ready = text_starts_with(buffer, "ready: ");
            if (!ready)
                fprintf(stderr, "%s\n", buffer);
            used -= (size_t)(end + 1 - buffer);
            memmove(buffer, end + 1, used + 1);
            if (ready)
                return 0;
        }
        if (used == sizeof buffer - 1)
            used = 0;
    }
}

int private_daemon_start(const struct private_daemon_options *options, struct private_daemon *ret) {
    struct arguments arguments = {0};
    char socket[256], drop[256], number[16];
    int notify[2], log[2];
    BASE_CLEANUP(free)
    char *program = layout_daemon(), *release = ci_release(options->ci);
    BASE_CLEANUP(free)
    char *urls = debuginfod_urls();

    if (!program)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, notify) < 0)
        return -errno;
    if (pipe2(log, O_CLOEXEC) < 0) {
        close(notify[0]);
        close(notify[1]);
        return -errno;
    }
    snprintf(socket, sizeof socket, "%s/hook.sock", options->directory);
    snprintf(drop, sizeof drop, "%s/drop", options->directory);
    snprintf(number, sizeof number, "%d", notify[1]);
    arguments.list[arguments.n++] = "crashd";
    add(&arguments, "--socket", socket);
    add(&arguments, "--drop-dir", drop);
    add(&arguments, "--run-id", options->run_id);
    add(&arguments, "--notify-fd", number);
    add(&arguments, "--config", options->config);
    add(&arguments, "--state-dir", options->state_dir);
    add(&arguments, "--dsn", options->dsn);
    add(&arguments, "--work-directory", options->work_directory);
    add(&arguments, "--debuginfod-urls", urls);
    for (size_t i = 0; i < options->n_source_maps; i++)
        add(&arguments, "--source-map", options->source_maps[i]);
    add_ci(&arguments, options->ci, release);
    pid_t pid = fork();
    if (pid == 0)
        execute(program, arguments.list, notify[1], log[1]);
    close(notify[1]);
    close(log[1]);
    *ret = (struct private_daemon){.pid = pid, .notify = notify[0], .log = log[0]};
    int r = pid < 0 ? -errno : wait_until_ready(ret);
    if (r < 0)
        private_daemon_stop(ret);
    else
        fcntl(ret->log, F_SETFL, O_NONBLOCK);
    return r;
}

void private_daemon_forward_log(struct private_daemon *daemon) {
    char buffer[4096];
    ssize_t n;
    while ((n = read(daemon->log, buffer, sizeof buffer)) > 0)
        io_write_all(STDERR_FILENO, buffer, (size_t)n);
    if (n == 0) {
        close(daemon->log);
        daemon->log = -1;
    }
}

int private_daemon_ask(struct private_daemon *daemon, const char *type) {
    char text[64];
    int n = snprintf(text, sizeof text, "{\"type\":\"%s\"}", type);
    return send(daemon->notify, text, (size_t)n, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

json_t *private_daemon_receive(struct private_daemon *daemon, bool *ended) {
    char buffer[MESSAGE_MAX];
    ssize_t n = recv(daemon->notify, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        *ended = true;
    return n > 0 ? json_loadb(buffer, (size_t)n, 0, NULL) : NULL;
}

void private_daemon_stop(struct private_daemon *daemon) {
    if (daemon->pid > 0) {
        kill(daemon->pid, SIGTERM);
        while (waitpid(daemon->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (daemon->log >= 0) {
        private_daemon_forward_log(daemon);
        if (daemon->log >= 0)
            close(daemon->log);
    }
    close(daemon->notify);
    *daemon = (struct private_daemon){.notify = -1, .log = -1};
}
