// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: compare @read, main @sort
#include <stdlib.h>
static int compare(const void *a, const void *b) {
    return **(int *const *)a - **(int *const *)b; // @read
}
int main(void) {
    int one = 1, *list[3] = {&one, 0, &one};
    qsort(list, 3, sizeof *list, compare); // @sort
    return 0;
}
