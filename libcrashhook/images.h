/* SPDX-License-Identifier: MIT */
/* The sections about mappings and modules, and what no file has of them any more. */
#ifndef LIBCRASHHOOK_IMAGES_H
#define LIBCRASHHOOK_IMAGES_H

struct capture;

/* Async-signal-safe. */
void images_write(struct capture *capture);
/* Unwind tables and symbols of modules whose files are gone. */
void images_write_contents(struct capture *capture);

#endif
