/* SPDX-License-Identifier: MIT */
/* Calls the functions of unwind_hand.S between two traps. */
long pushes(long), wrong(long), bare(long), table(long), tails(long);
static int back(void) {
    return 3;
}
int (*callback)(void) = back;
__attribute__((noinline)) long work(long n) {
    volatile long r = pushes(n);
    r += wrong(n);
    r += bare(n);
    r += bare(0);
    r += table(0);
    r += table(1);
    r += tails(n);
    return r;
}
int main(int c, char **v) {
    asm volatile("int3");
    long r = work(c);
    asm volatile("int3");
    return r & 1;
}
