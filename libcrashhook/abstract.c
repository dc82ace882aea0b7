/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: raw system calls. */
#include "libcrashhook/abstract.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

/* Anybody may take a name that is free: what a process had in its memory is for root's daemon, or
 * for one of its own user. */
static bool is_trusted(int socket) {
    struct ucred peer;
    unsigned length = sizeof peer;

    if (sys(SYS_getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return false;
    return peer.uid == 0 || peer.uid == (uid_t)sys(SYS_geteuid);
}

bool abstract_connect(int socket) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct text name = text_in(address.sun_path + 1, sizeof address.sun_path - 1);
    size_t run = text_length_max(hook_settings.run_id, sizeof hook_settings.run_id);

    text_add(&name, HANDSHAKE_ABSTRACT_NAME);
    if (run > 0) {
        text_add(&name, "/");
        text_copy(address.sun_path + 1 + name.length, hook_settings.run_id, run);
    }
    return sys(SYS_connect, socket, &address,
               offsetof(struct sockaddr_un, sun_path) + 1 + name.length + run) == 0 &&
           is_trusted(socket);
}
