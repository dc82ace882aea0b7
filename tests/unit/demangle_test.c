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

struct naming {
    const char *symbol, *function, *raw; /* raw NULL: the symbol is no mangled one */
};

/* As gcc 12, clang 14 and rustc make them. */
static const struct naming CPP[] = {
    {"_ZN2ns3ArrIiLi3EEixEi", "ns::Arr<T>::operator[]", "ns::Arr<int, 3>::operator[](int)"},
    {"_ZNK2ns3ArrIiLi3EEcvbEv", "ns::Arr<T>::operator bool",
     "ns::Arr<int, 3>::operator bool() const"},
    {"_ZNK2ns3ArrIiLi3EEcvSt6vectorIiSaIiEEEv", "ns::Arr<T>::operator std::vector<T>",
     "ns::Arr<int, 3>::operator std::vector<int, std::allocator<int> >() const"},
    {"_ZNVKO2ns3ArrIiLi3EEclEi", "ns::Arr<T>::operator()",
     "ns::Arr<int, 3>::operator()(int) const volatile &&"},
    {"_ZN2ns3ArrIiLi3EEltIdEEbT_", "ns::Arr<T>::operator< <T>",
     "bool ns::Arr<int, 3>::operator< <double>(double)"},
    {"_ZNK2ns3ArrIiLi3EEssERKS1_", "ns::Arr<T>::operator<=>",
     "ns::Arr<int, 3>::operator<=>(ns::Arr<int, 3> const&) const"},
    {"_ZN2nsli3_kmEe", "ns::operator\"\" _km", "ns::operator\"\" _km(long double)"},
    {"_ZN2ns6getfntIiEEPFicET_", "ns::getfnt<T>", "int (*ns::getfnt<int>(int))(char)"},
    {"_ZN2ns6getarrIiEEPA3_T_S1_", "ns::getarr<T>", "int (*ns::getarr<int>(int)) [3]"},
    {"_ZN2ns6deduceIiEEDTplfp_Li1EET_", "ns::deduce<T>",
     "decltype ({parm#1}+(1)) ns::deduce<int>(int)"},
    {"_ZN2ns6taggedB3barB3fooEi", "ns::tagged", "ns::tagged[abi:bar][abi:foo](int)"},
    {"_ZN2ns12_GLOBAL__N_13hidIdEET_S2_", "ns::(anonymous namespace)::hid<T>",
     "double ns::(anonymous namespace)::hid<double>(double)"},
    {"_ZN2ns7nontypeIXadL_Z4mainEEEEiv", "ns::nontype<T>", "int ns::nontype<&main>()"},
    {"_ZN2ns5OuterC1Ei", "ns::Outer::Outer", "ns::Outer::Outer(int)"},
    {"_ZN2ns5OuterC2Ei", "ns::Outer::Outer", "ns::Outer::Outer(int)"},
    {"_ZN2ns5OuterD0Ev", "ns::Outer::~Outer", "ns::Outer::~Outer()"},
    {"_ZTv0_n24_N2ns1D1gEv", "ns::D::g", "virtual thunk to ns::D::g()"},
    {"_ZThn16_N1A1fEv", "A::f", "non-virtual thunk to A::f()"},
    {"_ZTcv0_n40_v0_n24_N2ns1D2clEv", "ns::D::cl", "covariant return thunk to ns::D::cl()"},
    {"_ZZ4useriENKUlT_DpT0_E0_clIdJiEEEDaS_S1_", "user::lambda<T>",
     "auto user(int)::{lambda(auto:1, (auto:2)...)#2}::operator()<double, int>(double, int) const"},
    {"_ZZ4useriENK3$_0clEi", "user::lambda", "user(int)::$_0::operator()(int) const"},
    {"_ZNK3$_3clEv", "lambda", "$_3::operator()() const"},
    {"_ZZ4useriEN5Local1tEi", "user::Local::t", "user(int)::Local::t(int)"},
    {"_ZZZ4useriEN5Local1tEiENKUlvE_clEv", "user::Local::t::lambda",
     "user(int)::Local::t(int)::{lambda()#1}::operator()() const"},
    {"_ZNSt17_Function_handlerIFivEZN1M1fEvEUlvE_E9_M_invokeERKSt9_Any_data",
     "std::_Function_handler<T>::_M_invoke",
     "std::_Function_handler<int (), M::f()::{lambda()#1}>::_M_invoke(std::_Any_data const&)"},
    {"_Z3foov.isra.0", "foo", "foo() [clone .isra.0]"},
    {"_Z3foov.part.0.cold", "foo", "foo() [clone .part.0] [clone .cold]"},
    {"_Z3foov.constprop.1.lto_priv.0", "foo", "foo() [clone .constprop.1] [clone .lto_priv.0]"},
    {"_Z3foov@plt", "foo@plt", "foo()@plt"},
    {"_Z3foov@@VERSION_1", "foo", "foo()"},
};

