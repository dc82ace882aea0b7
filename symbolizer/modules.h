/* SPDX-License-Identifier: MIT */
/* Opened modules: file, debug information and tables made from it, kept between snapshots. */
#ifndef SYMBOLIZER_MODULES_H
#define SYMBOLIZER_MODULES_H

#include "symbolizer/elf_file.h"
#include "symbolizer/functions.h"
#include "symbolizer/index/place.h"
#include "symbolizer/symbols.h"
#include "symbolizer/unwind_table.h"

struct module {
    struct elf_file *file;
    unsigned users;
    uint64_t used; /* turn of the last use, for the least recently used one to go */

    bool debug_tried;
    struct elf_file *debug, *alternate; /* NULL if the file itself has it all */
    uint8_t alternate_id[64];           /* of one that was looked for in vain */
    size_t alternate_id_size;
    struct dw_info *info, *alternate_info;
    bool info_tried;
    bool functions_tried;
    struct functions *functions;
    const struct file_source *source; /* of the last call for functions, while it lasts */
    struct module_cache *cache;       /* whose module it is */

    bool symbols_tried;
    struct elf_file *mini;
    struct symbols *symbols;

    bool unwind_tried, unwind_debug_tried;
    struct unwind_tables *unwind;
};

struct module_cache {
    const char *const *debug_directories;
    struct index_place *indexes; /* may be NULL */
    size_t limit;
    struct module **modules;
    size_t n;
    uint64_t turn;
};

/* A module for a file whose build-id is build_id (any, if build_id_size is 0). 0, -ESTALE if the
 * file on disk is another one, or why it could not be opened. To be given back by module_release.
 */
int module_acquire(struct module_cache *cache, const struct file_source *source, const char *path,
                   const uint8_t *build_id, size_t build_id_size, struct module **ret);
/* The same for a file of which only the build-id is known. debug: its debug file alone; else the
 * file itself, which the directories of debug files may hold, too. */
int module_acquire_by_build_id(struct module_cache *cache, const struct file_source *source,
                               const uint8_t *build_id, size_t build_id_size, bool debug,
                               struct module **ret);
/* The same for an image in memory, which is taken over; it is never shared. */
int module_from_memory(struct module_cache *cache, const char *path, void *memory, size_t size,
                       struct module **ret);
void module_release(struct module_cache *cache, struct module *module);
/* Closes modules out of use whose debug information is missing, so that it is looked for again. */
void module_cache_look_again(struct module_cache *cache);
void module_cache_free(struct module_cache *cache);

/* Whether debug information was looked for in vain. */
bool module_lacks_debug(const struct module *module);

/* The file with its debug information, NULL if that is the module's own or nowhere. */
const struct elf_file *module_debug_file(struct module_cache *cache,
                                         const struct file_source *source, struct module *module);
/* NULL if there is none. */
struct dw_info *module_info(struct module_cache *cache, const struct file_source *source,
                            struct module *module);
/* NULL if there are none. */
struct functions *module_functions(struct module_cache *cache, const struct file_source *source,
                                   struct module *module);
/* Writes the module's index to fd. As index_build; -EINVAL if it has no build-id. */
int module_build_index(struct module_cache *cache, const struct file_source *source,
                       struct module *module, int fd, uint64_t limit);
const struct symbols *module_symbols(struct module_cache *cache, const struct file_source *source,
                                     struct module *module);
const struct unwind_tables *module_unwind(struct module_cache *cache,
                                          const struct file_source *source, struct module *module);
/* The same, with what only its separate debug file has. */
const struct unwind_tables *module_unwind_debug(struct module_cache *cache,
                                                const struct file_source *source,
                                                struct module *module);

#endif
