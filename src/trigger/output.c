/* output.c - a bounded queue of lines for one or several descriptors, and the thread that writes them.  Room: trigger.
 *
 *   loop:    line ──► filling (locked for a copy)
 *   writer:  sleeps while filling is empty ──► waits for more, if it may ──► swaps the halves, adds notices of lost lines ──► writes the other half, unlocked
 *
 * stderr may be a pipe that nobody reads or a terminal that was stopped; it is shared with other programs, so it cannot be made
 * non-blocking. Only the writer waits for it. Files have an output of their own, which does not wait for a terminal.
 *
 * A half is a row of runs: a header with descriptor and length, then lines. A line for the descriptor of the last run makes it longer.
 *
 * Invariants
 *  1. filling, closing, ended, abandoned and all sources are touched under the lock; writing belongs to the writer.
 *  2. The lock is never held across a system call that could wait for a descriptor.
 *  3. A half holds whole lines. One write has at most TRIGGER_OUTPUT_WRITE_MAX bytes and ends with a line, so that the lines of several
 *     workers in one pipe do not mix.
 *  4. While a source lost lines, filling is not empty: so the writer comes to its notice.
 *  5. When the wait at the end is over the writer is abandoned: it then owns the output's memory, and touches no source. */
#include "trigger/output.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "trigger/limits.h"

#define HALF_BYTES (TRIGGER_OUTPUT_BYTES_MAX / 2)
#define ENOUGH_BYTES (HALF_BYTES / 4) /* to write without waiting for more */
#define COMPONENT_SHOWN_MAX 128       /* bytes of an id in a notice */
#define RETRY_NS 10000000             /* another program made fd non-blocking */
#define STACK_BYTES (128u << 10)

struct run { /* in front of its bytes, not aligned */
    int fd;
    uint32_t n;
};
struct half {
    char *bytes; /* HALF_BYTES */
    size_t n;
    size_t last; /* where the last run begins; while n is not 0 */
};

struct trigger_output {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled; /* the writer waits for it */
    pthread_cond_t over;   /* trigger_output_free waits for it */
    struct half filling;
    struct half writing;
    struct sw_link losers;             /* sources with dropped lines */
    struct trigger_output_source host; /* our own records */
    uint64_t told_ns;                  /* when a failed write was told last, 0: never; the writer's */
    uint32_t gather_ms;                /* 0: each line as soon as the writer can */
    bool has_log;
    bool closing;
    bool ended;
    bool abandoned;
};

void trigger_output_source_init(struct trigger_output_source *source, struct sw_str component, int fd)
{
    *source = (struct trigger_output_source){.component = component, .fd = fd};
    sw_list_init(&source->link);
}

/* ---- the loop's side ---- */

static struct run run_at(const struct half *half, size_t at)
{
    struct run run;
    memcpy(&run, half->bytes + at, sizeof run);
    return run;
}

static void put(char *at, struct sw_str text)
{
    if (text.n)
        memcpy(at, text.p, text.n);
}

static bool add(struct half *half, int fd, struct sw_str prefix, struct sw_str line)
{
    struct run run = {.fd = fd};
    bool goes_on = half->n && (run = run_at(half, half->last)).fd == fd;
    size_t head = goes_on ? 0 : sizeof run;
    prefix = sw_str_head(prefix, TRIGGER_OUTPUT_LINE_MAX);
    line = sw_str_head(line, TRIGGER_OUTPUT_LINE_MAX - prefix.n);
    size_t n = prefix.n + line.n;
    if (head + n + 1 > HALF_BYTES - half->n)
        return false;
    if (!goes_on) {
        run = (struct run){.fd = fd};
        half->last = half->n;
        half->n += head;
    }
    char *at = half->bytes + half->n;
    put(at, prefix);
    put(at + prefix.n, line);
    sw_log_clean(at, n, '?', '\t');
    at[n] = '\n';
    half->n += n + 1;
    run.n += (uint32_t)n + 1;
    memcpy(half->bytes + half->last, &run, sizeof run);
    return true;
}

void trigger_output_line(struct trigger_output *output, struct trigger_output_source *source,
                         struct sw_str line)
{
    (void)pthread_mutex_lock(&output->lock); /* fails only when misused */
    size_t before = output->filling.n;
    /* Once a line was lost those after it are, too, until the notice stands at their place. */
    if (source->dropped || !add(&output->filling, source->fd, source->prefix, line)) {
        if (source->dropped++ == 0)
            sw_list_add_tail(&output->losers, &source->link);
    } else if (before == 0 || (before < ENOUGH_BYTES && output->filling.n >= ENOUGH_BYTES)) {
        (void)pthread_cond_signal(&output->filled);
    }
    (void)pthread_mutex_unlock(&output->lock);
}

