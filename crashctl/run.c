/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "control/control.h"
#include "control/statepath.h"
#include "crashctl/ci.h"
#include "crashctl/command.h"
#include "crashctl/crashes.h"
#include "crashctl/private_daemon.h"
#include "crashctl/rundir.h"
#include "crashctl/sourcemap.h"
#include "crashctl/verbs.h"
#include "sentry/dsn.h"

static const char HELP[] =
    "crashctl run [OPTION...] -- CMD [ARG...]\n"
    "\n"
    "Runs CMD and reports every crash in it and in what it starts. Ends as CMD ended.\n"
    "\n"
    "  --output DIR         DIR/<event_id>.json and .txt for every crash\n"
    "  --snapshots          DIR/<event_id>.snapshot too\n"
    "  --dsn DSN            send events there (SENTRY_DSN)\n"
    "  --state-dir DIR      where crashes are kept (CRASHD_STATE_DIR)\n"
    "  --config FILE        configuration of the private daemon; none without this option\n"
    "  --source-map FROM=TO  sources compiled below FROM are below TO; several\n"
    "  --flush-timeout S    seconds to wait at the end for reports and uploads; 30\n"
    "  --fail-on-crash      end with 1 if something crashed and CMD ended with 0\n"
    "\n"
    "Ends with 125 if crashctl itself failed, 126 if CMD cannot be executed, 127 if it is not "
    "found.\n";

struct run_options {
    struct private_daemon_options daemon;
    struct crashes_options crashes;
    const char *source_maps[SOURCEMAP_LIMIT];
    double flush_timeout;
    bool fail_on_crash;
    char **argv;
};

struct run {
    struct private_daemon daemon;
    struct crashes *crashes;
    int signals;
    pid_t command;
    bool command_ended, daemon_ended, idle;
    bool news;         /* a crash went a step further since the daemon was asked how far all is */
    json_int_t outbox; /* events that wait to be sent, those of earlier runs included */
    int status;
};

BASE_DEFINE_CLEANUP(crashes_free, struct crashes *, crashes_free);

/* Before the command runs: a job of an hour must not end with a report that cannot be sent. */
static int check_dsn(const char *option) {
    const char *text = option ? option : getenv("SENTRY_DSN"), *problem;
    struct dsn dsn;
    if (text_empty(text))
        return 0;
    int r = dsn_parse(text, &dsn, &problem);
    if (r == -EINVAL)
        fprintf(stderr, "crashctl: %s: %s; https://KEY@HOST/PROJECT is expected\n",
                option ? "--dsn" : "SENTRY_DSN", problem);
    if (r == 0)
        dsn_clear(&dsn);
    return r;
}

/* Negative: usage error. 1: help was printed. */
static int parse(int argc, char **argv, struct run_options *ret) {
    enum {
        OUTPUT = 256,
        SNAPSHOTS,
        DSN,
        STATE_DIR,
        CONFIG,
        SOURCE_MAP,
        FLUSH_TIMEOUT,
        FAIL_ON_CRASH,
        HELP_
    };
    static const struct option options[] = {
        {"output", required_argument, NULL, OUTPUT},
        {"snapshots", no_argument, NULL, SNAPSHOTS},
        {"dsn", required_argument, NULL, DSN},
        {"state-dir", required_argument, NULL, STATE_DIR},
        {"config", required_argument, NULL, CONFIG},
        {"source-map", required_argument, NULL, SOURCE_MAP},
        {"flush-timeout", required_argument, NULL, FLUSH_TIMEOUT},
        {"fail-on-crash", no_argument, NULL, FAIL_ON_CRASH},
        {"help", no_argument, NULL, HELP_},
        {0},
    };
    int option;
    char *end;
    /* "+": options behind CMD are CMD's. */
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        switch (option) {
        case OUTPUT:
            ret->crashes.output = optarg;
            break;
        case SNAPSHOTS:
            ret->crashes.snapshots = true;
            break;
        case DSN:
            ret->daemon.dsn = optarg;
            break;
        case STATE_DIR:
            ret->daemon.state_dir = optarg;
            break;
        case CONFIG:
            ret->daemon.config = optarg;
            break;
        case SOURCE_MAP:
            if (!sourcemap_add(optarg, ret->source_maps, &ret->daemon.n_source_maps))
                return -EINVAL;
            ret->daemon.source_maps = ret->source_maps;
            break;
        case FLUSH_TIMEOUT:
            ret->flush_timeout = strtod(optarg, &end);
            if (end == optarg || *end || !(ret->flush_timeout >= 0) || ret->flush_timeout > 86400) {
                fprintf(stderr,
                        "crashctl: --flush-timeout %s: a number of seconds up to 86400 is "
                        "expected\n",
                        optarg);
                return -EINVAL;
            }
            break;
        case FAIL_ON_CRASH:
            ret->fail_on_crash = true;
            break;
        case HELP_:
            fputs(HELP, stdout);
            return 1;
        default:
            return -EINVAL;
        }
    }
    if (optind == argc) {
        fprintf(stderr, "crashctl: run: no command; see crashctl run --help\n");
        return -EINVAL;
    }
    if (ret->crashes.snapshots && !ret->crashes.output) {
        fprintf(stderr, "crashctl: --snapshots needs --output DIR\n");
        return -EINVAL;
    }
    ret->argv = argv + optind;
    return check_dsn(ret->daemon.dsn);
}

