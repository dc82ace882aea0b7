// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: fail @write, main @call
#include <unistd.h>
static void fail(int *where) {
    *where = 1; // @write
}
int main(int argc, char **argv) {
    unlink(argv[0]);
    fail(0); // @call
    return 0;
}
