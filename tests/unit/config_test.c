/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "config/config.h"
#include "config/value.h"

static char directory[64], file[80];

static int set_up(void **state) {
    strcpy(directory, "/tmp/crashd-config-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(file, sizeof file, "%s/crashd.conf", directory);
    return 0;
}

static int tear_down(void **state) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static void write_file(const char *path, const char *text) {
    assert_int_equal(io_write_file_atomic(AT_FDCWD, path, text, strlen(text)), 0);
}

static struct config *load(const char *text) {
    struct config *config = NULL;
    struct config_error error;
    write_file(file, text);
    if (config_load(file, NULL, &config, &error) < 0)
        fail_msg("%s", error.text);
    return config;
}

static void assert_wrong(const char *text, const char *expected) {
    struct config *config = NULL;
    struct config_error error;
    write_file(file, text);
    assert_true(config_load(file, NULL, &config, &error) < 0);
    if (!strstr(error.text, expected))
        fail_msg("\"%s\" is not in \"%s\"", expected, error.text);
    /* At a line and a column of this file. */
    assert_int_equal(strncmp(error.text, file, strlen(file)), 0);
}

static void defaults_hold(void **state) {
    struct config *config = load("");
    enum config_level level;
    assert_null(config_text(config, CONFIG_DSN, NULL, &level));
    assert_int_equal(level, CONFIG_LEVEL_DEFAULT);
    assert_int_equal(config_quantity(config, CONFIG_MAX_SNAPSHOT, NULL), 16 << 20);
    assert_int_equal(config_quantity(config, CONFIG_UPLOAD_TIMEOUT, NULL), 30000000000);
    assert_null(config_text(config, CONFIG_DEBUGINFOD_URLS, NULL, NULL));
    assert_int_equal(config_quantity(config, CONFIG_DEBUGINFOD_TIMEOUT, NULL), 10000000000);
    assert_int_equal(config_quantity(config, CONFIG_DEBUGINFOD_MAX_SIZE, NULL), 512 << 20);
    assert_int_equal(config_quantity(config, CONFIG_RETENTION_COUNT, NULL), 1000);
    assert_false(config_boolean(config, CONFIG_SEND_DEFAULT_PII, NULL));
    config_free(config);
}

static void every_key_has_a_right_default(void **state) {
    for (int i = 0; i < CONFIG_KEYS; i++) {
        char text[300];
        const struct config_key_info *key = &config_keys[i];
        assert_non_null(key->name);
        assert_non_null(key->description);
        if (!key->standard)
            continue;
        snprintf(text, sizeof text, "[crashd]\n%s = %s\n", key->name, key->standard);
        config_free(load(text));
    }
}

static void the_special_wins(void **state) {
    struct config *config = load("[unit web*.service]\nrelease = unit\n"
                                 "[exe /opt/*]\nrelease = exe\n"
                                 "[exe /opt/shop/*]\nrelease = longer\n"
                                 "[user 1000]\nrelease = user\n"
                                 "[crashd]\nrelease = all\n");
    struct config_subject subject = {0};
    enum config_level level;
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, &level), "all");
    assert_int_equal(level, CONFIG_LEVEL_CRASHD);
    subject = (struct config_subject){.has_uid = true, .uid = 1000};
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, &level), "user");
    assert_int_equal(level, CONFIG_LEVEL_SPECIAL);
    subject.exe = "/opt/x/y";
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, NULL), "exe");
    subject.exe = "/opt/shop/orderd";
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, NULL), "longer");
    subject.unit = "web7.service";
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, NULL), "unit");
    subject.unit = "db.service";
    assert_string_equal(config_text(config, CONFIG_RELEASE, &subject, NULL), "longer");
    assert_string_equal(config_text(config, CONFIG_RELEASE, NULL, NULL), "all");
    config_free(config);
}

static int collect(void *context, const char *name, const char *value) {
    char *text = context;
    sprintf(text + strlen(text), "%s=%s ", name, value);
    return 0;
}

static void tags_add_up(void **state) {
    char text[200] = "";
    struct config *config = load("[exe /opt/*]\ntags = b=3\n[crashd]\ntags = a=1  b=2\n"
                                 "tags = c=x=y\n[exe /usr/*]\ntags = d=4\n");
    struct config_subject subject = {.exe = "/opt/x"};
    assert_int_equal(config_pairs(config, CONFIG_TAGS, &subject, collect, text), 0);
    assert_string_equal(text, "a=1 b=2 c=x=y b=3 ");
    config_free(config);
}

static void source_maps_add_up(void **state) {
    char text[200] = "";
    struct config *config = load("[exe /opt/*]\nsource-map = .=/c\n[crashd]\n"
                                 "source-map = /build=/a /ci=/b\ntags = a=1\n");
    struct config_subject subject = {.exe = "/opt/x"};
    assert_int_equal(config_pairs(config, CONFIG_SOURCE_MAP, &subject, collect, text), 0);
    assert_string_equal(text, "/build=/a /ci=/b .=/c ");
    config_free(config);
}

static void later_files_win(void **state) {
    char path[120];
    snprintf(path, sizeof path, "%s.d", file);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s.d/20-b.conf", file);
    write_file(path, "[crashd]\nrelease = b\n");
    snprintf(path, sizeof path, "%s.d/10-a.conf", file);
    write_file(path, "[crashd]\nrelease = a\nenvironment = a\n");
    snprintf(path, sizeof path, "%s.d/30-c.conf.dpkg-old", file);
    write_file(path, "rubbish");
    struct config *config = load("[crashd]\nrelease = main\n");
    assert_string_equal(config_text(config, CONFIG_RELEASE, NULL, NULL), "b");
    assert_string_equal(config_text(config, CONFIG_ENVIRONMENT, NULL, NULL), "a");
    config_free(config);
}

