/* download.c - fetching components by URL.  Room: app.
 *
 * Blocks, with a time limit on connecting, on stalling and on the whole; web.h says which redirects are followed.
 * source: spin.md 1.8 */
#include "app/download.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/fields.h"
#include "app/limits.h"
#include "app/web.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "codec/digest.h"

#define DIGEST_PREFIX "sha256:"

/* ---- the cache ---- */

/* Every folder of the path, not its last part. */
static int make_folders(char *path, struct sw_err *err)
{
    for (size_t i = 1; path[0] && path[i]; i++) {
        if (path[i] != '/')
            continue;
        path[i] = '\0';
        bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        int number = errno;
        int rc = made ? 0 : sw_fail_errno(err, SW_EIO, number, "make the folder '%s'", path);
        path[i] = '/';
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_digest(int fd, char hex[CODEC_SHA256_HEX_CHARS + 1], struct sw_err *err)
{
    sw_auto_buf bytes = SW_BUF(APP_DOWNLOAD_BYTES_MAX);
    uint8_t digest[CODEC_SHA256_BYTES];
    int rc = sw_buf_read_fd(&bytes, fd, err);
    struct sw_str part = sw_buf_str(&bytes);
    if (rc == 0)
        rc = codec_sha256(&part, 1, digest, err);
    if (rc == 0)
        codec_hex(sw_str((const char *)digest, sizeof digest), hex);
    return rc;
}

/* 0, or SW_ABSENT: there is none, or another one, which the download replaces. */
static int look_up(const char *path, const char *digest, struct sw_err *err)
{
    char hex[CODEC_SHA256_HEX_CHARS + 1];
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return SW_ABSENT;
    int rc = read_digest(fd, hex, err);
    if (rc < 0)
        return rc == -SW_ENOMEM ? rc : SW_ABSENT;
    return strcmp(hex, digest) == 0 ? 0 : SW_ABSENT;
}

/* ---- the transfer ---- */

struct transfer {
    const struct app_download *what;
    FILE *file;
    uint64_t bytes;
    uint64_t told_ms;
    bool too_large;
    bool cannot_write;
    int number; /* errno of it */
    struct app__web_guard guard;
    struct curl_slist *headers;
};

static uint64_t now_ms(void)
{
    return sw_clock_mono_ns() / 1000000;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t n = size * count;
    if (n > APP_DOWNLOAD_BYTES_MAX - t->bytes) {
        t->too_large = true;
        return 0; /* ends it */
    }
    if (fwrite(data, 1, n, t->file) != n) {
        t->cannot_write = true;
        t->number = errno;
        return 0;
    }
    t->bytes += n;
    return n;
}

static int on_progress(void *arg, curl_off_t all, curl_off_t got, curl_off_t up_all, curl_off_t up_got)
{
    struct transfer *t = arg;
    uint64_t ms = now_ms();
    (void)all, (void)got, (void)up_all, (void)up_got;
    if (t->what->progress && ms - t->told_ms >= APP_DOWNLOAD_PROGRESS_MS) {
        t->what->progress(t->what->progress_arg, t->what->url, t->bytes, false);
        t->told_ms = ms;
    }
    return app__web_interrupted();
}

static int fail_transfer(const struct transfer *t, CURLcode code, const char *text, struct sw_err *err)
{
    struct app__shown url = app__show(t->what->url);
    if (t->too_large)
        return sw_fail(err, SW_ELIMIT, "download '%s': expected at most %u bytes", url.text,
                       APP_DOWNLOAD_BYTES_MAX);
    if (t->cannot_write)
        return sw_fail_errno(err, SW_EIO, t->number, "download '%s': write it", url.text);
    if (t->guard.refused)
        return sw_fail(err, SW_EDENIED,
                       "download '%s': it redirects into another network than its own, which is not followed",
                       url.text);
    return sw_fail(err, app__web_code(code), "download '%s': %s", url.text,
                   text[0] ? text : curl_easy_strerror(code));
}

static bool set_up(CURL *curl, struct transfer *t, const char *url, char *text)
{
    return app__web_set_up(curl, url, text, &t->guard) &&
           (!t->headers || curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t) == CURLE_OK;
}

static int perform(CURL *curl, struct transfer *t, const char *url, struct sw_err *err)
{
    char text[CURL_ERROR_SIZE] = "";
    long status = 0;
    if (!set_up(curl, t, url, text))
        return sw_fail(err, SW_EIO, "download '%s': this libcurl lacks an option",
                       app__show(t->what->url).text);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status); /* stays 0 otherwise */
    if (code != CURLE_OK)
        return fail_transfer(t, code, text, err);
    if (status != 200)
        return sw_fail(err, SW_EINPUT, "download '%s': expected the status 200, got %ld",
                       app__show(t->what->url).text, status);
    return 0;
}

static int transfer(struct transfer *t, const char *url, struct sw_err *err)
{
    bool has_headers;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sw_fail(err, SW_EIO, "download '%s': libcurl does not start", app__show(t->what->url).text);
    CURL *curl = curl_easy_init();
    t->headers = app__web_headers(t->what->authorization, NULL, &has_headers);
    int rc = curl && has_headers ? perform(curl, t, url, err)
                                 : sw_fail(err, SW_ENOMEM, "download '%s': no memory for libcurl",
                                           app__show(t->what->url).text);
    curl_easy_cleanup(curl); /* NULL is fine */
    curl_slist_free_all(t->headers);
    return rc;
}

/* ---- the file ---- */

static int check(const char *path, const struct app_download *what, const char *digest, struct sw_err *err)
{
    char hex[CODEC_SHA256_HEX_CHARS + 1];
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '%s'", path);
    int rc = read_digest(fd, hex, err);
    if (rc < 0)
        return sw_wrap(err, "read '%s'", path);
    if (strcmp(hex, digest) == 0)
        return 0;
    return sw_fail(err, SW_EINPUT,
                   "download '%s': expected the digest sha256:%s, got sha256:%s\n"
                   "hint: if that is the right file, write its digest into the manifest",
                   app__show(what->url).text, digest, hex);
}

static int fetch(const struct app_download *what, const char *url, const char *path, struct sw_err *err)
{
    struct transfer t = {.what = what, .told_ms = now_ms()};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "make '%s'", path);
    t.file = fdopen(fd, "w");
    if (!t.file) {
        int number = errno;
        (void)close(fd); /* nothing was written */
        return sw_fail_errno(err, SW_ENOMEM, number, "write '%s'", path);
    }
    uint64_t began = t.told_ms;
    int rc = transfer(&t, url, err);
    if (rc == 0 && (fflush(t.file) != 0 || fsync(fd) != 0))
        rc = sw_fail_errno(err, SW_EIO, errno, "write '%s'", path);
    if (fclose(t.file) != 0 && rc == 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "write '%s'", path);
    if (rc == 0 && what->progress && now_ms() - began >= APP_DOWNLOAD_PROGRESS_MS)
        what->progress(what->progress_arg, what->url, t.bytes, true);
    return rc;
}

