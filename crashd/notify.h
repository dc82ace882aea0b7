/* SPDX-License-Identifier: MIT */
/* The conversation with `crashctl run`, whose private daemon this is (control/control.h). */
#ifndef CRASHD_NOTIFY_H
#define CRASHD_NOTIFY_H

#include "crashd/daemon.h"

int notify_new(struct daemon *daemon, struct notifier **ret);
struct notifier *notify_free(struct notifier *notifier);
/* Without a notifier (NULL) nothing happens. error may be NULL. */
void notify_event(struct notifier *notifier, const char *type, const char *id, const char *state,
                  const char *error);
/* Answers a flush when everything is done. */
void notify_progress(struct notifier *notifier);

#endif
