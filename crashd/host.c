/* SPDX-License-Identifier: MIT */
#include "crashd/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/text.h"

/* NAME=value of os-release(5), quotes taken off. */
static void add_os_release(json_t *description, char *text) {
    static const struct {
        const char *variable, *name;
    } wanted[] = {{"ID=", "os_name"}, {"VERSION_ID=", "os_version"}, {"PRETTY_NAME=", "os_pretty"}};
    char *line;
    while ((line = strsep(&text, "\n"))) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (!text_starts_with(line, wanted[i].variable))
                continue;
            char *value = line + strlen(wanted[i].variable);
            size_t length = strlen(value);
            if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
                value[length - 1] = '\0';
                value++;
            }
            json_object_set_new(description, wanted[i].name, json_string(value));
        }
    }
}

int host_read(struct host *ret) {
    struct utsname names;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size;
    json_t *description = ret->description = json_object();
    if (!description)
        return -ENOMEM;
    if (io_read_file(AT_FDCWD, "/usr/lib/os-release", 1 << 16, &text, &size) == 0)
        add_os_release(description, text);
    if (uname(&names) == 0) {
        json_object_set_new(description, "kernel", json_string(names.release));
        json_object_set_new(description, "server_name", json_string(names.nodename));
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES),
         page = sysconf(_SC_PAGESIZE);
    if (processors > 0)
        json_object_set_new(description, "processors", json_integer(processors));
    if (pages > 0 && page > 0)
        json_object_set_new(description, "memory_size", json_integer((json_int_t)pages * page));
    return 0;
}

void host_clear(struct host *host) {
    json_decref(host->description);
    host->description = NULL;
}

void host_user_id(uint32_t uid, char text[33]) {
    /* Random, made for this purpose once; the uid makes it a different application each. */
    sd_id128_t id = SD_ID128_MAKE(6e, 1d, 0b, 53, 9a, 54, 4c, 0e, 8f, 27, 3d, b1, 00, 00, 00, 00);
    for (int i = 0; i < 4; i++)
        id.bytes[12 + i] = (uint8_t)(uid >> (8 * i));
    sd_id128_t hash;
    text[0] = '\0';
    if (sd_id128_get_machine_app_specific(id, &hash) >= 0)
        hex_encode(hash.bytes, sizeof hash.bytes, text);
}
