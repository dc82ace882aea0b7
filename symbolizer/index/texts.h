/* SPDX-License-Identifier: MIT */
/* Texts of an index, each kept once and as parts of others where it repeats them (format.h). */
#ifndef SYMBOLIZER_INDEX_TEXTS_H
#define SYMBOLIZER_INDEX_TEXTS_H

#include "symbolizer/index/buffer.h"
#include "symbolizer/index/map.h"

struct index_texts {
    struct buffer strings, ropes; /* INDEX_STRINGS, INDEX_ROPES */
    struct buffer known;          /* struct known_text */
    struct index_map by_hash;     /* in known, from 1 on */
    uint32_t *recent;             /* places in strings, by hash of what stands there */
    size_t indexed;               /* bytes of strings that recent knows */
    struct buffer parts;          /* of the text that is being added */
    size_t limit;                 /* bytes of strings, of ropes */
    int error;
};

/* 0 or -ENOMEM. */
int index_texts_start(struct index_texts *texts, size_t limit);
void index_texts_free(struct index_texts *texts);
/* The text's number in the file; 0 for NULL, and after an error, which is kept. */
uint32_t index_texts_add(struct index_texts *texts, const char *text);

#endif