static const struct naming RUST[] = {
    {"_ZN3foo3bar17h0123456789abcdefE", "foo::bar", "foo::bar"},
    {"_ZN3foo3bar17h0123456789abcdefE.llvm.1234", "foo::bar", "foo::bar"},
    {"_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "main::{{closure}}",
     "main::{{closure}}"},
    {"_ZN4core3ops8function6FnOnce40call_once$u7b$$u7b$vtable.shim$u7d$$u7d$17h0123456789abcdefE",
     "core::ops::function::FnOnce::call_once{{vtable.shim}}",
     "core::ops::function::FnOnce::call_once{{vtable.shim}}"},
    {"_ZN70_$LT$alloc..vec..Vec$LT$T$C$A$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop"
     "17h0123456789abcdefE",
     "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
     "<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop"},
    {"_RNCNvCs1234_7mycrate4main0B3_", "mycrate::main::{{closure}}", "mycrate::main::{closure#0}"},
    {"_RNvXs_C4mainNtB4_3FooNtB4_3Bar3baz", "<main::Foo as main::Bar>::baz",
     "<main::Foo as main::Bar>::baz"},
    {"_RINvC4main3fooNCNvB2_3bar0EB2_", "main::foo::<T>", "main::foo::<main::bar::{closure#0}>"},
    {"_RNvMs_C4mainINtB4_3VecpE4push", "<main::Vec<T>>::push", "<main::Vec<_>>::push"},
    {"_RNSC4main6vtable", "main::{shim}", "main::{shim:vtable#0}"},
    {"_RNvC1a1b.llvm.123", "a::b", "a::b"},
};

static const struct naming OTHERS[] = {
    {"_D3foo3barFiZv", "foo.bar", "foo.bar(int)"},
    {"_D3std5stdio__T7writelnTiZ7writelnFNfiZv", "std.stdio.writeln!(T).writeln",
     "std.stdio.writeln!(int).writeln(int)"},
    {"_D3foo3barFiZ3bazMFZv", "foo.bar.baz", "foo.bar(int).baz()"},
    {"_D3foo1S6methodMxFiZv", "foo.S.method", "foo.S.method(int) const"},
    {"-[NSString(Cat) foo:bar:]", "-[NSString(Cat) foo:bar:]", NULL},
    {"+[Foo new]", "+[Foo new]", NULL},
    {"__foo_block_invoke_2", "__foo_block_invoke_2", NULL},
    {"main.foo[go.shape.int]", "main.foo", NULL},
    {"main.main.func1.1", "main.main.func1.1", NULL},
    {"inner.0", "inner", NULL},
    {"foo._omp_fn.0", "foo", NULL},
    {"foo.avx2.0", "foo", NULL},
    {"foo.lto_priv.0.cold", "foo", NULL},
    {"foo@plt", "foo@plt", NULL},
};

static void check_naming(const struct naming *naming, size_t n) {
    for (size_t i = 0; i < n; i++) {
        full_is(naming[i].symbol, naming[i].raw);
        clean_is(naming[i].raw ? naming[i].raw : naming[i].symbol, naming[i].function);
    }
}

static void test_table(void **state) {
    check_naming(CPP, sizeof CPP / sizeof *CPP);
    check_naming(RUST, sizeof RUST / sizeof *RUST);
    check_naming(OTHERS, sizeof OTHERS / sizeof *OTHERS);
}

/* Names of several thousand characters are no rarity. */
static void test_long(void **state) {
    char symbol[8000] = "_Z1fI";
    for (size_t i = 0; i < 100; i++)
        strcat(symbol, "43a_name_that_is_as_long_as_people_make_them_");
    strcat(symbol, "EvT_");
    BASE_CLEANUP(free)
    char *full = demangle_full(symbol);
    assert_non_null(full);
    assert_memory_equal(full, "void f<a_name_that", 18);
    clean_is(full, "f<T>");
}

/* What nests as deep as it is long must not take the stack with it. */
static void test_deep(void **state) {
    static const char *const PARTS[] = {"P", "1AI", "F", "plfp_", "K", "N1A", "DTX", "M1A"};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        char symbol[20000] = "_Z1f";
        size_t length = strlen(PARTS[i]);
        for (size_t at = 4; at + length < sizeof symbol - 1; at += length)
            memcpy(symbol + at, PARTS[i], length + 1);
        for (size_t size = 1000; size < sizeof symbol; size += 500) {
            BASE_CLEANUP(free)
            char *cut = strndup(symbol, size);
            BASE_CLEANUP(free)
            char *full = demangle_full(cut);
            assert_true(!full || strlen(full) < 64 << 10);
        }
    }
}

/* Each of D's tuples is two of the former, by reference. */
static void test_exponential_d(void **state) {
    char symbol[512] = "_D3fooFB2iiB2QgQi";
    for (size_t i = 0; i < 60; i++)
        strcat(symbol, "B2QiQk");
    strcat(symbol, "Zv");
    full_is(symbol, NULL);
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
        cmocka_unit_test(test_full),          cmocka_unit_test(test_type),
        cmocka_unit_test(test_arguments),     cmocka_unit_test(test_return_types),
        cmocka_unit_test(test_operators),     cmocka_unit_test(test_lambdas),
        cmocka_unit_test(test_suffixes),      cmocka_unit_test(test_broken),
        cmocka_unit_test(test_exponential),   cmocka_unit_test(test_table),
        cmocka_unit_test(test_long),          cmocka_unit_test(test_deep),
        cmocka_unit_test(test_exponential_d),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
