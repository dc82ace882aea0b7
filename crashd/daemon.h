/* SPDX-License-Identifier: MIT */
/* Main's parts and what they share. Only main.c makes and ends one. */
#ifndef CRASHD_DAEMON_H
#define CRASHD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "crashd/host.h"
#include "crashd/link.h"
#include "crashd/options.h"
#include "crashd/quota.h"
#include "crashd/spool.h"

struct pool;
struct jobs;
struct archive;
struct courier;
struct notifier;

struct daemon {
    struct options options;
    struct config *config;
    struct host host;
    sd_event *event;
    sd_event_source *progress;
    char *state_path, *socket_path;
    char *debug_cache_path; /* shared with the runs beside a daemon, which have own states */
    int debug_cache_parent; /* the directory above it */
    struct spool spool;
    int lock, listener, abstract; /* -1: no abstract one */
    struct quota *quota;
    struct pool *pool;         /* receivers */
    struct jobs *jobs;         /* workers */
    struct archive *archive;   /* the store process */
    struct courier *courier;   /* the network process */
    struct notifier *notifier; /* crashctl run; NULL for other daemons */
    bool stopping;
};

static const uint64_t DAEMON_SECOND = 1000000; /* sd-event counts microseconds */

/* A one-shot timer, made at the first call and moved by later ones. */
int daemon_timer(struct daemon *daemon, sd_event_source **source, uint64_t microseconds,
                 sd_event_time_handler_t handler, void *context);

/* Something has changed that a flush or the end may wait for. */
void daemon_progress(struct daemon *daemon);

#endif
