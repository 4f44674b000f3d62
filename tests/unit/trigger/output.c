/* output.c - what guests print: nothing waits, nothing is lost while it is read, losses are told.  Tests: trigger. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "trigger/limits.h"
#include "trigger/output.h"

#define FOREVER_MS 60000u
#define TEXT_MAX (1u << 20)

struct setup {
    int ends[2];
    struct trigger_output *output;
    struct trigger_output_source source;
    char *text; /* what was read, ended by NUL */
    size_t n;
};

static void begin(struct setup *s)
{
    struct sw_err err;
    *s = (struct setup){.text = sw_alloc(TEXT_MAX + 1)};
    CHECK_INT(pipe(s->ends), 0);
    trigger_output_source_init(&s->source, SW_LIT("hello"), s->ends[1]);
    CHECK_OK(trigger_output_new(0, &s->output, &err), &err);
}

static void read_more(struct setup *s)
{
    ssize_t n = read(s->ends[0], s->text + s->n, TEXT_MAX - s->n);
    CHECK(n > 0);
    s->n += (size_t)n;
    s->text[s->n] = '\0';
}

static void end(struct setup *s)
{
    CHECK_INT(close(s->ends[0]), 0);
    CHECK_INT(close(s->ends[1]), 0);
    sw_free(s->text);
}

static void print(struct setup *s, struct sw_str line)
{
    trigger_output_line(s->output, &s->source, line);
}

static void lines_arrive_in_order_and_the_end_waits_for_them(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    for (int i = 0; i < 1000; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, "line %d", i);
        print(&s, sw_str(line, (size_t)n));
    }
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    const char *at = s.text;
    for (int i = 0; i < 1000; i++) {
        char line[32];
        int n = snprintf(line, sizeof line, "line %d\n", i);
        CHECK(strncmp(at, line, (size_t)n) == 0);
        at += n;
    }
    CHECK_INT(*at, '\0');
    end(&s);
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    print(&s, SW_LIT("a\tb\x1b[2J\r\x7f\xc2\x9b"
                     "c\xc2\xa0"));
    print(&s, SW_LIT(""));
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    CHECK_STR(sw_str(s.text, s.n), "a\tb?[2J????c\xc2\xa0\n\n");
    end(&s);
}

static void log_records_stand_among_the_lines(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    trigger_output_take_log(s.output, s.ends[1]);
    print(&s, SW_LIT("before"));
    sw_log_error("trigger", "event", "key=%s", "value");
    print(&s, SW_LIT("after"));
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    CHECK_HAS(s.text, "before\n");
    CHECK_HAS(s.text, " trigger: event key=value\nafter\n");
    end(&s);
}

static void a_long_line_is_cut_to_what_one_write_takes(void **state)
{
    (void)state;
    static char big[TRIGGER_OUTPUT_WRITE_MAX * 2];
    struct setup s;
    memset(big, 'x', sizeof big);
    begin(&s);
    print(&s, sw_str(big, sizeof big));
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    CHECK_INT(s.n, TRIGGER_OUTPUT_WRITE_MAX);
    CHECK_INT(s.text[s.n - 1], '\n');
    end(&s);
}

enum { FLOOD = 20000 };

/* Prints two megabytes without a reader. */
static void flood(struct setup *s)
{
    static char line[100];
    memset(line, 'y', sizeof line);
    uint64_t start = sw_clock_mono_ns();
    for (int i = 0; i < FLOOD; i++)
        print(s, sw_str(line, sizeof line));
    CHECK(sw_clock_mono_ns() - start < UINT64_C(5000000000));
}

/* Lines that were shown, and those that notices speak of. */
static unsigned long long accounted(const struct setup *s)
{
    static const char notice[] = " lines of component hello were dropped\n";
    unsigned long long count = 0;
    const char *line = s->text, *line_end;
    for (; (line_end = strchr(line, '\n')); line = line_end + 1) {
        char *rest;
        unsigned long long dropped = strtoull(line, &rest, 10);
        count += strncmp(rest, notice, sizeof notice - 1) == 0 ? dropped : 1;
    }
    return count;
}

