/* SPDX-License-Identifier: MIT */
/* What a walk looked for in vain. */
#include "symbolizer/walk.h"

static size_t missing_debug(const struct module *module, const struct snapshot_module *known,
                            struct walk_missing *ret) {
    if (module->alternate_id_size > 0) {
        *ret = (struct walk_missing){module->alternate_id, module->alternate_id_size, false};
        return 1;
    }
    if (!module_lacks_debug(module))
        return 0;
    *ret = (struct walk_missing){known->build_id, known->build_id_size, false};
    return 1;
}

size_t walk_missing(struct walk *walk, size_t index, struct walk_missing ret[WALK_MISSING_MAX]) {
    if (index >= walk->snapshot->n_modules)
        return 0;
    const struct snapshot_module *known = &walk->snapshot->modules[index];
    const struct walk_entry *entry = &walk->entries[index];
    if (!entry->used || known->build_id_size == 0 || *known->path != '/')
        return 0;
    if (entry->module)
        return missing_debug(entry->module, known, ret);
    ret[0] = (struct walk_missing){known->build_id, known->build_id_size, true};
    if (entry->names && elf_file_has_dwarf(entry->names->file))
        return 1;
    ret[1] = (struct walk_missing){known->build_id, known->build_id_size, false};
    return 2;
}