static void take_record(void *arg, const char *line, size_t n)
{
    struct trigger_output *output = arg;
    trigger_output_line(output, &output->host, sw_str(line, n - 1)); /* the line's end comes by itself */
}

void trigger_output_take_log(struct trigger_output *output, int fd)
{
    output->host.fd = fd;
    output->has_log = true;
    sw_log_redirect(take_record, output);
}

/* ---- stdio ---- */

struct text { /* what was printed to a stream and is no whole line yet */
    struct trigger_output *output;
    size_t n;
    char line[TRIGGER_OUTPUT_LINE_MAX];
};

static void end_line(struct text *text)
{
    trigger_output_line(text->output, &text->output->host, sw_str(text->line, text->n));
    text->n = 0;
}

static ssize_t take_text(void *cookie, const char *bytes, size_t n)
{
    struct text *text = cookie;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' || text->n == sizeof text->line)
            end_line(text);
        if (bytes[i] != '\n')
            text->line[text->n++] = bytes[i];
    }
    return (ssize_t)n; /* what finds no room is counted: nobody has to know */
}

static int close_text(void *cookie)
{
    struct text *text = cookie;
    if (text->n)
        end_line(text);
    sw_free(text);
    return 0;
}

int trigger_output_stream(struct trigger_output *output, FILE **ret, struct sw_err *err)
{
    struct text *text = sw_try_alloc(sizeof *text);
    if (!text)
        return sw_fail(err, SW_ENOMEM, "no memory for a stream");
    text->output = output;
    FILE *stream = fopencookie(text, "w", (cookie_io_functions_t){.write = take_text, .close = close_text});
    if (!stream) {
        sw_free(text);
        return sw_fail(err, SW_ENOMEM, "no memory for a stream");
    }
    (void)setvbuf(stream, NULL, _IOLBF, 0); /* else a line waits for a flush: harmless */
    *ret = stream;
    return 0;
}

/* ---- the writer's side ---- */

static void add_notices(struct trigger_output *output)
{
    while (!sw_list_empty(&output->losers)) {
        struct trigger_output_source *source =
            SW_CONTAINER(output->losers.next, struct trigger_output_source, link);
        char text[COMPONENT_SHOWN_MAX + 64];
        bool is_log = source->component.n == 0;
        int n = snprintf(text, sizeof text, "%llu %s" SW_FMT " were dropped",
                         (unsigned long long)source->dropped, is_log ? "log records" : "lines of component ",
                         SW_ARG(sw_str_head(source->component, COMPONENT_SHOWN_MAX)));
        if (n < 0 || !add(&output->filling, source->fd, source->prefix, sw_str(text, (size_t)n)))
            return;
        source->dropped = 0;
        sw_list_remove(&source->link);
    }
}

/* errno when what is left cannot be written. */
static int write_all(int fd, struct sw_str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n > 0) {
            bytes = sw_str_from(bytes, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            const struct timespec pause = {.tv_nsec = RETRY_NS};
            (void)nanosleep(&pause, NULL);
        } else if (n == 0 || errno != EINTR) {
            return n == 0 ? EIO : errno;
        }
    }
    return 0;
}

static int write_run(int fd, struct sw_str rest)
{
    int failed = 0;
    while (rest.n && !failed) {
        size_t n = rest.n;
        if (n > TRIGGER_OUTPUT_WRITE_MAX) /* a line and its end fit: there is one */
            n = sw_str_rfind(sw_str_head(rest, TRIGGER_OUTPUT_WRITE_MAX), '\n') + 1;
        failed = write_all(fd, sw_str_head(rest, n));
        rest = sw_str_from(rest, n);
    }
    return failed; /* output that cannot be shown must not stop the app */
}

static int write_half(struct trigger_output *output)
{
    int failed = 0;
    for (size_t at = 0; at < output->writing.n;) {
        struct run run = run_at(&output->writing, at);
        int rc = write_run(run.fd, sw_str(output->writing.bytes + at + sizeof run, run.n));
        failed = rc ? rc : failed;
        at += sizeof run + run.n;
    }
    output->writing.n = 0;
    return failed;
}

/* Now and then. What cannot be written to stderr is told nowhere: the log is there, too. */
static void tell_failure(struct trigger_output *output, int failed)
{
    struct sw_err err;
    uint64_t now_ns = failed ? sw_clock_mono_ns() : 0;
    bool was_told =
        output->told_ns && now_ns - output->told_ns < TRIGGER_OUTPUT_FAILURE_MS * UINT64_C(1000000);
    if (!failed || was_told || output->has_log || output->abandoned)
        return;
    output->told_ns = now_ns;
    sw_ignore(sw_fail_errno(&err, SW_EIO, failed, "what is to be written to a log file is lost"));
    sw_log_warn("trigger", "log.file", "%s", err.text);
}

