/* SPDX-License-Identifier: MIT */
/* SENTRY.md 1.3, byte by byte. */
#include "tests/unit/unit.h"

#include <zlib.h>

#include "sentry/clientreport.h"
#include "sentry/envelope.h"

static const uint64_t TIME = UINT64_C(1795357812482913000);

static void bytes(void **state) {
    static const char id[] = "4f0c2b7e9d1a4c53b6e8a1f2c3d4e5f6";
    static const char expected[] =
        "{\"event_id\":\"4f0c2b7e9d1a4c53b6e8a1f2c3d4e5f6\",\"dsn\":\"https://k@h/1\","
        "\"sdk\":{\"name\":\"crashd.native\",\"version\":\"" CRASHD_VERSION "\"},"
        "\"sent_at\":\"2026-11-22T14:30:12.482913Z\"}\n"
        "{\"type\":\"event\",\"length\":7}\n"
        "{\"a\":1}\n"
        "{\"type\":\"attachment\",\"length\":4,\"filename\":\"maps.txt\",\"content_type\":\"text/"
        "plain\",\"attachment_type\":\"event.attachment\"}\n"
        "a\nb\r\n"
        "{\"type\":\"client_report\",\"length\":0}\n"
        "\n";
    struct envelope envelope = {0};
    assert_int_equal(envelope_begin(&envelope, id, "https://k@h/1", TIME), 0);
    assert_int_equal(envelope_add(&envelope, "event", "{\"a\":1}", 7), 0);
    assert_int_equal(envelope_add_attachment(&envelope, "maps.txt", "text/plain", "a\nb\r", 4), 0);
    assert_int_equal(envelope_add(&envelope, "client_report", "", 0), 0);
    assert_int_equal(envelope.size, sizeof expected - 1);
    assert_memory_equal(envelope.data, expected, sizeof expected - 1);
    envelope_clear(&envelope);
}

static void compressed(void **state) {
    struct envelope envelope = {0};
    char *data, back[4096];
    size_t size;
    assert_int_equal(envelope_begin(&envelope, NULL, NULL, TIME), 0);
    assert_int_equal(envelope_compress(&envelope, &data, &size), 0);
    assert_memory_equal(data, "\x1f\x8b\x08", 3);
    z_stream stream = {.next_in = (Bytef *)data,
                       .avail_in = (uInt)size,
                       .next_out = (Bytef *)back,
                       .avail_out = sizeof back};
    assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, envelope.size);
    assert_memory_equal(back, envelope.data, envelope.size);
    inflateEnd(&stream);
    free(data);
    envelope_clear(&envelope);
}

static void client_report(void **state) {
    struct clientreport report = {0};
    char *json;
    size_t size;
    assert_int_equal(clientreport_render(&report, TIME, &json, &size), 0);
    assert_null(json);
    report.errors[CLIENTREPORT_RATELIMIT_BACKOFF] = 2;
    report.errors[CLIENTREPORT_SEND_ERROR] = 1;
    assert_int_equal(clientreport_render(&report, TIME, &json, &size), 0);
    assert_string_equal(json,
                        "{\"timestamp\":\"2026-11-22T14:30:12.482913Z\",\"discarded_events\":["
                        "{\"reason\":\"ratelimit_backoff\",\"category\":\"error\",\"quantity\":2},"
                        "{\"reason\":\"send_error\",\"category\":\"error\",\"quantity\":1}]}");
    free(json);
}

RUN_TESTS("envelope", cmocka_unit_test(bytes), cmocka_unit_test(compressed),
          cmocka_unit_test(client_report))
