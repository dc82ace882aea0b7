// signal: SIGABRT
// kind: assertion
// title: Assertion failed: list->length == 2 && "two"
// chain: check @assert, main @main
#include <assert.h>
struct list { int length; };
static __attribute__((noinline)) void check(struct list *list) {
    assert(list->length == 2 && "two"); // @assert
}
int main(int argc, char **argv) {
    struct list list = {argc};
    check(&list); // @main
    return 0;
}