static void destroy(struct trigger_output *output)
{
    (void)pthread_mutex_destroy(&output->lock);
    (void)pthread_cond_destroy(&output->filled);
    (void)pthread_cond_destroy(&output->over);
    sw_free(output->filling.bytes);
    sw_free(output->writing.bytes);
    sw_free(output);
}

static struct timespec in_ms(uint32_t ms)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail for this clock */
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Lines that follow soon are written together: a wake-up and a write of each one costs as much as a request. */
static void gather(struct trigger_output *output)
{
    const struct timespec until = in_ms(output->gather_ms);
    int rc = output->gather_ms ? 0 : ETIMEDOUT;
    while (rc == 0 && !output->closing && output->filling.n < ENOUGH_BYTES)
        rc = pthread_cond_timedwait(&output->filled, &output->lock, &until);
}

static void *writer(void *arg)
{
    struct trigger_output *output = arg;
    (void)pthread_mutex_lock(&output->lock);
    for (;;) {
        while (output->filling.n == 0 && !output->closing)
            (void)pthread_cond_wait(&output->filled, &output->lock);
        if (output->filling.n == 0 || output->abandoned)
            break;
        gather(output);
        struct half full = output->filling;
        output->filling = output->writing;
        output->writing = full;
        add_notices(output); /* behind what was printed before the loss, before what is printed now */
        (void)pthread_mutex_unlock(&output->lock);
        int failed = write_half(output);
        (void)pthread_mutex_lock(&output->lock);
        tell_failure(output, failed); /* under the lock: nobody abandons it meanwhile */
    }
    bool abandoned = output->abandoned;
    output->ended = true;
    (void)pthread_cond_signal(&output->over);
    (void)pthread_mutex_unlock(&output->lock);
    if (abandoned)
        destroy(output);
    return NULL;
}

/* ---- life ---- */

/* Signals are the loop's: the writer is born with all of them blocked. */
static int thread_start(struct trigger_output *output)
{
    pthread_attr_t attr;
    sigset_t all, old;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    (void)sigfillset(&all);
    rc = pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (rc == 0)
        rc = pthread_sigmask(SIG_SETMASK, &all, &old);
    if (rc == 0) {
        rc = pthread_create(&output->thread, &attr, writer, output);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    (void)pthread_attr_destroy(&attr);
    return rc;
}

static void conds_init(struct trigger_output *output)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic); /* these never fail on Linux, see their manual pages */
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&output->lock, NULL);
    (void)pthread_cond_init(&output->filled, &monotonic);
    (void)pthread_cond_init(&output->over, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

int trigger_output_new(uint32_t gather_ms, struct trigger_output **ret, struct sw_err *err)
{
    struct trigger_output *output = sw_try_alloc(sizeof *output);
    if (!output)
        return sw_fail(err, SW_ENOMEM, "no memory for the guests' output");
    output->gather_ms = gather_ms;
    sw_list_init(&output->losers);
    trigger_output_source_init(&output->host, SW_LIT(""), -1);
    conds_init(output);
    output->filling.bytes = sw_try_alloc(HALF_BYTES);
    output->writing.bytes = sw_try_alloc(HALF_BYTES);
    int rc = 0;
    if (!output->filling.bytes || !output->writing.bytes)
        rc = sw_fail(err, SW_ENOMEM, "no memory for %u bytes of guests' output", TRIGGER_OUTPUT_BYTES_MAX);
    int number = rc == 0 ? thread_start(output) : 0;
    if (number != 0)
        rc = sw_fail_errno(err, SW_EIO, number, "start the thread that writes the guests' output");
    if (rc < 0) {
        destroy(output);
        return rc;
    }
    *ret = output;
    return 0;
}

static void drop_record(void *arg, const char *line, size_t n)
{
    (void)arg;
    (void)line;
    (void)n;
}

bool trigger_output_free(struct trigger_output *output, uint32_t limit_ms)
{
    if (!output)
        return true;
    bool has_log = output->has_log; /* the output may be the writer's, below */
    pthread_t thread = output->thread;
    if (has_log)
        sw_log_redirect(NULL, NULL);
    const struct timespec until = in_ms(limit_ms);
    (void)pthread_mutex_lock(&output->lock);
    output->closing = true;
    (void)pthread_cond_signal(&output->filled);
    int rc = 0;
    while (rc == 0 && !output->ended)
        rc = pthread_cond_timedwait(&output->over, &output->lock, &until);
    bool ended = output->ended;
    if (!ended) {
        output->abandoned = true;
        while (sw_list_take_head(&output->losers)) /* they may go now */
            ;
    }
    (void)pthread_mutex_unlock(&output->lock);
    if (!ended) {
        if (has_log)
            sw_log_redirect(drop_record, NULL); /* it would wait for the same reader */
        (void)pthread_detach(thread);           /* it waits for a reader; the process ends without it */
        return false;
    }
    (void)pthread_join(thread, NULL);
    destroy(output);
    return true;
}
