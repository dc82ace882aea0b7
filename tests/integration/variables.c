/* SPDX-License-Identifier: MIT */
/* Variables of many kinds in C, alive when the program dies deep inside. */
#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

struct list {
    struct list *next;
    int value;
    const char *label;
};
enum priority { LOW, MIDDLE = 5, HIGH };
enum flags { READ = 1, WRITE = 2, APPEND = 8 };
struct config {
    char name[32];
    unsigned flags : 3;
    int level : 7;
    double ratio;
    enum priority priority;
    union {
        int64_t whole;
        int32_t half[2];
    } both;
    struct {
        short a, b;
    } inner;
    uint8_t mac[6];
    bool on;
    void (*callback)(int);
};
typedef int (*compare_t)(const void *, const void *);
typedef struct {
    float x, y, z;
} vector_t;
typedef int four_t __attribute__((vector_size(16)));

static int *volatile nothing;
int counter = 3;

/* What somebody else may look at is in memory, whatever the compiler knows of it. */
static void keep(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

static __thread int own = 77;

static void add(int x) { counter += x; }

__attribute__((noinline)) static int die(struct config *config, struct list *list, int depth,
                                         uint64_t big, float part) {
    static int calls = 3;
    static const char *const names[] = {"alpha", "beta", 0};
    char buffer[64];
    int local = depth * 2, *null = 0;
    snprintf(buffer, sizeof buffer, "depth %d of %s", depth, config->name);
    calls++;
    local += (int)strlen(buffer) + own + list->value;
    for (int i = 0; i < 4; i++) {
        int square = i * i;
        if (square > 3) {
            long inner = square + (long)big;
            local += *nothing + (int)inner + names[i & 1][0] + (int)(part * 2);
        }
    }
    return local + (null == 0);
}

static inline int between(const struct list *head, int factor) {
    int sum = 0;
    for (const struct list *at = head; at; at = at->next)
        sum += at->value * factor;
    struct config config = {.name = "between", .level = sum, .ratio = 0.5, .on = true};
    int result = die(&config, (struct list *)head, sum, 1ull << 40, 1.5f);
    return result + config.level;
}

__attribute__((noinline)) static double middle(vector_t v, double factor, const char *text, int n,
                                               struct config config, ...) {
    int vla[n], grid[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    for (int i = 0; i < n; i++)
        vla[i] = i * n;
    float f = v.x * 2, infinite = 1.0f / (f - f);
    double d = factor / 3;
    long double wide = factor / 7;
    _Complex double z = 1 + 2 * I;
    struct list second = {0, 2, "second"}, first = {&second, n, text}, array[2] = {first, second};
    compare_t compare = (compare_t)strcmp;
    int *p = &vla[1], many[30] = {0};
    unsigned char bytes[5] = {1, 2, 0xff, 'a', 0};
    wchar_t letters[] = L"wide";
    short s = -7;
    char negative = -1, quote = '\'', text_of_many[40] = "------------------------- many";
    size_t length = strlen(text);
    ptrdiff_t distance = p - vla;
    time_t when = 1700000000;
    enum flags flags = READ | APPEND, unknown = (enum flags)64;
    four_t four = {1, 2, 3, 4};
    __int128 huge = (__int128)1 << 100;
    bool yes = n > 0;
    keep(vla);
    keep(grid);
    keep(array);
    keep(many);
    keep(bytes);
    keep(letters);
    keep(text_of_many);
    keep(&z);
    int r = between(&first, n) + die(&config, &first, n, 1ull << 40, 2.5f);
    return r + f + infinite + d + (double)wide + creal(z) + (compare == 0) + grid[1][1] +
           array[1].value + *p + many[3] + bytes[1] + letters[0] + s + negative + quote +
           text_of_many[1] + (double)length + (double)distance + (double)when + flags + unknown +
           four[1] + (double)huge + yes;
}

__attribute__((noinline)) static int outer(int argc, char **argv) {
    struct config config = {
        .name = "main config",
        .flags = 5,
        .level = -3,
        .ratio = 0.1,
        .priority = MIDDLE,
        .both.whole = 0x100000002,
        .inner = {1, 2},
        .mac = {1, 2, 3, 4, 5, 6},
        .on = true,
        .callback = add,
    };
    vector_t v = {1.5f, -2.25f, 1e10f};
    char *copy = strdup("a text that is on the heap");
    struct list *heap = malloc(sizeof *heap);
    *heap = (struct list){.value = 9, .label = copy};
    keep(&config);
    keep(&v);
    double r = middle(v, 2.5, copy, argc + 3, config, 1, 2);
    return r > 3 && heap->value && argv;
}

int main(int argc, char **argv) {
    int r = outer(argc, argv);
    printf("%d\n", r);
    return r;
}