static void lines_as_systemd_has_them(void **state) {
    struct config *config = load("\r\n# c\n ; c\n[crashd]  \n\trelease   =  a b \\\n  c  \n"
                                 "environment=\nproxy = http://x/?a=b#c");
    assert_string_equal(config_text(config, CONFIG_RELEASE, NULL, NULL), "a b     c");
    assert_string_equal(config_text(config, CONFIG_ENVIRONMENT, NULL, NULL), "");
    assert_string_equal(config_text(config, CONFIG_PROXY, NULL, NULL), "http://x/?a=b#c");
    config_free(config);
}

static void errors_say_where_and_what(void **state) {
    assert_wrong("[crashd]\n dns = x\n", ":2:2: unknown key \"dns\"; did you mean \"dsn\"?");
    assert_wrong("[crashd]\nquite-other = x\n", ":2:1: unknown key \"quite-other\"");
    assert_wrong("[crashd]\ndsn\n", ":2:1: \"key = value\" expected");
    assert_wrong("[crashd]\n= x\n", ":2:1: \"key = value\" expected");
    assert_wrong("[crashd\n", ":1:8: \"]\" expected");
    assert_wrong("[crashd x]\n", "[crashd] takes no name");
    assert_wrong("[exe]\n", "the name is missing");
    assert_wrong("[unti x]\n", "did you mean \"unit\"?");
    assert_wrong("[crashd]\nmax-snapshot = 4 K\n", ":2:16: max-snapshot: a size expected");
    assert_wrong("[crashd]\nmax-snapshot = 99999999999T\n", "a size expected");
    assert_wrong("[crashd]\nupload-timeout = soon\n", ":2:18: upload-timeout: a time expected");
    assert_wrong("[crashd]\nsend-default-pii = maybe\n", "yes or no expected");
    assert_wrong("[crashd]\nca-file = ca.pem\n", "an absolute path expected");
    assert_wrong("[crashd]\ndebug-directories = /a b\n", "absolute paths expected");
    assert_wrong("[crashd]\ndebuginfod-urls = https://a file:///b\n", "http:// or https://");
    assert_wrong("[crashd]\ndebuginfod-urls = http:///b\n", "http:// or https://");
    assert_wrong("[user root]\ndebuginfod-urls = http://b\n", "belongs into [crashd]");
    assert_wrong("[crashd]\ntags = a=1 b\n", "NAME=VALUE expected");
    assert_wrong("[crashd]\nsource-map = /build=here\n", "FROM=TO expected");
    assert_wrong("[crashd]\nsource-map = /build\n", "FROM=TO expected");
    assert_wrong("[user root]\nretention-count = 1\n", "belongs into [crashd]");
    assert_wrong("\n\\\n\n[crashd]\nx = \\\n\\\n1\nserver = sentri\n", ":5:1: unknown key");
}

static int refuse(const char *text, const char **problem) {
    *problem = "the '@' is missing";
    return -EINVAL;
}

static void a_dsn_is_not_repeated(void **state) {
    struct config *config = NULL;
    struct config_error error;
    write_file(file, "[crashd]\ndsn = secret-key\n");
    assert_int_equal(config_load(file, refuse, &config, &error), -EINVAL);
    assert_null(strstr(error.text, "secret-key"));
}

static void long_lines_are_whole(void **state) {
    char text[6000] = "[crashd]\nrelease = ";
    size_t length = strlen(text);
    memset(text + length, 'x', 5000);
    struct config *config = load(text);
    assert_int_equal(strlen(config_text(config, CONFIG_RELEASE, NULL, NULL)), 5000);
    config_free(config);
}

static void a_named_file_must_be_there(void **state) {
    struct config *config = NULL;
    struct config_error error;
    assert_int_equal(config_load("/nonexistent/crashd.conf", NULL, &config, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/crashd.conf"));
}

static void values(void **state) {
    uint64_t n;
    bool b;
    assert_true(value_size("512", &n) && n == 512);
    assert_true(value_size("1k", &n) && n == 1024);
    assert_true(value_size("2MiB", &n) && n == 2 << 20);
    assert_false(value_size("", &n) || value_size("K", &n) || value_size("-1", &n) ||
                 value_size("1X", &n) || value_size("1K1", &n));
    assert_true(value_duration("90", &n) && n == 90000000000);
    assert_true(value_duration("1h 30min", &n) && n == 5400000000000);
    assert_true(value_duration("2d1s", &n) && n == 172801000000000);
    assert_true(value_duration("5ms", &n) && n == 5000000);
    assert_false(value_duration("", &n) || value_duration("1 fortnight", &n) ||
                 value_duration("999999999999w", &n) || value_duration("s", &n));
    assert_true(value_boolean("Yes", &b) && b);
    assert_true(value_boolean("off", &b) && !b);
    assert_false(value_boolean("2", &b));
}

#define WITH_FILE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS("config", WITH_FILE(defaults_hold), WITH_FILE(every_key_has_a_right_default),
          WITH_FILE(the_special_wins), WITH_FILE(tags_add_up), WITH_FILE(source_maps_add_up),
          WITH_FILE(later_files_win), WITH_FILE(lines_as_systemd_has_them),
          WITH_FILE(errors_say_where_and_what), WITH_FILE(a_dsn_is_not_repeated),
          WITH_FILE(long_lines_are_whole), WITH_FILE(a_named_file_must_be_there),
          cmocka_unit_test(values))
