/* SPDX-License-Identifier: MIT */
/* Listening sockets. */
#ifndef CRASHD_LISTEN_H
#define CRASHD_LISTEN_H

/* --socket, else CRASHD_SOCKET, else for root /run/crashd/hook.sock, else
 * $XDG_RUNTIME_DIR/crashd/hook.sock or hook.sock in the state directory. malloc'ed. */
char *listen_path(const char *option, const char *state_path);

/* A listening SEQPACKET socket at path that everybody may connect to; makes its directory. A
 * socket that nobody answers at is replaced. The descriptor, or negative errno (logged). */
int listen_open(const char *path);
/* The same in the abstract namespace, for processes that have changed their root: run_id's own, or
 * root's. -1 if there is none, which is logged where it matters. */
int listen_abstract(const char *run_id);
/* From systemd; -ENOENT if there is none. */
int listen_inherited(void);

#endif
