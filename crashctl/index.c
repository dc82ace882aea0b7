/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crashctl/indexdir.h"
#include "crashctl/verbs.h"
#include "symbolizer/file.h"
#include "symbolizer/index/place.h"

static const char HELP[] =
    "crashctl index [OPTION...] FILE...\n"
    "\n"
    "Makes of the debug information of programs and libraries what looking up their addresses\n"
    "needs, a file for each build-id: crashctl symbolize --index DIR and reports are faster with\n"
    "it, and need the debug information only for variables.\n"
    "\n"
    "  -o, --output DIR  where the files go, DIR/ab/cdef.idx (/var/cache/crashd/index for root,\n"
    "                    else ~/.cache/crashd/index)\n"
    "  -f, --force       also what is up to date\n";

BASE_DEFINE_CLEANUP(symbolizer_file_close, struct symbolizer_file *, symbolizer_file_close);

struct index_command {
    int directory;
    const char *path;
    bool force;
};

static const char *explain(int r) {
    switch (r) {
    case -ENOEXEC:
        return "not an ELF file";
    case -EINVAL:
        return "it has no build-id";
    case -ENODATA:
        return "there is no debug information of it";
    case -ENOENT:
        return "a file with parts of its debug information is missing";
    case -EFBIG:
    case -E2BIG:
        return "its debug information is too large";
    default:
        return strerror(-r);
    }
}

/* Bytes of debug sections, decompressed. */
static uint64_t debug_size(const struct elf_file *file) {
    uint64_t sum = 0;
    size_t names;
    Elf_Scn *section = NULL;
    if (elf_getshdrstrndx(file->elf, &names) != 0)
        return 0;
    while ((section = elf_nextscn(file->elf, section))) {
        GElf_Shdr shdr;
        GElf_Chdr chdr;
        if (!gelf_getshdr(section, &shdr) || shdr.sh_type == SHT_NOBITS)
            continue;
        const char *name = elf_strptr(file->elf, names, shdr.sh_name);
        if (!name || (strncmp(name, ".debug_", 7) != 0 && strncmp(name, ".zdebug_", 8) != 0))
            continue;
        sum += shdr.sh_flags & SHF_COMPRESSED && gelf_getchdr(section, &chdr) ? chdr.ch_size
                                                                              : shdr.sh_size;
    }
    return sum;
}

static bool is_up_to_date(const struct index_command *command, const struct elf_file *image) {
    struct index_place place = {.fd = command->directory, .is_directory = true};
    BASE_CLEANUP(index_close)
    struct index *index = NULL;
    return index_place_open(&place, image->build_id, image->build_id_size, &index) == 0;
}

/* A new file beside the one to be, renamed when it is whole. */
static int write_index(const struct index_command *command, struct symbolizer_file *file,
                       const char *name, off_t *size) {
    char directory[] = "xx", temporary[64];
    memcpy(directory, name, 2);
    if (mkdirat(command->directory, directory, 0777) < 0 && errno != EEXIST)
        return -errno;
    snprintf(temporary, sizeof(temporary), "%s/.new-%ld", directory, (long)getpid());
    BASE_CLEANUP(close)
    int fd = openat(command->directory, temporary,
                    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return -errno;
    struct stat st = {0};
    /* crashctl gc sees that it is in use. */
    flock(fd, LOCK_EX | LOCK_NB);
    int r = symbolizer_file_index(file, fd, 0);
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r == 0 && renameat(command->directory, temporary, command->directory, name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(command->directory, temporary, 0);
    else
        *size = st.st_size;
    return r;
}

static int index_file(const struct index_command *command, const char *path) {
    BASE_CLEANUP(symbolizer_file_close)
    struct symbolizer_file *file = NULL;
    char name[INDEX_NAME_SIZE];
    off_t size = 0;
    int r = symbolizer_file_open(path, NULL, &file);
    if (r < 0)
        return r;
    const struct elf_file *image = symbolizer_file_image(file);
    index_place_name(image->build_id, image->build_id_size, name);
    if (*name == '\0')
        return -EINVAL;
    if (!command->force && is_up_to_date(command, image)) {
        printf("%s: up to date, %s/%s\n", path, command->path, name);
        return 0;
    }
    r = write_index(command, file, name, &size);
    if (r < 0)
        return r;
    const struct elf_file *debug = symbolizer_file_debug(file);
    uint64_t of = debug_size(debug ? debug : image);
    printf("%s: %.1f MiB for %.1f MiB in %s, %s/%s\n", path, (double)size / (1 << 20),
           (double)of / (1 << 20), debug ? debug->path : "itself", command->path, name);
    return 0;
}

int verb_index(int argc, char **argv) {
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct index_command command = {0};
    int option, status = EXIT_OK;
    while ((option = getopt_long(argc, argv, "o:fh", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            command.path = optarg;
            break;
        case 'f':
            command.force = true;
            break;
        case 'h':
            fputs(HELP, stdout);
            return EXIT_OK;
        default:
            fputs(HELP, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    BASE_CLEANUP(free)
    char *standard = command.path ? NULL : indexdir_default();
    if (!command.path)
        command.path = standard;
    BASE_CLEANUP(close)
    int directory = command.path ? indexdir_make(command.path) : -ENOMEM;
    if (directory < 0) {
        fprintf(stderr, "crashctl: %s: %s\n", command.path ? command.path : "index",
                strerror(-directory));
        return EXIT_FAILED;
    }
    command.directory = directory;
    for (int i = optind; i < argc; i++) {
        int r = index_file(&command, argv[i]);
        if (r < 0) {
            fprintf(stderr, "crashctl: %s: %s\n", argv[i], explain(r));
            status = EXIT_FAILED;
        }
    }
    return status;
}
