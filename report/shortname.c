/* SPDX-License-Identifier: MIT */
#include "report/shortname.h"

#include <string.h>

void shortname(const char *name, char *text, size_t size) {
    static const struct {
        const char *full, *usual;
    } names[] = {
        {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
         "std::string"},
        {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view"},
        {"std::basic_ostream<char, std::char_traits<char> >", "std::ostream"},
        {"std::basic_istream<char, std::char_traits<char> >", "std::istream"},
    };
    size_t used = 0;
    while (*name && used + 1 < size) {
        size_t i = 0, n = sizeof names / sizeof *names;
        while (i < n && strncmp(name, names[i].full, strlen(names[i].full)) != 0)
            i++;
        if (i == n) {
            text[used++] = *name++;
            continue;
        }
        size_t length = strlen(names[i].usual);
        if (length >= size - used)
            break;
        memcpy(text + used, names[i].usual, length);
        used += length;
        name += strlen(names[i].full);
    }
    text[used] = '\0';
}