static void without_a_reader_lines_are_dropped_counted_and_told(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    CHECK(fcntl(s.ends[1], F_SETPIPE_SZ, 4096) > 0);
    flood(&s);
    while (accounted(&s) < FLOOD)
        read_more(&s);
    CHECK_INT(accounted(&s), FLOOD); /* every line was shown or counted */
    CHECK(s.n > TRIGGER_OUTPUT_BYTES_MAX / 2 - 200 && s.n < TRIGGER_OUTPUT_BYTES_MAX + 16384);
    CHECK_HAS(s.text, " lines of component hello were dropped\n");
    print(&s, SW_LIT("later"));
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    CHECK_STR(sw_str(s.text + s.n - 6, 6), "later\n");
    end(&s);
}

static void the_end_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    flood(&s);
    uint64_t start = sw_clock_mono_ns();
    CHECK(!trigger_output_free(s.output, 50));
    uint64_t took = sw_clock_mono_ns() - start;
    CHECK(took >= 50000000 && took < UINT64_C(5000000000));
    memset(&s.source, 0xff, sizeof s.source); /* the writer must not touch it any more */
    for (;;) {                                /* nor write on when its reader comes */
        struct pollfd ready = {.fd = s.ends[0], .events = POLLIN};
        if (poll(&ready, 1, 300) == 0)
            break;
        read_more(&s);
    }
    CHECK(!strstr(s.text, "dropped"));
    end(&s);
}

/* A socket that keeps records apart shows each write. It is full at first, so that the writer has to wait. */
static void many_empty_lines_are_few_writes(void **state)
{
    (void)state;
    enum { LINES = 65536 }; /* a byte each, in one run */
    struct setup s;
    int pair[2];
    unsigned writes = 0, before = 0;
    size_t bytes = 0;
    struct sw_err err;
    begin(&s);
    (void)trigger_output_free(s.output, FOREVER_MS);
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    while (send(pair[1], s.text, TRIGGER_OUTPUT_WRITE_MAX, MSG_DONTWAIT) > 0)
        before++;
    CHECK_OK(trigger_output_new(0, &s.output, &err), &err);
    s.source.fd = pair[1];
    for (int i = 0; i < LINES; i++) /* they fit half of the queue */
        print(&s, SW_LIT(""));
    CHECK_INT(s.source.dropped, 0);
    while (before--)
        CHECK_INT(read(pair[0], s.text, TEXT_MAX), TRIGGER_OUTPUT_WRITE_MAX);
    for (; bytes < LINES; writes++) {
        ssize_t n = read(pair[0], s.text, TEXT_MAX);
        CHECK(n > 0 && n <= (ssize_t)TRIGGER_OUTPUT_WRITE_MAX);
        bytes += (size_t)n;
    }
    CHECK_INT(bytes, LINES);
    CHECK(writes <= 2 + LINES / TRIGGER_OUTPUT_WRITE_MAX);
    (void)trigger_output_free(s.output, FOREVER_MS);
    CHECK_INT(close(pair[0]), 0);
    CHECK_INT(close(pair[1]), 0);
    end(&s);
}

static void output_that_cannot_be_written_harms_nobody(void **state)
{
    (void)state;
    struct setup s;
    begin(&s);
    (void)trigger_output_free(s.output, FOREVER_MS);
    struct sw_err err;
    CHECK_OK(trigger_output_new(0, &s.output, &err), &err);
    s.source.fd = -1;
    for (int i = 0; i < 100000; i++)
        print(&s, SW_LIT("into nothing"));
    (void)trigger_output_free(s.output, FOREVER_MS);
    (void)trigger_output_free(NULL, 0);
    end(&s);
}