/* Reaps the command, and as PID 1 of a container everybody's orphans. */
static void reap(struct run *run) {
    for (;;) {
        siginfo_t info = {0};
        int status;
        /* The daemon is waited for where it is stopped. */
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return;
        if (info.si_pid == run->daemon.pid)
            run->daemon_ended = true;
        if (waitpid(info.si_pid, &status, 0) == run->command) {
            run->command_ended = true;
            run->status = status;
        } else if (info.si_pid == run->daemon.pid) {
            run->daemon.pid = -1;
        }
    }
}

static void on_signal(struct run *run) {
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(run);
        /* The terminal has sent it to the whole foreground group itself. */
        else if (info.ssi_code != SI_KERNEL && !run->command_ended)
            kill(run->command, (int)info.ssi_signo);
    }
}

static void on_message(struct run *run) {
    json_t *message;
    while ((message = private_daemon_receive(&run->daemon, &run->daemon_ended))) {
        const char *type = json_string_value(json_object_get(message, "type"));
        bool flushed = type && strcmp(type, CONTROL_FLUSHED) == 0;
        if (flushed || (type && strcmp(type, CONTROL_STATUS) == 0)) {
            run->idle =
                flushed || (json_integer_value(json_object_get(message, "receiving")) == 0 &&
                            json_integer_value(json_object_get(message, "captured")) == 0);
            run->outbox = flushed ? 0 : json_integer_value(json_object_get(message, "outbox"));
        } else {
            run->news = true;
        }
        crashes_take(run->crashes, message);
        json_decref(message);
    }
}

/* One round of waiting; timeout in milliseconds, -1: for ever. */
static void serve(struct run *run, int timeout) {
    struct pollfd wait[] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->daemon_ended ? -1 : run->daemon.notify, .events = POLLIN},
        {.fd = run->daemon.log, .events = POLLIN},
    };
    if (poll(wait, 3, timeout) <= 0)
        return;
    if (wait[0].revents)
        on_signal(run);
    if (wait[2].revents)
        private_daemon_forward_log(&run->daemon);
    if (wait[1].revents)
        on_message(run);
}

static void show_progress(const struct run *run, bool *shown, bool done) {
    if (!isatty(STDERR_FILENO) || (done && !*shown))
        return;
    if (done)
        fprintf(stderr, "\r\033[K");
    else
        fprintf(stderr, "\rcrashd: %zu of %zu crashes still being reported or sent ...\033[K",
                crashes_pending(run->crashes), crashes_total(run->crashes));
    *shown = !done;
}

