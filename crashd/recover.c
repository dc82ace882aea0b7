/* SPDX-License-Identifier: MIT */
#include "crashd/recover.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/facts.h"
#include "crashd/ipc.h"

static bool has(int entry, const char *name) {
    struct stat st;
    return fstatat(entry, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size > 0;
}

static void move(const struct spool *spool, const char *id, enum spool_state from,
                 enum spool_state to) {
    int r = spool_move(spool, id, from, to);
    if (r < 0)
        log_error("%s/%s could not be moved to %s/: %s", spool_names[from], id, spool_names[to],
                  strerror(-r));
}

static int finish_incoming(void *context, const char *id) {
    const struct spool *spool = context;
    BASE_CLEANUP(close)
    int entry = spool_entry(spool, SPOOL_INCOMING, id);
    BASE_CLEANUP(json)
    json_t *facts = NULL;
    struct stat st;
    if (entry < 0 || fstat(entry, &st) < 0)
        return 0;
    if (!has(entry, "snapshot")) {
        /* Prepared for a crash that never came. */
        spool_remove(spool, SPOOL_INCOMING, id);
        return 0;
    }
    facts = spool_read_json(entry, "facts.json");
    if (!facts) {
        /* Nobody knows any more who it was: the snapshot has to tell. */
        facts = facts_unknown(id, st.st_uid, st.st_gid);
        json_object_set_new(facts, "incomplete", json_true());
        spool_write_json(entry, "facts.json", facts);
    }
    log_notice("crash %s was being received when crashd ended: going on with what has come", id);
    move(spool, id, SPOOL_INCOMING, SPOOL_CAPTURED);
    return 0;
}

static int check_captured(void *context, const char *id) {
    const struct spool *spool = context;
    BASE_CLEANUP(close)
    int entry = spool_entry(spool, SPOOL_CAPTURED, id);
    BASE_CLEANUP(json)
    json_t *facts = entry < 0 ? NULL : spool_read_json(entry, "facts.json");
    if (facts && has(entry, "snapshot"))
        return 0;
    log_error("crash %s is damaged: set aside in failed/", id);
    move(spool, id, SPOOL_CAPTURED, SPOOL_FAILED);
    return 0;
}

static int check_outbox(void *context, const char *id) {
    const struct spool *spool = context;
    BASE_CLEANUP(close)
    int entry = spool_entry(spool, SPOOL_OUTBOX, id);
    if (entry >= 0 && has(entry, "event.json") && has(entry, "delivery.json"))
        return 0;
    bool again = entry >= 0 && has(entry, "snapshot") && has(entry, "facts.json");
    log_error("the report of crash %s is damaged: %s", id,
              again ? "making it again" : "set aside in failed/");
    move(spool, id, SPOOL_OUTBOX, again ? SPOOL_CAPTURED : SPOOL_FAILED);
    return 0;
}

void spool_recover(const struct spool *spool) {
    spool_each(spool, SPOOL_INCOMING, finish_incoming, (void *)spool);
    spool_each(spool, SPOOL_CAPTURED, check_captured, (void *)spool);
    spool_each(spool, SPOOL_OUTBOX, check_outbox, (void *)spool);
}
