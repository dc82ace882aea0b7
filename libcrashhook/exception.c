/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. Calling into libstdc++ is out of the question: what() may be the program's,
 * and even the address of a thread-local variable may allocate. So the layout of the Itanium C++
 * ABI, which cannot change, is read as memory.
 */
#include "libcrashhook/exception.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/text.h"

enum {
    CODE_SIZE = 64,
    /* struct __cxa_exception, from its start; libc++ has two more words before the rest. */
    EXCEPTION_TYPE = 0,
    EXCEPTION_CLASS = 80,
    EXCEPTION_OBJECT = 112, /* it follows the header */
    LIBCXX_SHIFT = 16,
    BASES_MAX = 8,
    DEPTH_MAX = 16,
    DTV_ENTRY_GLIBC = 16,
    DTV_ENTRY_MUSL = 8,
};

static const struct {
    const char *type, *what;
} CONSTANT_WHAT[] = {
    {"St9exception", "std::exception"},
    {"St13bad_exception", "std::bad_exception"},
    {"St9bad_alloc", "std::bad_alloc"},
    {"St20bad_array_new_length", "std::bad_array_new_length"},
    {"St8bad_cast", "std::bad_cast"},
    {"St10bad_typeid", "std::bad_typeid"},
    {"St17bad_function_call", "bad_function_call"},
    {"St12bad_weak_ptr", "bad_weak_ptr"},
    {"St19bad_optional_access", "bad optional access"},
    {"St12bad_any_cast", "bad any_cast"},
};

/* Through the thread's own table, without asking the dynamic linker. */
static uint64_t thread_variable(struct capture *capture, uint64_t get_globals) {
    uint64_t thread = capture->request.cause->registers[SNAPSHOT_REGISTER_FS_BASE];
    uint64_t index, module, offset, table, block;
    struct memory *memory = &capture->memory;
    uint8_t code[CODE_SIZE];
    int64_t addend;
    size_t from = 0, entry;

    entry = modules_named(&capture->modules, "ld-musl-", &from) != NULL ? DTV_ENTRY_MUSL
                                                                        : DTV_ENTRY_GLIBC;
    if (!memory_read_all(memory, get_globals, code, sizeof code) ||
        !arch_tls_reference(code, sizeof code, get_globals, &index, &addend) ||
        !memory_word(memory, index, &module) || !memory_word(memory, index + 8, &offset) ||
        !memory_word(memory, thread + 8, &table) || module == 0 || module > 65536 ||
        !memory_word(memory, table + module * entry, &block) || block == 0 || block == UINT64_MAX)
        return 0;
    return block + offset + (uint64_t)addend;
}

static bool type_name(struct memory *memory, uint64_t type, char *name, size_t size) {
    uint64_t address;

    if (!memory_word(memory, type + 8, &address) || memory_string(memory, address, name, size) == 0)
        return false;
    /* A star marks names that are compared by address. */
    if (name[0] == '*') {
        for (char *at = name; *at != '\0'; at++)
            at[0] = at[1];
    }
    return true;
}

/* Which kind of type_info it is says the type of the type_info itself, next to its vtable. */
static bool kind_of(struct memory *memory, uint64_t type, char *kind, size_t size) {
    uint64_t vtable, own_type;

    return memory_word(memory, type, &vtable) && memory_word(memory, vtable - 8, &own_type) &&
           type_name(memory, own_type, kind, size);
}

static bool what_of_type(const char *name, struct memory *memory, uint64_t object, char *what,
                         size_t size) {
    uint64_t text;

    if (text_equal(name, "St13runtime_error") || text_equal(name, "St11logic_error") ||
        text_equal(name, "St18bad_variant_access"))
        return memory_word(memory, object + 8, &text) &&
               memory_string(memory, text, what, size) > 0;
    return false;
}

/* The part of the object that is one of the standard classes which keep a text. */
static bool find_what(struct memory *memory, uint64_t type, uint64_t object, int depth, char *what,
                      size_t size) {
    char name[64], kind[64];
    uint64_t base, count;

    if (depth > DEPTH_MAX || !type_name(memory, type, name, sizeof name))
        return false;
    if (what_of_type(name, memory, object, what, size))
        return true;
    if (!kind_of(memory, type, kind, sizeof kind))
        return false;
    if (text_equal(kind, "N10__cxxabiv120__si_class_type_infoE"))
        return memory_word(memory, type + 16, &base) &&
               find_what(memory, base, object, depth + 1, what, size);
    if (!text_equal(kind, "N10__cxxabiv121__vmi_class_type_infoE") ||
        !memory_word(memory, type + 16, &count))
        return false;
    count >>= 32; /* behind the flags */
    for (uint64_t i = 0; i < count && i < BASES_MAX; i++) {
        uint64_t flags;
        if (!memory_word(memory, type + 24 + 16 * i, &base) ||
            !memory_word(memory, type + 32 + 16 * i, &flags))
            return false;
        /* Where a virtual base is, is known to the object's vtable alone. */
        if ((flags & 1) == 0 && find_what(memory, base, object + (uint64_t)((int64_t)flags >> 8),
                                          depth + 1, what, size))
            return true;
    }
    return false;
}

static void read_what(struct exception *exception, struct memory *memory, uint64_t type,
                      uint64_t object) {
    if (find_what(memory, type, object, 0, exception->what, sizeof exception->what))
        return;
    exception->what[0] = '\0';
    for (size_t i = 0; i < sizeof CONSTANT_WHAT / sizeof *CONSTANT_WHAT; i++) {
        if (text_equal(exception->type, CONSTANT_WHAT[i].type))
            text_copy(exception->what, CONSTANT_WHAT[i].what,
                      text_length(CONSTANT_WHAT[i].what) + 1);
    }
}

/* "GNUCC++" or libc++'s "CLNGC++" as a big number; the last byte tells one that was rethrown. */
static bool find_header(struct memory *memory, uint64_t *header, bool *rethrown) {
    uint64_t class;

    if (memory_word(memory, *header + EXCEPTION_CLASS, &class) &&
        text_same_bytes((const uint8_t *)&class + 1, "++CCUNG", 7)) {
        *rethrown = (class & 0xff) == 1;
        return true;
    }
    if (!memory_word(memory, *header + LIBCXX_SHIFT + EXCEPTION_CLASS, &class) ||
        !text_same_bytes((const uint8_t *)&class + 1, "++CGNLC", 7))
        return false;
    *rethrown = (class & 0xff) == 1;
    *header += LIBCXX_SHIFT;
    return true;
}

bool exception_read(struct exception *exception, struct capture *capture, uint64_t get_globals) {
    struct memory *memory = &capture->memory;
    uint64_t globals = thread_variable(capture, get_globals), header, type, object, uncaught;
    bool rethrown;

    text_zero(exception, sizeof *exception);
    if (globals == 0 || !memory_word(memory, globals, &header) || header == 0 ||
        !memory_word(memory, globals + 8, &uncaught) || !find_header(memory, &header, &rethrown))
        return false;
    exception->uncaught = (uint32_t)uncaught;
    object = header + EXCEPTION_OBJECT;
    /* A rethrown one has the primary object in place of the type. */
    if (rethrown && !memory_word(memory, header + EXCEPTION_TYPE, &object))
        return false;
    if (!memory_word(memory, object - EXCEPTION_OBJECT + EXCEPTION_TYPE, &type) ||
        !type_name(memory, type, exception->type, sizeof exception->type))
        return false;
    read_what(exception, memory, type, object);
    return true;
}
