// kind: freed memory
// title: SIGSEGV: Use of freed or uninitialised memory
// chain: follow @read, main @main
struct node { int value; struct node *next; };
static __attribute__((noinline)) int follow(struct node *p) {
    return p->value; // @read
}
int main(void) {
    struct node *volatile p = (struct node *)0xdeadbeefdeadbeef;
    return follow(p); // @main
}
