/* SPDX-License-Identifier: MIT */
#include "symbolizer/quote.h"

#include <string.h>

enum { WIDTH_MAX = 4, BYTES_MAX = 4 * PRINTER_ELEMENTS + 8, LAST_CODE = 0x10ffff, ESCAPE = 033 };

struct character {
    uint32_t code;
    bool bad; /* no character: code is a byte or a unit as it stands there */
};

/* Length of the UTF-8 sequence at bytes, 0 if there is none. */
static size_t decode_utf8(const uint8_t *bytes, size_t n, uint32_t *code) {
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xc2 ? 0
                    : bytes[0] < 0xe0 ? 2
                    : bytes[0] < 0xf0 ? 3
                    : bytes[0] < 0xf5 ? 4
                                      : 0;
    if (length == 0 || length > n)
        return 0;
    *code = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (bytes[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code >= LEAST[length] && *code <= LAST_CODE && !surrogate ? length : 0;
}

static uint32_t unit_at(const uint8_t *bytes, unsigned width) {
    uint32_t code = 0;
    memcpy(&code, bytes, width);
    return code;
}

/* Bytes of the character at bytes. */
static size_t decode(const uint8_t *bytes, size_t n, unsigned width, struct character *ret) {
    size_t length;
    *ret = (struct character){.code = unit_at(bytes, width)};
    if (width == 1) {
        if ((length = decode_utf8(bytes, n, &ret->code)) > 0)
            return length;
        *ret = (struct character){bytes[0], true};
        return 1;
    }
    if (width == 2 && (ret->code & 0xfc00) == 0xd800 && n >= 4 &&
        (unit_at(bytes + 2, 2) & 0xfc00) == 0xdc00) {
        ret->code = 0x10000 + ((ret->code & 0x3ff) << 10) + (unit_at(bytes + 2, 2) & 0x3ff);
        return 4;
    }
    ret->bad = ret->code > LAST_CODE || (ret->code >= 0xd800 && ret->code < 0xe000);
    return width;
}

static void add_utf8(struct printer *printer, uint32_t code) {
    char text[5] = {0};
    if (code < 0x80) {
        text[0] = (char)code;
    } else if (code < 0x800) {
        text[0] = (char)(0xc0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        text[0] = (char)(0xe0 | code >> 12);
        text[1] = (char)(0x80 | (code >> 6 & 0x3f));
        text[2] = (char)(0x80 | (code & 0x3f));
    } else {
        text[0] = (char)(0xf0 | code >> 18);
        text[1] = (char)(0x80 | (code >> 12 & 0x3f));
        text[2] = (char)(0x80 | (code >> 6 & 0x3f));
        text[3] = (char)(0x80 | (code & 0x3f));
    }
    printer_add(printer, text);
}

/* Behind a number a digit would be read as a part of it. */
static void add_character(struct printer *printer, struct character character, char quote,
                          bool *numeric) {
    static const char LETTERS[] = "\a\b\t\n\v\f\r", NAMES[] = "abtnvfr";
    const char *letter =
        character.code && character.code < 0x20 ? strchr(LETTERS, (int)character.code) : NULL;
    bool digit = character.code >= '0' && character.code <= '9';
    bool control = character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0);
    bool was_numeric = *numeric;
    *numeric = false;
    if (character.code == ESCAPE) {
        printer_add(printer, "\\033");
    } else if (letter) {
        printer_format(printer, "\\%c", NAMES[letter - LETTERS]);
    } else if (!character.bad && !control && !(was_numeric && digit)) {
        if (character.code == (uint8_t)quote || character.code == '\\')
            printer_add(printer, "\\");
        add_utf8(printer, character.code);
    } else {
        printer_format(printer, character.code <= 0777 ? "\\%03o" : "\\x%x", character.code);
        *numeric = true;
    }
}

void quote_character(struct printer *printer, uint64_t code, struct quote_kind kind) {
    bool numeric = false;
    uint32_t mask = kind.width == 4 ? UINT32_MAX : (1u << 8 * kind.width) - 1;
    struct character character = {(uint32_t)code & mask, false};
    character.bad = (kind.width == 1 && character.code >= 0x80) || character.code > LAST_CODE;
    printer_format(printer, "%s'", kind.prefix);
    if (printer_is_rust(printer) && character.code >= 0x80)
        printer_format(printer, character.code < 0x100 ? "\\x%02x" : "\\u{%06x}", character.code);
    else
        add_character(printer, character, '\'', &numeric);
    printer_add(printer, "'");
}

static void open_quote(struct printer *printer, const char *prefix, bool *open, bool *any) {
    if (*open)
        return;
    printer_format(printer, "%s%s\"", *any ? ", " : "", prefix);
    *open = true;
    *any = true;
}

static void close_quote(struct printer *printer, bool *open) {
    if (*open)
        printer_add(printer, "\"");
    *open = false;
}

void quote_text(struct printer *printer, const uint8_t *bytes, size_t n, struct quote_kind kind,
                bool cut) {
    bool open = false, any = false, numeric = false;
    size_t size = n * kind.width, at = 0, shown = 0;
    if (n == 0) {
        printer_format(printer, "%s\"\"%s", kind.prefix, cut ? "..." : "");
        return;
    }
    while (at < size && shown < PRINTER_ELEMENTS) {
        struct character character, next;
        size_t length = decode(bytes + at, size - at, kind.width, &character), repeats = 1;
        size_t end = at + length;
        while (end < size) {
            size_t more = decode(bytes + end, size - end, kind.width, &next);
            if (next.code != character.code || next.bad != character.bad)
                break;
            end += more;
            repeats++;
        }
        if (repeats > PRINTER_REPEATS) {
            close_quote(printer, &open);
            printer_format(printer, "%s%s'", any ? ", " : "", kind.prefix);
            numeric = false;
            add_character(printer, character, '\'', &numeric);
            printer_format(printer, "' <repeats %zu times>", repeats);
            any = true;
            numeric = false;
            at = end;
            shown += repeats;
            continue;
        }
        open_quote(printer, kind.prefix, &open, &any);
        add_character(printer, character, '"', &numeric);
        at += length;
        shown++;
    }
    close_quote(printer, &open);
    if (cut || at < size)
        printer_add(printer, "...");
}

static bool is_zero(const uint8_t *unit, unsigned width) {
    return unit_at(unit, width) == 0;
}

bool quote_terminated(struct printer *printer, uint64_t address, struct quote_kind kind) {
    uint8_t bytes[BYTES_MAX];
    size_t wanted = PRINTER_ELEMENTS * kind.width;
    size_t got = activation_memory(printer->activation, address, bytes, wanted) / kind.width, n = 0;
    while (n < got && !is_zero(bytes + n * kind.width, kind.width))
        n++;
    if (got == 0)
        return false;
    quote_text(printer, bytes, n, kind, n == got);
    return true;
}

void quote_sized(struct printer *printer, uint64_t address, uint64_t n, struct quote_kind kind) {
    uint8_t bytes[BYTES_MAX];
    uint64_t wanted = n < PRINTER_ELEMENTS ? n : PRINTER_ELEMENTS;
    size_t got =
        activation_memory(printer->activation, address, bytes, wanted * kind.width) / kind.width;
    if (got == 0 && n > 0) {
        printer_outcome(printer, OUTCOME_NOT_CAPTURED);
        return;
    }
    quote_text(printer, bytes, got, kind, got < n);
}
