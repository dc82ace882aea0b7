// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// Nothing of the heap and of the C library's variables is left.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char *block = malloc(100);
    for (int i = 0; i < 100; i++)
        block = malloc(1000);
    char *end = sbrk(0);
    memset(block - 50000, 0xa5, (size_t)(end - block) + 50000);
    *(volatile int *)0 = 1; // @write
}
