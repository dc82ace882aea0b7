/* SPDX-License-Identifier: MIT */
#include "crashd/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"

enum { FILE_FLAGS = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC };

void entry_init(struct entry *entry) {
    *entry = (struct entry){.directory = -1, .snapshot = -1, .facts = -1};
}

void entry_close(struct entry *entry) {
    cleanup_close(&entry->directory);
    cleanup_close(&entry->snapshot);
    cleanup_close(&entry->facts);
    entry_init(entry);
}

void entry_remove(const struct spool *spool, struct entry *entry) {
    if (entry->directory >= 0)
        spool_remove(spool, SPOOL_INCOMING, entry->id);
    entry_close(entry);
}

int entry_prepare(const struct spool *spool, struct entry *entry) {
    if (entry->directory >= 0)
        return 0;
    int r = hex_uuid(entry->id);
    if (r >= 0)
        r = entry->directory = spool_create(spool, entry->id);
    if (r < 0)
        return r;
    entry->snapshot = openat(entry->directory, "snapshot", FILE_FLAGS, 0600);
    if (entry->snapshot >= 0)
        entry->facts = openat(entry->directory, "facts.json", FILE_FLAGS, 0600);
    if (entry->facts >= 0)
        return 0;
    r = -errno;
    entry_remove(spool, entry);
    return r;
}

int entry_write_facts(struct entry *entry, const json_t *facts) {
    BASE_CLEANUP(free)
    char *text = json_dumps(facts, JSON_COMPACT);
    off_t before = lseek(entry->facts, 0, SEEK_CUR);
    if (!text)
        return -ENOMEM;
    if (before != 0 && (lseek(entry->facts, 0, SEEK_SET) < 0 || ftruncate(entry->facts, 0) < 0))
        return -errno;
    return io_write_all(entry->facts, text, strlen(text));
}

int entry_publish(const struct spool *spool, struct entry *entry) {
    return spool_move(spool, entry->id, SPOOL_INCOMING, SPOOL_CAPTURED);
}
