/* SPDX-License-Identifier: MIT */
/*
 * What a 32-bit program is given in place of the hook: with nothing at that path its ld.so would
 * complain on its standard error.
 */
extern const char crashhook_is_64_bit_only;
const char crashhook_is_64_bit_only = 1;
