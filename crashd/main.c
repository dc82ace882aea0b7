/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "control/debuginfod.h"
#include "control/statepath.h"
#include "crashd/archive.h"
#include "crashd/courier.h"
#include "crashd/daemon.h"
#include "crashd/jobs.h"
#include "crashd/listen.h"
#include "crashd/notify.h"
#include "crashd/pool.h"
#include "crashd/recover.h"
#include "crashd/runs.h"
#include "crashd/statedir.h"
#include "sentry/dsn.h"

/* The hook stays out of programs that have this. */
extern const int crashhook_inert;
__attribute__((visibility("default"))) const int crashhook_inert = 1;

int daemon_timer(struct daemon *daemon, sd_event_source **source, uint64_t microseconds,
                 sd_event_time_handler_t handler, void *context) {
    if (!*source)
        return sd_event_add_time_relative(daemon->event, source, CLOCK_MONOTONIC, microseconds, 0,
                                          handler, context);
    int r = sd_event_source_set_time_relative(*source, microseconds);
    return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

static int on_progress(sd_event_source *source, void *context) {
    struct daemon *daemon = context;
    notify_progress(daemon->notifier);
    /* Receivers that were at it are done: what they captured is on disk. */
    if (daemon->stopping && pool_stopped(daemon->pool))
        sd_event_exit(daemon->event, 0);
    return 0;
}

void daemon_progress(struct daemon *daemon) {
    if (daemon->stopping || daemon->notifier)
        sd_event_source_set_enabled(daemon->progress, SD_EVENT_ONESHOT);
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info,
                        void *context) {
    struct daemon *daemon = context;
    if (daemon->stopping)
        return 0;
    sd_notify(0, "STOPPING=1");
    daemon->stopping = true;
    pool_stop(daemon->pool);
    daemon_progress(daemon);
    return 0;
}

static int check_dsn(const char *text, const char **problem) {
    struct dsn dsn;
    int r = dsn_parse(text, &dsn, problem);
    if (r == 0)
        dsn_clear(&dsn);
    return r;
}

/* What the configuration file does not hold. */
static int check_own_dsn(const struct options *options) {
    const char *const values[][2] = {{"--dsn", options->dsn}, {"SENTRY_DSN", getenv("SENTRY_DSN")}};
    int result = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *problem = "out of memory";
        if (text_empty(values[i][1]) || check_dsn(values[i][1], &problem) == 0)
            continue;
        log_error("%s: %s; https://KEY@HOST/PROJECT is expected", values[i][0], problem);
        result = -EINVAL;
    }
    return result;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context) {
    struct daemon *daemon = context;
    struct config_error error;
    struct config *config;
    sd_notify(0, "RELOADING=1");
    if (config_load(daemon->options.config, check_dsn, &config, &error) < 0) {
        log_error("%s; the old configuration stays in force", error.text);
    } else {
        config_free(daemon->config);
        daemon->config = config;
        log_info("the configuration was read again");
        courier_retry(daemon->courier, true);
        jobs_configured(daemon->jobs);
    }
    sd_notify(0, "READY=1");
    return 0;
}

static int on_drop(sd_event_source *source, const struct inotify_event *event, void *context) {
    struct daemon *daemon = context;
    /* Names with a dot are the receivers' claims, and files that a hook still writes, or did. */
    if (event->len > 0 && (event->name[0] != '.' || text_starts_with(event->name, ".tmp-")))
        pool_sweep(daemon->pool);
    return 0;
}

static int prepare_state(struct daemon *daemon) {
    daemon->state_path = statepath_resolve(daemon->options.state_dir);
    if (!daemon->state_path)
        return -ENOMEM;
    const char *run_id = daemon->options.run_id;
    int root = statedir_open(&daemon->state_path, NULL);
    if (root < 0)
        return root;
    daemon->debug_cache_parent = fcntl(root, F_DUPFD_CLOEXEC, 3);
    if (daemon->debug_cache_parent < 0 ||
        asprintf(&daemon->debug_cache_path, "%s/" DEBUGINFOD_DIRECTORY, daemon->state_path) < 0) {
        daemon->debug_cache_path = NULL;
        return -ENOMEM;
    }
    daemon->lock = statedir_lock(root, daemon->state_path, !run_id);
    if (daemon->lock == -EBUSY && run_id) {
        /* A run beside another daemon, or beside another run, keeps its crashes apart. */
        close(root);
        root = statedir_open(&daemon->state_path, run_id);
        if (root < 0)
            return root;
        daemon->lock = statedir_lock(root, daemon->state_path, true);
    }
    if (daemon->lock < 0)
        return daemon->lock;
    int r = spool_open(root, &daemon->spool);
    if (r < 0) {
        log_error("%s: %s", daemon->state_path, strerror(-r));
        return r;
    }
    runs_adopt(&daemon->spool);
    spool_recover(&daemon->spool);
    return 0;
}

