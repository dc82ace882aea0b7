/* SPDX-License-Identifier: MIT */
#include "crashd/receiver.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/child.h"
#include "crashd/ipc.h"

static void say(const struct intake *intake, const char *type) {
    ipc_send_new(intake->main, json_pack("{ss}", "type", type));
}

/* False when it is time to end. */
static bool obey(const struct receiver_options *options) {
    BASE_CLEANUP(ipc)
    struct ipc_message message;
    const struct intake *intake = &options->intake;
    if (ipc_receive(intake->main, &message) <= 0 || ipc_is(&message, "stop"))
        return false;
    if (ipc_is(&message, "sweep") && options->drop_dir) {
        quota_accepting(intake->quota, intake->slot);
        intake_drops(intake, options->drop_dir);
        say(intake, "swept");
        quota_release(intake->quota, intake->slot);
    }
    return true;
}

static void serve(const struct receiver_options *options) {
    const struct intake *intake = &options->intake;
    quota_accepting(intake->quota, intake->slot);
    int connection = accept4(options->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) {
        quota_release(intake->quota, intake->slot);
        return;
    }
    say(intake, "busy");
    intake_client(intake, connection);
    quota_release(intake->quota, intake->slot);
    say(intake, "idle");
}

void receiver_run(const struct receiver_options *options) {
    const struct spool *spool = &options->intake.spool[0];
    int keep[] = {options->intake.main, options->listener, options->lock,
                  spool->root,          spool->states[0],  spool->states[1],
                  spool->states[2],     spool->states[3],  spool->states[4]};
    _Static_assert(SPOOL_STATES == 5, "keep every state");
    child_begin(keep, sizeof keep / sizeof *keep);
    /* For a look at any client's process, as that client (FINDINGS G), and for nothing else. */
    child_drop(CHILD_CAPABILITY(CAP_SYS_PTRACE) | CHILD_CAPABILITY(CAP_DAC_READ_SEARCH) |
               CHILD_CAPABILITY(CAP_DAC_OVERRIDE) | CHILD_CAPABILITY(CAP_SETUID) |
               CHILD_CAPABILITY(CAP_SETGID));
    log_open("crashd: receiver");
    for (;;) {
        struct pollfd wait[] = {{.fd = options->intake.main, .events = POLLIN},
                                {.fd = options->listener, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            _exit(1);
        if (wait[0].revents && !obey(options))
            _exit(0);
        if (wait[1].revents)
            serve(options);
    }
}
