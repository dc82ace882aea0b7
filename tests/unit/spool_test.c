/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crashd/bundle.h"
#include "crashd/facts.h"
#include "crashd/recover.h"
#include "crashd/spool.h"

#define ID  "0123456789abcdef0123456789abcdef"
#define ID2 "1123456789abcdef0123456789abcdef"

static char directory[64];
static struct spool spool;

static int set_up(void **state) {
    strcpy(directory, "/tmp/crashd-spool-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return spool_open(root, &spool);
}

static int tear_down(void **state) {
    char command[100];
    for (int i = 0; i < SPOOL_STATES; i++)
        close(spool.states[i]);
    close(spool.root);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static void put(enum spool_state at, const char *id, const char *name, const char *text) {
    int entry = spool_entry(&spool, at, id);
    if (entry == -ENOENT) {
        assert_int_equal(mkdirat(spool.states[at], id, 0700), 0);
        entry = spool_entry(&spool, at, id);
    }
    assert_true(entry >= 0);
    assert_int_equal(io_write_file_atomic(entry, name, text, strlen(text)), 0);
    close(entry);
}

static void an_entry_goes_its_way(void **state) {
    int entry = spool_create(&spool, ID);
    assert_true(entry >= 0);
    close(entry);
    assert_int_equal(spool_create(&spool, ID), -EEXIST);
    assert_int_equal(spool_find(&spool, ID), SPOOL_INCOMING);
    assert_int_equal(spool_move(&spool, ID, SPOOL_INCOMING, SPOOL_CAPTURED), 0);
    assert_int_equal(spool_find(&spool, ID), SPOOL_CAPTURED);
    assert_int_equal(spool_move(&spool, ID, SPOOL_INCOMING, SPOOL_CAPTURED), -ENOENT);
    put(SPOOL_CAPTURED, ID, "snapshot", "x");
    assert_int_equal(spool_remove(&spool, SPOOL_CAPTURED, ID), 0);
    assert_int_equal(spool_find(&spool, ID), -ENOENT);
}

static void ids_are_no_paths(void **state) {
    static const char *const wrong[] = {"",
                                        "..",
                                        "../outbox",
                                        "0123",
                                        ID "0",
                                        "0123456789ABCDEF0123456789abcdef",
                                        "../../../../../../../../../../etc"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(spool_create(&spool, wrong[i]), -EINVAL);
        assert_int_equal(spool_entry(&spool, SPOOL_OUTBOX, wrong[i]), -EINVAL);
        assert_int_equal(spool_move(&spool, wrong[i], SPOOL_OUTBOX, SPOOL_FAILED), -EINVAL);
        assert_int_equal(spool_find(&spool, wrong[i]), -EINVAL);
    }
}

static void a_link_is_no_entry(void **state) {
    assert_int_equal(symlinkat("/etc", spool.states[SPOOL_CAPTURED], ID), 0);
    assert_true(spool_entry(&spool, SPOOL_CAPTURED, ID) < 0);
}

static int count(void *context, const char *id) {
    ++*(int *)context;
    return 0;
}

static void only_entries_are_walked(void **state) {
    int n = 0;
    put(SPOOL_OUTBOX, ID, "event.json", "{}");
    put(SPOOL_OUTBOX, ID2, "event.json", "{}");
    assert_int_equal(mkdirat(spool.states[SPOOL_OUTBOX], "lost+found", 0700), 0);
    assert_int_equal(spool_each(&spool, SPOOL_OUTBOX, count, &n), 0);
    assert_int_equal(n, 2);
}

static void json_is_an_object_or_nothing(void **state) {
    put(SPOOL_OUTBOX, ID, "a", "{\"x\":1}");
    put(SPOOL_OUTBOX, ID, "b", "[1]");
    put(SPOOL_OUTBOX, ID, "c", "{\"x\":");
    int entry = spool_entry(&spool, SPOOL_OUTBOX, ID);
    json_t *object = spool_read_json(entry, "a");
    assert_int_equal(json_integer_value(json_object_get(object, "x")), 1);
    json_decref(object);
    assert_null(spool_read_json(entry, "b"));
    assert_null(spool_read_json(entry, "c"));
    assert_null(spool_read_json(entry, "d"));
    close(entry);
}

static void recovery(void **state) {
    static const char with[] = "a0000000000000000000000000000000",
                      without[] = "b0000000000000000000000000000000",
                      damaged[] = "c0000000000000000000000000000000",
                      again[] = "d0000000000000000000000000000000",
                      lost[] = "e0000000000000000000000000000000",
                      fine[] = "f0000000000000000000000000000000";
    put(SPOOL_INCOMING, with, "snapshot", "part");
    put(SPOOL_INCOMING, without, "facts.json", "{}");
    put(SPOOL_CAPTURED, damaged, "snapshot", "");
    put(SPOOL_CAPTURED, damaged, "facts.json", "{}");
    put(SPOOL_OUTBOX, again, "snapshot", "x");
    put(SPOOL_OUTBOX, again, "facts.json", "{}");
    put(SPOOL_OUTBOX, again, "event.json", "");
    put(SPOOL_OUTBOX, lost, "delivery.json", "{}");
    put(SPOOL_OUTBOX, fine, "event.json", "{}");
    put(SPOOL_OUTBOX, fine, "delivery.json", "{}");
    spool_recover(&spool);
    assert_int_equal(spool_find(&spool, with), SPOOL_CAPTURED);
    assert_int_equal(spool_find(&spool, without), -ENOENT);
    assert_int_equal(spool_find(&spool, damaged), SPOOL_FAILED);
    assert_int_equal(spool_find(&spool, again), SPOOL_CAPTURED);
    assert_int_equal(spool_find(&spool, lost), SPOOL_FAILED);
    assert_int_equal(spool_find(&spool, fine), SPOOL_OUTBOX);
    int entry = spool_entry(&spool, SPOOL_CAPTURED, with);
    json_t *facts = spool_read_json(entry, "facts.json");
    assert_true(json_is_true(json_object_get(facts, "incomplete")));
    assert_true(json_is_false(json_object_get(facts, "identified")));
    assert_string_equal(json_string_value(json_object_get(facts, "event_id")), with);
    json_decref(facts);
    close(entry);
}

static void bundles(void **state) {
    char event[] = "{\"a\":1}", text[] = "some\0thing", summary[] = "";
    struct bundle bundle = {.data = {event, text, summary}, .size = {7, 10, 0}}, back;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    assert_int_equal(bundle_write(fd, &bundle), 0);
    assert_int_equal(bundle_read(fd, &back), 0);
    for (int i = 0; i < BUNDLE_PARTS; i++) {
        assert_int_equal(back.size[i], bundle.size[i]);
        assert_memory_equal(back.data[i], bundle.data[i], bundle.size[i]);
    }
    bundle_clear(&back);
    off_t size = lseek(fd, 0, SEEK_END);
    for (off_t cut = 0; cut < size; cut++) {
        assert_int_equal(ftruncate(fd, cut), 0);
        assert_int_equal(bundle_read(fd, &back), -EBADMSG);
    }
    uint64_t huge[] = {UINT64_MAX, 1, 1};
    assert_int_equal(pwrite(fd, "CRASHD-1", 8, 0), 8);
    assert_int_equal(pwrite(fd, huge, sizeof huge, 8), sizeof huge);
    assert_int_equal(bundle_read(fd, &back), -EBADMSG);
    close(fd);
}

static void assert_names(const char *cgroup, const char *unit, const char *container) {
    char *u = facts_unit(cgroup), *c = facts_container(cgroup);
    assert_string_equal(u ? u : "none", unit);
    assert_string_equal(c ? c : "none", container);
    free(u);
    free(c);
}

static void units_and_containers(void **state) {
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    assert_names("0::/system.slice/nginx.service\n", "nginx.service", "none");
    assert_names("0::/system.slice/system-my\\x2dapp.slice/my-app@x.service/sub\n",
                 "my-app@x.service", "none");
    assert_names("0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service\n",
                 "foo.service", "none");
    assert_names("12:cpu:/x\n1:name=systemd:/system.slice/old.service\n", "old.service", "none");
    assert_names("0::/system.slice/docker-" SHA ".scope\n", "docker-" SHA ".scope", SHA);
    assert_names("0::/machine.slice/libpod-" SHA ".scope/container\n", "libpod-" SHA ".scope", SHA);
    assert_names("5:memory:/docker/" SHA "\n", "none", SHA);
    assert_names("0::/lxc.payload.web/init.scope\n", "init.scope", "web");
    assert_names("0::/\n", "none", "none");
    assert_names("", "none", "none");
}

#define WITH_SPOOL(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS("spool", WITH_SPOOL(an_entry_goes_its_way), WITH_SPOOL(ids_are_no_paths),
          WITH_SPOOL(a_link_is_no_entry), WITH_SPOOL(only_entries_are_walked),
          WITH_SPOOL(json_is_an_object_or_nothing), WITH_SPOOL(recovery), cmocka_unit_test(bundles),
          cmocka_unit_test(units_and_containers))