static int prepare_socket(struct daemon *daemon) {
    daemon->socket_path = listen_path(daemon->options.socket, daemon->state_path);
    if (!daemon->socket_path)
        return -ENOMEM;
    daemon->listener = listen_inherited();
    if (daemon->listener == -ENOENT)
        daemon->listener = listen_open(daemon->socket_path);
    if (daemon->listener < 0)
        return daemon->listener;
    daemon->abstract = listen_abstract(daemon->options.run_id);
    /* All receivers wait for it, one gets the client. */
    int flags = fcntl(daemon->listener, F_GETFL);
    return fcntl(daemon->listener, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int prepare_events(struct daemon *daemon) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    int r = sd_event_new(&daemon->event);
    if (r >= 0)
        r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_terminate, daemon);
    if (r >= 0)
        r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_terminate, daemon);
    if (r >= 0)
        r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
    if (r >= 0)
        r = sd_event_add_defer(daemon->event, &daemon->progress, on_progress, daemon);
    /* After all that has come in meanwhile. */
    if (r >= 0)
        r = sd_event_source_set_priority(daemon->progress, SD_EVENT_PRIORITY_IDLE);
    if (r >= 0)
        sd_event_set_watchdog(daemon->event, 1);
    return r;
}

static int start_parts(struct daemon *daemon) {
    /* In a run all are of one user, or of that user's children. */
    daemon->quota = quota_new(daemon->options.run_id ? QUOTA_SLOTS : QUOTA_PER_UID);
    if (!daemon->quota)
        return -ENOMEM;
    int r = notify_new(daemon, &daemon->notifier);
    if (r >= 0)
        r = courier_new(daemon, &daemon->courier);
    if (r >= 0)
        r = jobs_new(daemon, &daemon->jobs);
    if (r >= 0)
        r = archive_new(daemon, &daemon->archive);
    if (r >= 0)
        r = pool_new(daemon, &daemon->pool);
    if (r >= 0 && daemon->options.drop_dir) {
        r = sd_event_add_inotify(daemon->event, NULL, daemon->options.drop_dir,
                                 IN_CLOSE_WRITE | IN_MOVED_TO, on_drop, daemon);
        if (r < 0)
            log_error("%s: %s", daemon->options.drop_dir, strerror(-r));
        else
            pool_sweep(daemon->pool);
    }
    if (r < 0)
        return r;
    jobs_scan(daemon->jobs);
    courier_scan(daemon->courier);
    return 0;
}

static void say_ready(const struct daemon *daemon) {
    sd_notifyf(0, "READY=1\nSTATUS=Listening at %s", daemon->socket_path);
    /* Scripts wait for this line as it stands, whatever the log looks like. */
    dprintf(STDERR_FILENO, "ready: %s\n", daemon->socket_path);
    if (text_empty(daemon->options.dsn) && !getenv("SENTRY_DSN") && !daemon->options.run_id &&
        text_empty(config_text(daemon->config, CONFIG_DSN, NULL, NULL)))
        log_info("no DSN: reports are kept in %s and sent nowhere (--dsn, SENTRY_DSN or dsn= in "
                 "the configuration)",
                 daemon->state_path);
}

static void end(struct daemon *daemon) {
    if (daemon->jobs)
        jobs_stop(daemon->jobs);
    if (daemon->courier)
        courier_stop(daemon->courier);
    pool_free(daemon->pool);
    jobs_free(daemon->jobs);
    courier_free(daemon->courier);
    archive_free(daemon->archive);
    notify_free(daemon->notifier);
    sd_event_source_disable_unref(daemon->progress);
    sd_event_unref(daemon->event);
    config_free(daemon->config);
    host_clear(&daemon->host);
    free(daemon->state_path);
    free(daemon->debug_cache_path);
    free(daemon->socket_path);
}

/* Nothing here is in such a hurry as a process that waits to die and the receiver it waits for:
 * what wakes up must not push them aside. */
static void be_patient(void) {
    const struct sched_param parameters = {0};
    if (sched_setscheduler(0, SCHED_BATCH, &parameters) < 0)
        log_debug("SCHED_BATCH: %m");
}

int main(int argc, char **argv) {
    struct daemon daemon = {.lock = -1, .listener = -1, .abstract = -1, .debug_cache_parent = -1};
    struct config_error error;
    struct rlimit files;

    log_open("crashd");
    int r = options_parse(argc, argv, &daemon.options);
    if (r != 0)
        return r < 0 ? EX_USAGE : 0;
    if (config_load(daemon.options.config, check_dsn, &daemon.config, &error) < 0) {
        log_error("%s", error.text);
        return EX_CONFIG;
    }
    if (check_own_dsn(&daemon.options) < 0) {
        config_free(daemon.config);
        return EX_CONFIG;
    }
    if (daemon.options.check_config) {
        puts("ok");
        config_free(daemon.config);
        return 0;
    }
    umask(0077);
    be_patient();
    /* Descriptors of crashed processes' files are kept until a worker has them. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    /* crashctl run shows each crash itself. */
    if (daemon.options.run_id)
        log_set_level(LOG_WARNING);
    r = host_read(&daemon.host);
    if (r >= 0)
        r = prepare_state(&daemon);
    if (r >= 0)
        r = prepare_socket(&daemon);
    if (r >= 0)
        r = prepare_events(&daemon);
    if (r >= 0)
        r = start_parts(&daemon);
    if (r >= 0) {
        say_ready(&daemon);
        r = sd_event_loop(daemon.event);
    }
    if (r < 0)
        log_error("crashd cannot go on: %s", strerror(-r));
    end(&daemon);
    return r < 0 ? EXIT_FAILURE : 0;
}
