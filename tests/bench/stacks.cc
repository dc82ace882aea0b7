// SPDX-License-Identifier: MIT
// stacks c|cxx: dies of a null pointer, 8 frames of C below main's callers, or 16 of C++.
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {
volatile int *nowhere;

// Tail calls and inlining would leave nothing to unwind.
#define CALL __attribute__((noinline, optimize("no-optimize-sibling-calls")))

CALL int fault(int n) {
    return *nowhere + n;
}
CALL int store(int n) {
    return fault(n + 1) ^ n;
}
CALL int change(int n) {
    return store(n + 1) ^ n;
}
CALL int serve(int n) {
    return change(n + 1) ^ n;
}

struct Handler {
    virtual ~Handler() = default;
    virtual int handle(const std::string &name, int n) = 0;
};
template <typename T> struct Named : Handler {
    T value{};
    std::map<std::string, std::function<int(int)>> actions;
    CALL int handle(const std::string &name, int n) override {
        return actions.at(name)(n) + n;
    }
};
template <typename T> CALL int dispatch(Named<T> &handler, int n) {
    std::vector<int> values(8, n);
    std::for_each(values.begin(), values.end(),
                  [&](int v) CALL { n += handler.handle("store", v); });
    return n;
}
CALL int serve_objects(int n) {
    Named<double> inner;
    Named<std::string> outer;
    inner.actions["store"] = [](int v) CALL { return store(v); };
    outer.actions["store"] = [&](int v) CALL { return dispatch(inner, v) + v; };
    return dispatch(outer, n);
}
} // namespace

int main(int argc, char **argv) {
    return std::strcmp(argv[argc - 1], "cxx") == 0 ? serve_objects(argc) : serve(argc);
}
