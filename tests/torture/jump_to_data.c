// kind: bad jump
// title: SIGSEGV: Jump to 0x[0-9a-f]+, which is no code
// chain: dispatch @call, main @main
static char data[4096];
static __attribute__((noinline)) int dispatch(int (*callback)(int), int n) {
    return callback(n) + 1; // @call
}
int main(int argc, char **argv) {
    return dispatch((int (*)(int))(void *)data, argc); // @main
}
