/* SPDX-License-Identifier: MIT */
/* Notices when a program leaves its signal handler by a long jump. */
#ifndef LIBCRASHHOOK_JUMPS_H
#define LIBCRASHHOOK_JUMPS_H

enum jump {
    JUMP_LONGJMP,
    JUMP_UNDERSCORE,
    JUMP_SIGLONGJMP,
    JUMP_CHECKED,
    JUMP_KINDS,
};

/* So that a handler that jumps finds everything looked up. */
void jumps_resolve(void);
/* The real function, which the caller then jumps to; called by the exported ones (arch). */
void *jumps_target(unsigned jump);

#endif
