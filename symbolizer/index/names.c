/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/names.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "symbolizer/demangle.h"
#include "symbolizer/functions.h"
#include "symbolizer/index/format.h"

void index_names_free(struct index_names *names) {
    buffer_free(&names->names);
    index_map_free(&names->by_name);
    index_map_free(&names->by_entry);
}

static void fail(struct index_names *names, int error) {
    if (names->error == 0)
        names->error = error;
}

static uint32_t add_name(struct index_names *names, const struct index_name *name) {
    uint64_t hash = XXH3_64bits(name, sizeof(*name));
    uint32_t at;
    for (; (at = index_map_get(&names->by_name, hash)); hash++)
        if (memcmp(names->names.data + (at - 1) * sizeof(*name), name, sizeof(*name)) == 0)
            return at - 1;
    at = (uint32_t)(names->names.size / sizeof(*name));
    buffer_add(&names->names, name, sizeof(*name));
    if (names->names.failed || index_map_put(&names->by_name, hash, at + 1) < 0)
        fail(names, -ENOMEM);
    return at;
}

/* The entry that die has its names from: thousands of calls share one. */
static struct dw_die source_of(const struct dw_die *die) {
    struct dw_value value;
    struct dw_die origin;
    if (dw_die_attribute(die, DW_AT_name, &value) ||
        dw_die_attribute(die, DW_AT_linkage_name, &value) ||
        dw_die_attribute(die, DW_AT_MIPS_linkage_name, &value) ||
        !dw_die_reference(die, DW_AT_abstract_origin, &origin))
        return *die;
    return origin;
}

uint32_t index_names_add(struct index_names *names, struct index_texts *texts,
                         const struct dw_die *die, bool plain) {
    struct dw_die source = source_of(die);
    /* Units of several languages may share an entry. */
    uint64_t key = (uint64_t)(uintptr_t)source.attributes << 1 | plain;
    uint32_t known = index_map_get(&names->by_entry, key);
    if (known > 0)
        return known - 1;
    struct code_frame frame = {.plain = plain};
    function_name(die, &frame);
    BASE_CLEANUP(free)
    char *qualified = (char *)frame.qualified;
    BASE_CLEANUP(free)
    char *full = frame.linkage_name ? demangle_full(frame.linkage_name) : NULL;
    struct index_name name = {
        .name = full ? 0 : index_texts_add(texts, frame.name),
        .linkage_name = index_texts_add(texts, frame.linkage_name),
        .qualified = index_texts_add(texts, qualified),
        .full = index_texts_add(texts, full ? full : frame.linkage_name),
        .plain = plain,
    };
    uint32_t index = add_name(names, &name);
    if (index_map_put(&names->by_entry, key, index + 1) < 0)
        fail(names, -ENOMEM);
    return index;
}
