// build: -rdynamic
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: malloc @write, main @call
// The program's own allocator dies.
#include <stddef.h>
#include <string.h>
static volatile int armed;
static char memory[1 << 20];
static size_t used;
void *malloc(size_t size) {
    if (armed)
        *(volatile int *)0 = 1; // @write
    used += (size + 15) & ~(size_t)15;
    return memory + used - ((size + 15) & ~(size_t)15);
}
void free(void *pointer) {
}
void *calloc(size_t count, size_t size) {
    return memset(malloc(count * size), 0, count * size);
}
void *realloc(void *old, size_t size) {
    return memmove(malloc(size), old ? old : memory, old ? size : 0);
}
int main(void) {
    armed = 1;
    return malloc(10) != 0; // @call
}
