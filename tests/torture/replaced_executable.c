// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @fault, main @main
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* An upgrade of a running program: another file stands where it came from. */
static int replace(const char *path) {
    char new[4096];
    struct stat status;
    int from = open("/bin/true", O_RDONLY), to;

    snprintf(new, sizeof new, "%s.new", path);
    to = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (from < 0 || to < 0 || fstat(from, &status) < 0 ||
        sendfile(to, from, NULL, (size_t)status.st_size) != status.st_size)
        return -1;
    close(to);
    return rename(new, path);
}

static __attribute__((noinline)) void fault(volatile int *nowhere) {
    *nowhere = 1; // @fault
}

int main(int argc, char **argv) {
    if (argc < 1 || replace(argv[0]) < 0)
        return 1;
    fault(NULL); // @main
    return 0;
}
