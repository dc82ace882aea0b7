// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: __malloc_info, main
// leaf: write_fails
// About the worst place: stdio's callback runs while malloc_info() holds an arena's lock.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
static ssize_t write_fails(void *cookie, const char *data, size_t size) {
    *(volatile int *)cookie = 1;
    return (ssize_t)size;
}
int main(void) {
    FILE *file = fopencookie(0, "w", (cookie_io_functions_t){.write = write_fails});
    setvbuf(file, 0, _IONBF, 0);
    return malloc_info(0, file);
}