/* Until every crash is reported, and sent if it is to be. */
static void flush(struct run *run, double timeout) {
    enum { ROUND_MS = 200, LEFTOVERS_MS = 3000 };
    uint64_t start = clock_monotonic(), deadline = start + (uint64_t)(timeout * 1e9);
    /* What earlier runs could not send gets a chance, but holds nobody up. */
    uint64_t leftovers = start + LEFTOVERS_MS * UINT64_C(1000000);
    bool shown = false;
    run->idle = false;
    if (private_daemon_ask(&run->daemon, CONTROL_FLUSH) < 0 ||
        private_daemon_ask(&run->daemon, CONTROL_STATUS) < 0)
        return;
    while (!run->daemon_ended) {
        uint64_t now = clock_monotonic();
        bool done = run->idle && crashes_pending(run->crashes) == 0;
        if (now >= deadline || (done && (run->outbox == 0 || now >= leftovers)))
            break;
        uint64_t left = (deadline - now) / 1000000 + 1;
        serve(run, left < ROUND_MS ? (int)left : ROUND_MS);
        bool whole_round = clock_monotonic() - now >= ROUND_MS * UINT64_C(900000);
        if (run->news || whole_round)
            private_daemon_ask(&run->daemon, CONTROL_STATUS);
        run->news = false;
        if (whole_round)
            show_progress(run, &shown, false);
    }
    show_progress(run, &shown, true);
    if (run->daemon_ended)
        fprintf(stderr,
                "crashctl: crashd ended before everything was reported; what it has is kept "
                "and reported by the next one\n");
}

static void block_signals(sigset_t *before, int *fd) {
    static const int forwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1,
                                    SIGUSR2, SIGALRM, SIGCONT, SIGWINCH, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run_command(const struct run_options *options, struct run *run) {
    sigset_t before;
    int failed = EXIT_RUN_FAILED;

    block_signals(&before, &run->signals);
    if (run->signals < 0 || private_daemon_start(&options->daemon, &run->daemon) < 0)
        return EXIT_RUN_FAILED;
    run->command = command_start(options->argv, options->daemon.directory, options->daemon.run_id,
                                 &before, &failed);
    if (run->command < 0) {
        private_daemon_stop(&run->daemon);
        return failed;
    }
    while (!run->command_ended)
        serve(run, -1);
    flush(run, options->flush_timeout);
    crashes_summarize(run->crashes, rundir_programs(options->daemon.directory));
    private_daemon_stop(&run->daemon);
    return 0;
}

int verb_run(int argc, char **argv) {
    struct run_options options = {.flush_timeout = 30};
    struct run run = {.signals = -1};
    struct ci ci = {0};
    char run_id[33];

    int r = parse(argc, argv, &options);
    if (r != 0)
        return r < 0 ? EXIT_RUN_FAILED : EXIT_OK;
    BASE_CLEANUP(free)
    char *state_dir = statepath_resolve(options.daemon.state_dir);
    BASE_CLEANUP(free)
    char *work_directory = getcwd(NULL, 0);
    if (!state_dir || hex_uuid(run_id) < 0)
        return EXIT_RUN_FAILED;
    options.daemon.state_dir = options.crashes.state_dir = state_dir;
    BASE_CLEANUP(crashes_free)
    struct crashes *crashes = NULL;
    if (crashes_new(&options.crashes, &crashes) < 0)
        return EXIT_RUN_FAILED;
    BASE_CLEANUP(free)
    char *directory = rundir_make();
    if (!directory)
        return EXIT_RUN_FAILED;
    ci_detect(&ci);
    options.daemon.ci = &ci;
    options.daemon.directory = directory;
    options.daemon.run_id = run_id;
    /* The machine's configuration is that of its services. */
    if (!options.daemon.config)
        options.daemon.config = "/dev/null";
    options.daemon.work_directory = work_directory;
    run.crashes = crashes;
    r = run_command(&options, &run);
    rundir_remove(directory);
    ci_clear(&ci);
    if (r != 0)
        return r;
    if (options.fail_on_crash && crashes_total(crashes) && WIFEXITED(run.status) &&
        WEXITSTATUS(run.status) == 0)
        return EXIT_FAILED;
    command_end_as(run.status);
}
