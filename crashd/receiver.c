/* SPDX-License-Identifier: MIT */
#include "crashd/receiver.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/child.h"
#include "crashd/ipc.h"
#include "crashd/parked.h"

enum { PARKED_LOOK_MS = 2 };

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

static bool take(void *context, uint32_t uid) {
    const struct intake *intake = context;
    return quota_take(intake->quota, intake->slot, uid);
}

static uint32_t user_of(int connection) {
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t size = sizeof credentials;
    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    return credentials.uid;
}

/* The client that came last, or one that has waited for its turn; -1 if it must wait, or none. */
static int next_client(const struct receiver_options *options, struct parked *parked, bool fresh) {
    const struct intake *intake = &options->intake;
    if (!fresh)
        return parked_next(parked, take, (void *)intake);
    int connection = accept4(options->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return -1;
    uint32_t uid = user_of(connection);
    if (take((void *)intake, uid))
        return connection;
    if (!parked_add(parked, connection, uid)) {
        log_warning("uid %u has too many crashes under way: this one is refused", uid);
        close(connection);
    }
    return -1;
}

static void serve(const struct receiver_options *options, struct parked *parked, bool fresh) {
    const struct intake *intake = &options->intake;
    quota_accepting(intake->quota, intake->slot);
    int connection = next_client(options, parked, fresh);
    quota_waiting(intake->quota, intake->slot, parked->n);
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
    struct parked *parked = calloc(1, sizeof *parked);
    if (!parked)
        _exit(1);
    /* Told to stop, it first serves those that it has let wait. */
    for (bool stopping = false; !stopping || parked->n > 0;) {
        struct pollfd wait[] = {{.fd = stopping ? -1 : options->intake.main, .events = POLLIN},
                                {.fd = stopping ? -1 : options->listener, .events = POLLIN}};
        if (poll(wait, 2, parked->n > 0 ? PARKED_LOOK_MS : -1) < 0 && errno != EINTR)
            _exit(1);
        if (wait[0].revents)
            stopping = !obey(options);
        if (wait[1].revents && !stopping)
            serve(options, parked, true);
        if (parked->n > 0)
            serve(options, parked, false);
    }
    _exit(0);
}
