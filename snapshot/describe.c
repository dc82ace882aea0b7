/* SPDX-License-Identifier: MIT */
/* Prints the tables of docs/snapshot-format.md from fields.h; a test compares the two. */
#include <stdio.h>

#include "snapshot/fields.h"

#define FIELD(key, NAME, name, type, text)                                                         \
    printf("| %d | `%s` | %s | %s |\n", key, #name, #type, text);

#define SECTION(number, NAME, name, many, text)                                                    \
    printf("\n### %d `%s`%s\n\n%s.\n\n", number, #name, (many) ? " (many)" : "", text);            \
    printf("| key | name | type | meaning |\n|---|---|---|---|\n");                                \
    SNAPSHOT_##NAME##_FIELDS(FIELD)

#define KIND(number, NAME, text) printf("| %d | %s |\n", number, text);

int main(void) {
    printf("## Sections\n");
    SNAPSHOT_SECTIONS(SECTION)
    printf("\n## Memory kinds\n\n| kind | what |\n|---|---|\n");
    SNAPSHOT_MEMORY_KINDS(KIND)
    return 0;
}