static void what_is_printed_to_a_stream_comes_as_lines(void **state)
{
    (void)state;
    struct setup s;
    struct sw_err err;
    FILE *stream = NULL;
    begin(&s);
    trigger_output_take_log(s.output, s.ends[1]);
    CHECK_OK(trigger_output_stream(s.output, &stream, &err), &err);
    (void)fputs("a", stream);
    (void)fflush(stream); /* no line yet */
    (void)fputs("b\033\n\nc\n", stream);
    for (size_t i = 0; i < TRIGGER_OUTPUT_LINE_MAX + 1; i++) /* a line is no longer than that */
        (void)fputc('x', stream);
    (void)fputs("\nend", stream);
    (void)fclose(stream);
    CHECK(trigger_output_free(s.output, FOREVER_MS));
    read_more(&s);
    CHECK_INT(s.n, strlen("ab?\n\nc\n") + TRIGGER_OUTPUT_LINE_MAX + 1 + strlen("x\nend\n"));
    CHECK(memcmp(s.text, "ab?\n\nc\nxxx", 10) == 0);
    CHECK(memcmp(s.text + s.n - 8, "x\nx\nend\n", 8) == 0);
    end(&s);
}

static void each_source_has_its_descriptor_and_prefix(void **state)
{
    (void)state;
    struct setup s, other;
    struct trigger_output_source elsewhere;
    begin(&s);
    begin(&other);
    trigger_output_source_init(&elsewhere, SW_LIT("other"), other.ends[1]);
    elsewhere.prefix = SW_LIT("other | ");
    for (int i = 0; i < 2; i++) {
        print(&s, SW_LIT("here"));
        trigger_output_line(s.output, &elsewhere, SW_LIT("there"));
        trigger_output_line(s.output, &elsewhere, SW_LIT(""));
    }
    (void)trigger_output_free(s.output, FOREVER_MS);
    (void)trigger_output_free(other.output, FOREVER_MS);
    read_more(&s);
    read_more(&other);
    CHECK_STR(sw_str(s.text, s.n), "here\nhere\n");
    CHECK_STR(sw_str(other.text, other.n), "other | there\nother | \nother | there\nother | \n");
    end(&s);
    end(&other);
}

/* A socket that keeps records apart shows each write. */
static void lines_that_follow_soon_leave_together(void **state)
{
    (void)state;
    static char line[1000];
    struct trigger_output_source source;
    struct trigger_output *output = NULL;
    char *text = sw_alloc(TRIGGER_OUTPUT_BYTES_MAX);
    struct sw_err err;
    int pair[2];
    memset(line, 'z', sizeof line);
    CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    trigger_output_source_init(&source, SW_LIT("hello"), pair[1]);
    CHECK_OK(trigger_output_new(FOREVER_MS, &output, &err), &err);
    for (int i = 0; i < 3; i++)
        trigger_output_line(output, &source, SW_LIT("line"));
    CHECK_INT(poll(&(struct pollfd){.fd = pair[0], .events = POLLIN}, 1, 50), 0);
    for (size_t n = 0; n < TRIGGER_OUTPUT_BYTES_MAX / 8; n += sizeof line) /* enough not to wait for more */
        trigger_output_line(output, &source, sw_str(line, sizeof line));
    ssize_t n = read(pair[0], text, TRIGGER_OUTPUT_BYTES_MAX);
    CHECK(n > 15 && memcmp(text, "line\nline\nline\nz", 16) == 0);
    while (n > 0 && text[n - 2] == 'z' &&
           poll(&(struct pollfd){.fd = pair[0], .events = POLLIN}, 1, 100) == 1)
        n = read(pair[0], text, TRIGGER_OUTPUT_BYTES_MAX);
    trigger_output_line(output, &source, SW_LIT("last"));
    (void)trigger_output_free(output, FOREVER_MS); /* does not wait for more, either */
    n = read(pair[0], text, TRIGGER_OUTPUT_BYTES_MAX);
    CHECK(n >= 5 && memcmp(text + n - 5, "last\n", 5) == 0);
    CHECK_INT(close(pair[0]), 0);
    CHECK_INT(close(pair[1]), 0);
    sw_free(text);
}

