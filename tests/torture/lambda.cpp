// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: main::lambda, apply<T>, main
template <typename F> __attribute__((noinline)) int apply(F f, int *p) {
    return f(p) + 1;
}
int main() {
    int *volatile p = nullptr;
    return apply([](int *q) { return *q; }, p);
}
