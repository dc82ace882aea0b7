/* SPDX-License-Identifier: MIT */
/* Sentry DSN: scheme "://" public_key [ ":" secret_key ] "@" host [ ":" port ] [ path ] "/"
 * project_id */
#ifndef SENTRY_DSN_H
#define SENTRY_DSN_H

struct dsn {
    char *scheme, *public_key, *secret_key /* NULL if none */, *host /* with [] for IPv6 */;
    unsigned port; /* default filled in */
    char *path;    /* "" or "/prefix", no slash at its end */
    char *project;
};

/* 0, -EINVAL with *problem set to a static sentence for people ("the project id after the last '/'
 * is missing"), -ENOMEM. problem may be NULL. */
int dsn_parse(const char *text, struct dsn *ret, const char **problem);
void dsn_clear(struct dsn *dsn);

/* "https://host[:port]/path/api/42/envelope/": malloc'ed, NULL if no memory. */
char *dsn_envelope_url(const struct dsn *dsn);
/* Value of X-Sentry-Auth: malloc'ed, NULL if no memory. */
char *dsn_auth_header(const struct dsn *dsn);
/* "https://host/42": for logs and status, without keys. malloc'ed, NULL if no memory. */
char *dsn_display(const struct dsn *dsn);

#endif
