/* SPDX-License-Identifier: MIT */
/* A compiler that sees what a function leaves alone keeps values over its call where the calling
 * convention lets the function change them. */
static volatile int zero;

__attribute__((noinline)) static int die(const int *where) {
    return zero + *(const volatile int *)where;
}

__attribute__((noinline)) static int middle(const int *where, int number, long wide) {
    return die(where) + number + (int)wide;
}

__attribute__((noinline)) static int outer(const int *where, int number, long wide) {
    return middle(where, number + 1, wide * 2) + number + (int)wide;
}

int main(int argc, char **argv) {
    return outer(zero ? &argc : 0, argc + 4, argc * 70000000000L);
}
