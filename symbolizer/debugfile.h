/* SPDX-License-Identifier: MIT */
/* Where debug information hides: separate files, named by build-id or by link. */
#ifndef SYMBOLIZER_DEBUGFILE_H
#define SYMBOLIZER_DEBUGFILE_H

#include "symbolizer/elf_file.h"

/* The separate debug file of file, found by its build-id below directories or by .gnu_debuglink,
 * checked by build-id, else by CRC. 0 or -ENOENT. */
int debugfile_find(const struct file_source *source, const char *const *directories,
                   const struct elf_file *file, struct elf_file **ret);

/* What dwz moved out of several debug files: name and build_id stand in .gnu_debugaltlink of file.
 */
int debugfile_find_alternate(const struct file_source *source, const char *const *directories,
                             const struct elf_file *file, const char *name, const uint8_t *build_id,
                             size_t build_id_size, struct elf_file **ret);

#endif
