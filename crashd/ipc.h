/* SPDX-License-Identifier: MIT */
/* Messages between crashd's processes: a JSON object and descriptors in one SEQPACKET. */
#ifndef CRASHD_IPC_H
#define CRASHD_IPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IPC_MESSAGE_MAX = 128 * 1024, IPC_FDS_MAX = 80 };

/* Where an exec'ed child finds its end. */
enum { IPC_CHILD_FD = 3 };

struct ipc_message {
    json_t *body;
    int fds[IPC_FDS_MAX];
    size_t n_fds;
};

/* Both ends close on exec. 0 or negative errno. */
int ipc_pair(int pair[2]);

/* Waits until there is room, unless wait is false (-EAGAIN then). 0 or negative errno. */
int ipc_send(int socket, const json_t *body, const int *fds, size_t n_fds, bool wait);
/* The same, for a fresh object that is released here; NULL is -ENOMEM. */
int ipc_send_new(int socket, json_t *body);

/* 1 and a message that ipc_clear() ends, 0 at the end of the connection, or negative errno
 * (-EBADMSG: not a message of ours). Waits, unless the socket is non-blocking. */
int ipc_receive(int socket, struct ipc_message *ret);
void ipc_clear(struct ipc_message *message);

/* Members of an object; "", 0 or false if missing or of another type. */
const char *ipc_text(const json_t *object, const char *key);
int64_t ipc_number(const json_t *object, const char *key);
bool ipc_flag(const json_t *object, const char *key);
bool ipc_is(const struct ipc_message *message, const char *type);

static inline void cleanup_ipc(struct ipc_message *message) {
    ipc_clear(message);
}
static inline void cleanup_json(json_t **object) {
    json_decref(*object);
}

#endif
