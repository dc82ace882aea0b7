/* SPDX-License-Identifier: MIT */
/* Async-signal-safe. */
#include "libcrashhook/message.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/exception.h"
#include "libcrashhook/symbols.h"
#include "libcrashhook/text.h"

enum { ABORT_TEXT_SIZE = 8 * 1024, STACK_WORDS = 2048 };

/* std::terminate(), and what has no name of its own right before it: __terminate(), which noexcept
 * ends in. Nobody has caught an exception that got there. */
#define TERMINATE "_ZSt9terminatev"
enum { TERMINATE_BEFORE = 0x60 };

static uint64_t find_in(struct capture *capture, const struct module *module, const char *name,
                        uint64_t *size) {
    struct module_image image;
    struct symbols symbols;

    if (!module_read_image(module, &capture->memory, &image) ||
        !symbols_open(&symbols, module->bias, module_dynamic(module, &image), &capture->memory))
        return 0;
    return symbols_find(&symbols, name, size);
}

/* glibc's struct abort_msg_s *__abort_msg: an unsigned size, then the text. */
void message_write_abort(struct capture *capture) {
    char *text = (char *)capture->scratch;
    const struct module *libc;
    uint64_t variable, message, size, length;
    size_t from = 0;
    uint32_t room;

    libc = modules_named(&capture->modules, "libc.so", &from);
    if (libc == NULL) {
        from = 0;
        libc = modules_named(&capture->modules, "libc-", &from);
    }
    if (libc == NULL || (variable = find_in(capture, libc, "__abort_msg", &size)) == 0 ||
        !memory_word(&capture->memory, variable, &message) || message == 0 ||
        !memory_read_all(&capture->memory, message, &room, sizeof room))
        return;
    if (room > ABORT_TEXT_SIZE)
        room = ABORT_TEXT_SIZE;
    if (room < 2)
        return;
    length = memory_string(&capture->memory, message + sizeof room, text, room);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    if (length == 0)
        return;
    snapshot_writer_begin(&capture->writer, SNAPSHOT_SECTION_ABORT, length + 64);
    snapshot_writer_str(&capture->writer, SNAPSHOT_ABORT_TEXT, text, length);
    snapshot_writer_end(&capture->writer);
}

/* Is a call from within the function on the crashed thread's stack? */
static bool is_on_stack(struct capture *capture, uint64_t function, uint64_t size) {
    uint64_t *words = (uint64_t *)capture->scratch;
    uint64_t sp = capture->request.cause->registers[SNAPSHOT_REGISTER_RSP] & ~(uint64_t)7;
    size_t got;

    if (function == 0)
        return false;
    got = memory_read(&capture->memory, sp, words, STACK_WORDS * sizeof *words);
    for (size_t i = 0; i < got / sizeof *words; i++) {
        if (words[i] > function && words[i] - function <= size)
            return true;
    }
    return false;
}

void message_write_exception(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    const struct module *module;
    struct exception exception;
    uint64_t size = 0, globals = 0, terminate;
    size_t from = 0;

    /* Its own library, libc++'s, or the program, if it exports the function. */
    while ((module = modules_named(&capture->modules, "", &from)) != NULL) {
        bool candidate = module == &capture->modules.modules[0] ||
                         modules_is_file(module, "libstdc++.so") ||
                         modules_is_file(module, "libc++abi.so");
        if (candidate && (globals = find_in(capture, module, "__cxa_get_globals_fast", &size)) != 0)
            break;
    }
    if (globals == 0 || !exception_read(&exception, capture, globals))
        return;
    terminate = find_in(capture, module, TERMINATE, &size);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_EXCEPTION, sizeof exception + 128);
    if (exception.type[0] != '\0')
        capture_string(capture, SNAPSHOT_EXCEPTION_TYPE, exception.type);
    if (exception.what[0] != '\0')
        capture_string(capture, SNAPSHOT_EXCEPTION_WHAT, exception.what);
    snapshot_writer_bool(writer, SNAPSHOT_EXCEPTION_CAUGHT,
                         terminate == 0 || !is_on_stack(capture, terminate - TERMINATE_BEFORE,
                                                        size + TERMINATE_BEFORE));
    snapshot_writer_uint(writer, SNAPSHOT_EXCEPTION_UNCAUGHT, exception.uncaught);
    snapshot_writer_end(writer);
}
