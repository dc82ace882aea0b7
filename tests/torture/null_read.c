// kind: null pointer
// title: SIGSEGV: Null pointer dereference: read of address 0x8
// chain: read_next @read, walk @walk, main @main
struct node { long key; struct node *next; };
static __attribute__((noinline)) long read_next(struct node *n) {
    return (long)n->next; // @read
}
static __attribute__((noinline)) long walk(struct node *n) {
    long r = read_next(n); // @walk
    return r + 1;
}
int main(int argc, char **argv) {
    long r = walk(argc > 5 ? (struct node *)argv : 0); // @main
    return (int)r;
}
