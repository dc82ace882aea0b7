/* SPDX-License-Identifier: MIT */
#include "sentry/dsn.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sentry/envelope.h"

static int refuse(const char **problem, const char *text) {
    *problem = text;
    return -EINVAL;
}

/* Anything else would let a DSN write headers or a second path of its own. */
static bool plain(const char *text, const char *allowed) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr(allowed, *text))
            return false;
    return true;
}

static int parse_port(const char *text, unsigned *port) {
    char *end;
    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    unsigned long number = strtoul(text, &end, 10);
    if (*end || number == 0 || number > 65535)
        return -EINVAL;
    *port = (unsigned)number;
    return 0;
}

/* host [ ":" port ], in place: cuts the port off. */
static int parse_authority(char *authority, unsigned *port, const char **problem) {
    char *colon = strrchr(authority, ':');
    if (*authority == '[') {
        char *bracket = strchr(authority, ']');
        if (!bracket)
            return refuse(problem, "the host's '[' is not closed");
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        if (!colon && bracket[1])
            return refuse(problem, "only a port may follow the host's ']'");
    }
    if (colon) {
        *colon = '\0';
        if (parse_port(colon + 1, port) < 0)
            return refuse(problem, "the port is not a number from 1 to 65535");
    }
    if (!*authority)
        return refuse(problem, "the host is missing");
    if (!plain(authority, ".-_[]:"))
        return refuse(problem, "the host has a character that no host name has");
    return 0;
}

static int parse_keys(char *keys, const char **problem, char **secret) {
    *secret = strchr(keys, ':');
    if (*secret)
        *(*secret)++ = '\0';
    if (!*keys)
        return refuse(problem, "the public key before '@' is missing");
    if (!plain(keys, "-_.") || (*secret && !plain(*secret, "-_.")))
        return refuse(problem, "the key has a character that no key has");
    return 0;
}

int dsn_parse(const char *text, struct dsn *ret, const char **problem) {
    const char *ignored;
    BASE_CLEANUP(free)
    char *copy = strdup(text);
    char *secret = NULL;

    if (!problem)
        problem = &ignored;
    if (!copy)
        return -ENOMEM;
    char *rest = strstr(copy, "://");
    if (!rest)
        return refuse(problem, "it does not begin with http:// or https://");
    *rest = '\0';
    rest += 3;
    bool tls = strcmp(copy, "https") == 0;
    if (!tls && strcmp(copy, "http") != 0)
        return refuse(problem, "the scheme is neither http nor https");
    char *host = strchr(rest, '@');
    if (!host)
        return refuse(problem, "the '@' between key and host is missing");
    *host++ = '\0';
    int r = parse_keys(rest, problem, &secret);
    if (r < 0)
        return r;
    char *path = strchr(host, '/');
    if (!path)
        return refuse(problem, "the project id after the last '/' is missing");
    *path++ = '\0';
    char *project = strrchr(path, '/');
    if (project) {
        *project++ = '\0';
    } else {
        project = path;
        path = (char *)"";
    }
    if (!*project)
        return refuse(problem, "the project id after the last '/' is missing");
    if (!plain(project, "-_"))
        return refuse(problem, "the project id has a character that no project id has");
    if (!plain(path, "/-_.~%"))
        return refuse(problem, "the path has a character that is not allowed in a URL's path");
    unsigned port = tls ? 443 : 80;
    r = parse_authority(host, &port, problem);
    if (r < 0)
        return r;

    struct dsn dsn = {
        .scheme = strdup(copy),
        .public_key = strdup(rest),
        .secret_key = secret ? strdup(secret) : NULL,
        .host = strdup(host),
        .port = port,
        .project = strdup(project),
    };
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    if (asprintf(&dsn.path, "%s%.*s", length ? "/" : "", (int)length, path) < 0)
        dsn.path = NULL;
    if (!dsn.scheme || !dsn.public_key || (secret && !dsn.secret_key) || !dsn.host || !dsn.path ||
        !dsn.project) {
        dsn_clear(&dsn);
        return -ENOMEM;
    }
    *ret = dsn;
    return 0;
}

void dsn_clear(struct dsn *dsn) {
    free(dsn->scheme);
    free(dsn->public_key);
    free(dsn->secret_key);
    free(dsn->host);
    free(dsn->path);
    free(dsn->project);
    *dsn = (struct dsn){0};
}

static const char *port_suffix(const struct dsn *dsn, char text[8]) {
    unsigned usual = strcmp(dsn->scheme, "https") == 0 ? 443 : 80;
    if (dsn->port == usual)
        return "";
    snprintf(text, 8, ":%u", dsn->port);
    return text;
}

char *dsn_envelope_url(const struct dsn *dsn) {
    char port[8], *url;
    if (asprintf(&url, "%s://%s%s%s/api/%s/envelope/", dsn->scheme, dsn->host,
                 port_suffix(dsn, port), dsn->path, dsn->project) < 0)
        return NULL;
    return url;
}

char *dsn_auth_header(const struct dsn *dsn) {
    char *header;
    if (asprintf(&header,
                 "Sentry sentry_key=%s, sentry_version=7, sentry_client=" SENTRY_CLIENT_NAME
                 "/" CRASHD_VERSION "%s%s",
                 dsn->public_key, dsn->secret_key ? ", sentry_secret=" : "",
                 dsn->secret_key ? dsn->secret_key : "") < 0)
        return NULL;
    return header;
}

char *dsn_display(const struct dsn *dsn) {
    char port[8], *text;
    if (asprintf(&text, "%s://%s%s%s/%s", dsn->scheme, dsn->host, port_suffix(dsn, port), dsn->path,
                 dsn->project) < 0)
        return NULL;
    return text;
}
