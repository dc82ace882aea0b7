/* SPDX-License-Identifier: MIT */
/* The columns of a store, in the order and with the names of `crashctl list --json`. */
#ifndef CONTROL_COLUMNS_H
#define CONTROL_COLUMNS_H

enum { STORE_VERSION = 1 };

/* X(name, SQL type) */
#define STORE_CRASH_COLUMNS(X)                                                                     \
    X(id, TEXT)                                                                                    \
    X(time, TEXT)                                                                                  \
    X(exe, TEXT)                                                                                   \
    X(pid, INTEGER)                                                                                \
    X(uid, INTEGER)                                                                                \
    X(unit, TEXT)                                                                                  \
    X(signal, TEXT)                                                                                \
    X(kind, TEXT)                                                                                  \
    X(title, TEXT)                                                                                 \
    X(function, TEXT)                                                                              \
    X(file, TEXT)                                                                                  \
    X(line, INTEGER)                                                                               \
    X(release, TEXT)                                                                               \
    X(environment, TEXT)                                                                           \
    X(count, INTEGER)                                                                              \
    X(state, TEXT)                                                                                 \
    X(dsn, TEXT)                                                                                   \
    X(error, TEXT)

/* dsn is without keys; next_try RFC 3339 or null. */
#define STORE_DELIVERY_COLUMNS(X)                                                                  \
    X(dsn, TEXT)                                                                                   \
    X(queued, INTEGER)                                                                             \
    X(sent, INTEGER)                                                                               \
    X(dropped, INTEGER)                                                                            \
    X(last_error, TEXT)                                                                            \
    X(next_try, TEXT)

#endif
