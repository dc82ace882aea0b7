/* SPDX-License-Identifier: MIT */
/* Where the other parts of crashd are: in the build tree beside this program, else installed. */
#ifndef CRASHCTL_LAYOUT_H
#define CRASHCTL_LAYOUT_H

/* Both malloc'ed, NULL if no memory. The hook's path may hold $LIB, for ld.so. */
char *layout_daemon(void);
char *layout_hook(void);

#endif
