/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "symbolizer/demangle.h"

static void clean_is(const char *name, const char *expected) {
    BASE_CLEANUP(free)
    char *cleaned = demangle_clean(name);
    assert_non_null(cleaned);
    assert_string_equal(cleaned, expected);
}

static void full_is(const char *symbol, const char *expected) {
    BASE_CLEANUP(free)
    char *full = demangle_full(symbol);
    if (!expected) {
        assert_null(full);
        return;
    }
    assert_non_null(full);
    assert_string_equal(full, expected);
}

static void test_full(void **state) {
    full_is("_ZNSt6vectorIiSaIiEE9push_backEOi",
            "std::vector<int, std::allocator<int> >::push_back(int&&)");
    full_is("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const");
    full_is("_ZN3foo3bar17h0123456789abcdefE", "foo::bar");
    full_is("_RNCNvCs1234_7mycrate4main0B3_", "mycrate::main::{closure#0}");
    full_is("_D3foo3barFiZv", "foo.bar(int)");
    full_is("_Z1fv@@VERSION_1", "f()");
    full_is("main", NULL);
    full_is("_ZN", NULL);
    full_is("", NULL);
}

static void test_type(void **state) {
    BASE_CLEANUP(free)
    char *error = demangle_type("St13runtime_error");
    BASE_CLEANUP(free)
    char *local = demangle_type("*N3app5ErrorE");
    BASE_CLEANUP(free)
    char *number = demangle_type("i");
    BASE_CLEANUP(free)
    char *nothing = demangle_type("?");
    assert_string_equal(error, "std::runtime_error");
    assert_string_equal(local, "app::Error");
    assert_string_equal(number, "int");
    assert_string_equal(nothing, "?");
}

static void test_arguments(void **state) {
    clean_is("main", "main");
    clean_is("ns::Class::method(int) const", "ns::Class::method");
    clean_is("std::vector<int, std::allocator<int> >::push_back(int&&)",
             "std::vector<T>::push_back");
    clean_is("(anonymous namespace)::f(int)", "(anonymous namespace)::f");
    clean_is("f(int)::Local::g()", "f::Local::g");
    clean_is("A::~A()", "A::~A");
    clean_is("foo[abi:cxx11](int)", "foo");
    clean_is("non-virtual thunk to A::f()", "A::f");
    clean_is("X<&A::operator->>::f()", "X<T>::f");
}

static void test_return_types(void **state) {
    clean_is("int (anonymous namespace)::g<int>(int)", "(anonymous namespace)::g<T>");
    clean_is("decltype (a+b) foo<int>(int)", "foo<T>");
    clean_is("decltype(auto) foo<int>(int)", "foo<T>");
    clean_is("void (*getfn<int>(int))(char)", "getfn<T>");
    clean_is("int (A::*get<int>())(char)", "get<T>");
    clean_is("std::function<void (int)> make<int>(std::function<void (int)>)", "make<T>");
    clean_is("std::enable_if<((1)<(2)), int>::type foo<int>(int)", "foo<T>");
}

static void test_operators(void **state) {
    clean_is("operator<<", "operator<<");
    clean_is("std::ostream& operator<< <std::char_traits<char> >(std::ostream&, char const*)",
             "operator<< <T>");
    clean_is("bool operator< <int>(A<int> const&, A<int> const&)", "operator< <T>");
    clean_is("A::operator<(A const&) const", "A::operator<");
    clean_is("A::operator<=>(A const&) const", "A::operator<=>");
    clean_is("A::operator()(int) const", "A::operator()");
    clean_is("A::operator[](int)", "A::operator[]");
    clean_is("A::operator->() const", "A::operator->");
    clean_is("A::operator,(B)", "A::operator,");
    clean_is("A::operator bool() const", "A::operator bool");
    clean_is("A::operator std::vector<int, std::allocator<int> >() const",
             "A::operator std::vector<T>");
    clean_is("operator new[](unsigned long)", "operator new[]");
    clean_is("operator\"\" _km(long double)", "operator\"\" _km");
    clean_is("x::operatorname(int)", "x::operatorname");
}

static void test_lambdas(void **state) {
    clean_is("{lambda(int)#1}::operator()", "lambda");
    clean_is("main::{lambda(int)#1}::operator()(int) const", "main::lambda");
    clean_is("A::f() const::{lambda(int)#2}::operator()(int) const", "A::f::lambda");
    clean_is("main::<lambda(int)>::operator()", "main::lambda");
    clean_is("main::$_0::operator()(int) const", "main::lambda");
    clean_is("foo::bar::{{closure}}", "foo::bar::{{closure}}");
    clean_is("mycrate::main::{closure#0}", "mycrate::main::{{closure}}");
}

static void test_suffixes(void **state) {
    clean_is("foo.cold", "foo");
    clean_is("foo.isra.0", "foo");
    clean_is("foo.constprop.0.part.1", "foo");
    clean_is("foo(int) [clone .constprop.0] [clone .cold]", "foo");
    clean_is("memcpy@@GLIBC_2.14", "memcpy");
    clean_is("core::ptr::drop_in_place<alloc::string::String>::h0123456789abcdef",
             "core::ptr::drop_in_place<T>");
    clean_is("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
             "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop");
    clean_is("main.(*T).Method", "main.(*T).Method");
}

/* Whatever comes, it ends, stays in its memory, and gives something. */
static void test_broken(void **state) {
    static const char *const BROKEN[] = {
        "",
        "(",
        "<",
        "{",
        "[",
        "foo(",
        "foo<",
        "operator",
        "operator ",
        "operator<",
        "a::",
        "::",
        " ",
        "x (",
        "decltype (",
        "a<b>(c",
        "<<<<",
        ">>>>",
        "((((",
        "(*",
        "(*(*(*x",
        "{lambda",
        "$_",
        "a b c d",
        "non-virtual thunk to ",
        ".cold",
        "@",
        "::h0123456789abcdef",
    };
    for (size_t i = 0; i < sizeof(BROKEN) / sizeof(*BROKEN); i++) {
        BASE_CLEANUP(free)
        char *cleaned = demangle_clean(BROKEN[i]);
        assert_non_null(cleaned);
    }
    size_t size = 1 << 20;
    BASE_CLEANUP(free)
    char *deep = malloc(size + 1);
    for (const char *c = "(<{[* "; *c; c++) {
        memset(deep, *c, size);
        deep[size] = '\0';
        BASE_CLEANUP(free)
        char *cleaned = demangle_clean(deep);
        assert_non_null(cleaned);
        deep[60000] = '\0';
        BASE_CLEANUP(free)
        char *shorter = demangle_clean(deep);
        assert_non_null(shorter);
    }
}

/* Each level doubles the text: S_ refers to the pair before. */
static void test_exponential(void **state) {
    char symbol[4096] = "_Z1fI1pIiiE";
    for (char level = '0'; level <= '9'; level++)
        snprintf(symbol + strlen(symbol), 16, "1pIS%c_S%c_E", level, level);
    strcat(symbol, "EvT_");
    BASE_CLEANUP(free)
    char *full = demangle_full(symbol);
    assert_true(!full || strlen(full) < 64 << 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),        cmocka_unit_test(test_type),
        cmocka_unit_test(test_arguments),   cmocka_unit_test(test_return_types),
        cmocka_unit_test(test_operators),   cmocka_unit_test(test_lambdas),
        cmocka_unit_test(test_suffixes),    cmocka_unit_test(test_broken),
        cmocka_unit_test(test_exponential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
