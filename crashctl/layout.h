/* SPDX-License-Identifier: MIT */
/* Where the other parts of crashd are: in the build tree beside this program, else installed. */
#ifndef CRASHCTL_LAYOUT_H
#define CRASHCTL_LAYOUT_H

/* All malloc'ed, NULL if no memory. */
char *layout_daemon(void);
char *layout_hook(void);
/* What 32-bit programs get in its place; NULL also where it has not been built. */
char *layout_hook_stub(void);

#endif