static int fetch_to(const struct app_download *what, const char *path, const char *digest, struct sw_err *err)
{
    char temporary[PATH_MAX];
    sw_auto_buf url = SW_BUF(APP_ARENA_BYTES_MAX);
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || n >= (int)sizeof temporary)
        return sw_fail(err, SW_ELIMIT, "'%s': expected a shorter path of the cache", path);
    int rc = sw_buf_add(&url, what->url, err);
    if (rc == 0)
        rc = sw_buf_add_byte(&url, '\0', err);
    if (rc == 0)
        rc = fetch(what, url.p, temporary, err);
    if (rc == 0)
        rc = check(temporary, what, digest, err);
    if (rc == 0 && rename(temporary, path) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "rename '%s'", temporary);
    if (rc < 0)
        (void)unlink(temporary); /* it may not be there */
    return rc;
}

int app_download(const struct app_download *what, struct sw_buf *ret_path, struct sw_err *err)
{
    sw_auto_buf path = SW_BUF(PATH_MAX);
    char digest[CODEC_SHA256_HEX_CHARS + 1];
    struct sw_str hex = sw_str_from(what->digest, sizeof DIGEST_PREFIX - 1);
    if (!codec_is_sha256_hex(hex)) /* the manifest's reader looked; it becomes a path */
        return sw_fail(err, SW_EINPUT, "invalid `digest`; must start with 'sha256:'");
    (void)snprintf(digest, sizeof digest, SW_FMT, SW_ARG(hex));
    int rc = sw_buf_printf(&path, err, "%s/spin/registry/wasm/" DIGEST_PREFIX "%s", what->cache_root, digest);
    if (rc == 0)
        rc = sw_buf_add_byte(&path, '\0', err);
    if (rc == 0)
        rc = look_up(path.p, digest, err);
    if (rc == SW_ABSENT) {
        rc = make_folders(path.p, err);
        if (rc == 0)
            rc = fetch_to(what, path.p, digest, err);
    }
    return rc < 0 ? rc : sw_buf_add(ret_path, sw_buf_str(&path), err);
}