static void a_prefix_counts_for_what_one_write_takes(void **state)
{
    (void)state;
    static char big[TRIGGER_OUTPUT_WRITE_MAX * 2];
    struct setup s;
    memset(big, 'x', sizeof big);
    begin(&s);
    s.source.prefix = SW_LIT("name | ");
    print(&s, sw_str(big, sizeof big));
    s.source.prefix = sw_str(big, sizeof big);
    print(&s, SW_LIT("line"));
    (void)trigger_output_free(s.output, FOREVER_MS);
    read_more(&s);
    CHECK_INT(s.n, 2 * TRIGGER_OUTPUT_WRITE_MAX);
    CHECK_INT(s.text[TRIGGER_OUTPUT_WRITE_MAX - 1], '\n');
    CHECK_STR(sw_str(s.text, 8), "name | x");
    end(&s);
}

/* The records of a log that is not this output's. */
static void a_file_that_cannot_be_written_is_told_but_not_each_time(void **state)
{
    (void)state;
    struct setup s;
    char text[4096];
    int ends[2];
    begin(&s);
    CHECK_INT(pipe(ends), 0);
    sw_log_setup(ends[1], SW_LOG_WARN, "test");
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    CHECK(full >= 0);
    for (int i = 0; i < 5; i++) {
        s.source.fd = full;
        print(&s, SW_LIT("lost"));
        s.source.fd = s.ends[1];
        print(&s, SW_LIT("written"));
        for (size_t want = s.n + 8; s.n < want;) /* each time a write of its own */
            read_more(&s);
    }
    (void)trigger_output_free(s.output, FOREVER_MS);
    sw_log_setup(STDERR_FILENO, SW_LOG_INFO, "test");
    CHECK_INT(close(ends[1]), 0);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    CHECK(n > 0);
    text[n] = '\0';
    CHECK_HAS(text, " WARN test trigger: log.file what is to be written to a log file is lost: "
                    "No space left on device\n");
    CHECK(strchr(text, '\n') == text + n - 1); /* one record */
    CHECK_INT(close(ends[0]), 0);
    CHECK_INT(close(full), 0);
    CHECK_STR(sw_str(s.text, s.n), "written\nwritten\nwritten\nwritten\nwritten\n");
    end(&s);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct setup s;
    struct sw_err cause;
    FILE *stream = NULL;
    begin(&s);
    sw_mem_fail_after(0);
    CHECK_INT(trigger_output_stream(s.output, &stream, &cause), -SW_ENOMEM);
    sw_mem_fail_after(-1);
    CHECK(trigger_output_free(s.output, FOREVER_MS));
    end(&s);
    for (long n = 0; n < 10; n++) {
        struct trigger_output *output = NULL;
        struct sw_err err;
        sw_mem_fail_after(n);
        int rc = trigger_output_new(0, &output, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK_INT(n, 3);
            (void)trigger_output_free(output, FOREVER_MS);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK_HAS(err.text, "no memory for");
    }
    CHECK_NEVER("still failing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_in_order_and_the_end_waits_for_them),
        cmocka_unit_test(control_characters_do_not_reach_a_terminal),
        cmocka_unit_test(log_records_stand_among_the_lines),
        cmocka_unit_test(a_long_line_is_cut_to_what_one_write_takes),
        cmocka_unit_test(without_a_reader_lines_are_dropped_counted_and_told),
        cmocka_unit_test(the_end_does_not_wait_for_ever),
        cmocka_unit_test(many_empty_lines_are_few_writes),
        cmocka_unit_test(output_that_cannot_be_written_harms_nobody),
        cmocka_unit_test(what_is_printed_to_a_stream_comes_as_lines),
        cmocka_unit_test(each_source_has_its_descriptor_and_prefix),
        cmocka_unit_test(lines_that_follow_soon_leave_together),
        cmocka_unit_test(a_prefix_counts_for_what_one_write_takes),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told_but_not_each_time),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
