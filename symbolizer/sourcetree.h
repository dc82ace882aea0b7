/* SPDX-License-Identifier: MIT */
/* The files below a directory, found again by the end of the path that they had where they were
 * compiled. */
#ifndef SYMBOLIZER_SOURCETREE_H
#define SYMBOLIZER_SOURCETREE_H

struct source_tree;

/* Names only, no symbolic link followed. 0, -E2BIG if there are more files than are worth the time,
 * or why the directory could not be read. */
int source_tree_read(const char *directory, struct source_tree **ret);
struct source_tree *source_tree_free(struct source_tree *tree);

/* The one file that has more of path's end in common than every other, and at least its name and
 * the directory that holds it. malloc'ed; NULL if there is none. */
char *source_tree_find(const struct source_tree *tree, const char *path);

#endif
