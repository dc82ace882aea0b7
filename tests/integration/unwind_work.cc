/* SPDX-License-Identifier: MIT */
/* The same for C++: exceptions, templates, virtual and library calls. */
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>
#include <algorithm>
struct Guard {
    int *p;
    ~Guard() {
        ++*p;
    }
};
struct Base {
    virtual ~Base() {
    }
    virtual int go(int) = 0;
};
struct Derived : Base {
    int go(int x) override {
        if (x == 3)
            throw std::runtime_error("three");
        return x * 2;
    }
};
__attribute__((noinline)) int guarded(Base &b, int x, int *count) {
    Guard g{count};
    return b.go(x) + 1;
}
__attribute__((noinline)) int run() {
    Derived d;
    int count = 0, sum = 0;
    for (int i = 0; i < 5; i++)
        try {
            sum += guarded(d, i, &count);
        } catch (const std::exception &e) {
            sum += e.what()[0];
        }
    std::map<std::string, int> m;
    for (int i = 0; i < 20; i++)
        m[std::to_string(i)] = i;
    std::vector<int> v;
    for (auto &x : m)
        v.push_back(x.second * 7 % 20);
    std::sort(v.begin(), v.end(), [&](int a, int b) { return a > b; });
    std::function<int(int)> f = [&](int n) { return n ? f(n - 1) + v[n] : 0; };
    sum += f(5);
    std::ostringstream o;
    o << sum << ' ' << 2.5;
    sum += (int)o.str().size();
    return sum + count;
}
int main() {
    asm volatile("int3");
    int r = run();
    asm volatile("int3");
    return r & 1;
}
