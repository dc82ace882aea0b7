// kind: null pointer
// title: SIGSEGV: Null pointer dereference: read of address 0x0
// chain: length @call, main @main
// leaf: strlen
#include <string.h>
static __attribute__((noinline)) unsigned long length(const char *text) {
    return strlen(text) + 1; // @call
}
int main(void) {
    const char *volatile text = 0;
    return (int)length(text); // @main
}
