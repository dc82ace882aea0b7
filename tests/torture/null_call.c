// kind: bad jump
// title: SIGSEGV: Call through a null function pointer
// chain: dispatch @call, main @main
static __attribute__((noinline)) int dispatch(int (*callback)(int), int n) {
    return callback(n) + 1; // @call
}
int main(int argc, char **argv) {
    int (*volatile callback)(int) = 0;
    return dispatch(callback, argc); // @main
}
