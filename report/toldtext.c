/* SPDX-License-Identifier: MIT */
#include "report/toldtext.h"

#include <string.h>
#include <time.h>

enum { BREADCRUMBS_SHOWN = 10, NAME_COLUMN = 12 };

/* Values may have several lines; a list has one for each entry. */
static void print_line(FILE *out, const char *text) {
    fprintf(out, "%.*s%s", (int)strcspn(text, "\n"), text, strchr(text, '\n') ? " ..." : "");
}

static void print_pairs(FILE *out, const struct report_pair *pairs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "  %s=", pairs[i].name);
        print_line(out, pairs[i].value);
    }
    fputc('\n', out);
}

static void print_breadcrumb(FILE *out, const struct report_breadcrumb *crumb) {
    time_t seconds = (time_t)(crumb->time / 1000000000u);
    struct tm local;
    char time[16] = "";
    if (localtime_r(&seconds, &local))
        strftime(time, sizeof time, "%H:%M:%S", &local);
    fprintf(out, "    %s.%03u  %-7s  ", time, (unsigned)(crumb->time / 1000000u % 1000u),
            crumb->level);
    if (crumb->category)
        fprintf(out, "%s: ", crumb->category);
    print_line(out, crumb->message ? crumb->message : "");
    print_pairs(out, crumb->data, crumb->n_data);
}

void toldtext_print(FILE *out, const struct crash_report *report) {
    size_t first = 0;
    if (report->n_breadcrumbs) {
        fputs("\n  before that\n", out);
        if (report->n_breadcrumbs > BREADCRUMBS_SHOWN) {
            first = report->n_breadcrumbs - BREADCRUMBS_SHOWN;
            fprintf(out, "    ... %zu earlier ...\n", first);
        }
        for (size_t i = first; i < report->n_breadcrumbs; i++)
            print_breadcrumb(out, &report->breadcrumbs[i]);
    }
    if (report->user.n_values || report->n_told)
        fputs("\n  as the program says\n", out);
    if (report->user.n_values) {
        fprintf(out, "    %-*s", NAME_COLUMN, "user");
        print_pairs(out, report->user.values, report->user.n_values);
    }
    for (size_t i = 0; i < report->n_told; i++) {
        fprintf(out, "    %-*s", NAME_COLUMN, report->told[i].name ? report->told[i].name : "");
        print_pairs(out, report->told[i].values, report->told[i].n_values);
    }
}
