// SPDX-License-Identifier: MIT
// Variables of many kinds in C++, alive when the program dies deep inside.
#include <array>
#include <atomic>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

enum Color { RED, GREEN, BLUE };
enum class Mode : unsigned char { off, on = 4 };
enum Flags { FLAG_A = 1, FLAG_B = 2, FLAG_C = 4 };
struct Point {
    int x, y;
};
struct Base {
    int id;
    virtual ~Base() {}
};
struct Derived : Base {
    double weight;
    std::string name;
    Point at;
    unsigned flag : 3;
    int sign : 5;
    static constexpr int limit = 12;
};
struct Left : virtual Base {
    int left = 1;
};
struct Right : virtual Base {
    int right = 2;
};
struct Bottom : Left, Right {
    int bottom = 3;
};
struct Node {
    int value;
    Node *next;
    const char *label;
};
template <typename T, int N> struct Table {
    T *values[N];
    struct {
        int anonymous;
    };
    T &at(int i) { return *values[i]; }
};
static int *volatile nothing;
static int counter = 42;

// What somebody else may look at is in memory, whatever the compiler knows of it.
template <typename... T> static void keep(const T &...all) {
    (..., [](const void *p) { asm volatile("" : : "r"(p) : "memory"); }(&all));
}


namespace shop {
enum Size { SMALL, LARGE = 7 };
struct Order {
    enum class State { open, paid };
    std::string name;
    std::vector<int> items;
    Node *head;
    Size size;
    State state;
    int total(int n, const std::string &why, Point &&moved) const {
        static int calls = 7;
        calls += n;
        int sum = 0;
        for (int i : items) {
            int doubled = i * 2;
            sum += doubled;
            if (i > 1)
                sum += *(volatile int *)nothing + calls + (int)why.size() + moved.x;
        }
        return sum;
    }
};
}

__attribute__((noinline)) int die(int depth, const char *text, char c, bool b, float f, double d,
                                  long double wide, Point p, Derived &derived) {
    std::string shortest, little = "short", longer = "a rather long string that is on the heap";
    std::string_view view = longer;
    std::wstring wide_text = L"wide";
    std::vector<int> ints{1, 2, 3}, none_of_them;
    std::vector<bool> bits{true, false, true};
    std::vector<std::string> strings{"one", "two two two two two two two two two"};
    std::vector<Point> points{{1, 2}, {3, 4}};
    std::optional<int> some = 5, none;
    std::optional<std::string> some_text = "optional text";
    std::unique_ptr<Point> unique(new Point{1, 2}), empty_unique;
    std::shared_ptr<Point> shared = std::make_shared<Point>(Point{3, 4}), empty_shared;
    std::weak_ptr<Point> weak = shared;
    std::map<int, int> map{{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    std::map<std::string, std::vector<int>> names{{"a", {1}}, {"b", {}}};
    std::unordered_map<int, int> hash{{1, 2}};
    std::set<int> set{5, 6}, empty_set;
    std::deque<int> deque{1, 2, 3};
    std::list<int> list{4, 5}, empty_list;
    std::forward_list<int> forward{6, 7};
    std::queue<int> queue(deque);
    std::array<int, 3> array{7, 8, 9};
    std::variant<int, double> variant = 2.5;
    std::tuple<int, char> tuple{1, 'x'};
    std::pair<int, std::string> pair{1, "second"};
    std::atomic<int> atomic{5};
    int numbers[4] = {1, 2, 3, 4}, zeros[30] = {};
    char buffer[16] = "hello", raw[4] = {'a', 'b', 'c', 'd'};
    Color color = BLUE, bad = (Color)17;
    Mode mode = Mode::on;
    Flags flags = (Flags)(FLAG_A | FLAG_C);
    Node second{2, nullptr, "second"}, first{1, &second, "first"};
    union {
        int i;
        float f;
    } both;
    both.f = 1.5f;
    signed char negative = -5;
    unsigned char large = 200;
    unsigned long most = 18000000000000000000ul;
    char16_t c16 = u'x';
    char32_t c32 = U'y';
    const wchar_t *wide_pointer = L"wide";
    int (*function)(int, const char *, char, bool, float, double, long double, Point, Derived &) =
        die;
    int Point::*member = &Point::y;
    int *pointer = &numbers[1];
    void *anything = &numbers;
    int &reference = numbers[2];
    char *null = nullptr;
    const char *escaped = "tab\t\"quote\" \001\377 end";
    int *global = &counter;
    Table<int, 2> table = {{pointer, &counter}, {9}};
    Bottom bottom;
    shop::Order order{"order", {1, 2}, &first, shop::LARGE, shop::Order::State::paid};
    double infinite = 1e308 * 10, tenth = 0.1, big = 1e22;
    auto lambda = [=, &ints](int x) { return x + (int)ints.size() + numbers[1]; };
    keep(view, ints, none_of_them, strings, points, unique, shared, names, hash, set, deque, list);
    keep(variant, tuple, zeros, buffer, raw, bottom, table, lambda, some, none, pair, first);
    int r = order.total(depth + reference, longer, Point{5, 6});
    return r + lambda(2) + *pointer + both.i + negative + large + (int)most + c16 + c32 +
           (wide_pointer != 0) + (function != 0) + (member != 0) + (anything != 0) + (null != 0) +
           escaped[0] + *global + table.at(0) + bottom.bottom + (int)(infinite + tenth + big) +
           zeros[3] + buffer[0] + raw[0] + color + bad + (int)mode + flags + (int)view.size() +
           (int)c + b + (int)(f + d + wide) + p.x + derived.id + text[0] + unique->x;
}

int main(int argc, char **) {
    Derived derived;
    derived.id = 9;
    derived.weight = 2.25;
    derived.name = "derived";
    derived.at = {5, 6};
    derived.flag = 5;
    derived.sign = -3;
    char local[] = "text on the stack";
    keep(derived, local);
    return die(argc, local, 'q', true, 1.25f, 3.5, 2.75L, Point{10, 20}, derived);
}
