/* SPDX-License-Identifier: MIT */
/*
 * Compressed sections: SHF_COMPRESSED of the ELF gABI (Elf64_Chdr; zlib and zstd) and the older
 * .zdebug ("ZLIB", size as big-endian 64 bits).
 */
#ifndef SYMBOLIZER_DWARF_DECOMPRESS_H
#define SYMBOLIZER_DWARF_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

/* *ret is malloc'ed. 0, -EBADMSG, -EFBIG beyond 4 GiB, -EOPNOTSUPP for another method, -ENOMEM. */
int decompress_section(const uint8_t *data, size_t size, void **ret, size_t *ret_size);
int decompress_gnu_section(const uint8_t *data, size_t size, void **ret, size_t *ret_size);

#endif
