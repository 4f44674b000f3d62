/* cache.c - tests of the folder of compiled code. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "check.h"
#include "node/node_internal.h"

#define KEY "00000000000000000000000000000000000000000000000000000000000000ab"

static char dir[PATH_MAX];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    char name[] = "cache-XXXXXX"; /* in the build folder */
    return mkdtemp(name) && realpath(name, dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int count_files(void)
{
    DIR *files = opendir(dir);
    int count = -2; /* "." and ".." */
    CHECK(files != NULL);
    while (readdir(files))
        count++;
    (void)closedir(files);
    return count;
}

static void check_content(int fd, const char *content)
{
    char text[64] = "";
    struct stat st;
    CHECK(read(fd, text, sizeof text - 1) >= 0);
    CHECK_STR(sw_str_of(text), content);
    CHECK_INT(fstat(fd, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0444);
    CHECK_INT(close(fd), 0);
}

static bool put(int fd, struct sw_str bytes)
{
    return write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n;
}

/* As supervisor and compiler do it together. */
static int store(struct sw_str code, struct sw_str image, struct sw_err *err)
{
    struct node__staged staged;
    int rc = node__cache_stage(dir, KEY, &staged, err);
    if (rc < 0)
        return rc;
    bool written = put(staged.fds[NODE__STAGED_CODE], code) && put(staged.fds[NODE__STAGED_IMAGE], image);
    if (!written) {
        node__cache_discard(&staged);
        return sw_fail_errno(err, SW_EIO, errno, "write");
    }
    return node__cache_commit(&staged, err);
}

static void what_is_put_can_be_opened(void **state)
{
    (void)state;
    int cwasm_fd = -1;
    int image_fd = -1;
    struct sw_err err;
    CHECK_INT(node_cache_open(dir, KEY, &cwasm_fd, &image_fd, &err), SW_ABSENT);
    CHECK_OK(store(SW_LIT("code"), SW_LIT(""), &err), &err);
    CHECK_OK(store(SW_LIT("other"), SW_LIT("other"), &err),
             &err); /* by a second one: the first one's stays */
    CHECK_OK(node_cache_open(dir, KEY, &cwasm_fd, &image_fd, &err), &err);
    check_content(cwasm_fd, "code");
    check_content(image_fd, "");
    CHECK_INT(count_files(), 2);
}

static void half_a_pair_is_absent(void **state)
{
    (void)state;
    char path[PATH_MAX + 128];
    int cwasm_fd = -1;
    int image_fd = -1;
    struct sw_err err;
    CHECK_OK(store(SW_LIT("code"), SW_LIT("image"), &err), &err);
    (void)snprintf(path, sizeof path, "%s/" KEY ".img", dir);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(node_cache_open(dir, KEY, &cwasm_fd, &image_fd, &err), SW_ABSENT);
    CHECK_INT(cwasm_fd, -1);
}

static void a_key_is_no_path(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "../x", "ab", KEY "0", "/etc/passwd"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int fds[2];
        struct sw_err err = {0};
        CHECK_INT(node_cache_open(dir, keys[i], &fds[0], &fds[1], &err), -SW_EINPUT);
        CHECK_HAS(err.text, "cache key: expected 64 hexadecimal digits, got '");
        struct node__staged staged;
        CHECK_INT(node__cache_stage(dir, keys[i], &staged, &err), -SW_EINPUT);
    }
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    struct node__staged staged;
    struct sw_err err = {0};
    int fds[2];
    for (uint64_t n = 1; n <= 2; n++) {
        char text[64];
        (void)snprintf(text, sizeof text, "node.stage:%d", (int)n);
        CHECK_OK(sw_fault_setup("worker", text, &err), &err);
        CHECK_INT(node__cache_stage(dir, KEY, &staged, &err), -SW_EIO);
        CHECK_HAS(err.text, "make a file in the cache: No space left on device");
        CHECK_INT(count_files(), 0);
        (void)snprintf(text, sizeof text, "node.commit:%d", (int)n);
        CHECK_OK(sw_fault_setup("worker", text, &err), &err);
        CHECK_INT(store(SW_LIT("code"), SW_LIT("image"), &err), -SW_EIO);
        CHECK_HAS(err.text, "' to the cache: Input/output error");
        CHECK_INT(count_files(), 0);
    }
    CHECK_INT(node_cache_open(dir, KEY, &fds[0], &fds[1], &err), SW_ABSENT);
    CHECK_OK(node__cache_stage(dir, KEY, &staged, &err), &err);
    CHECK_INT(count_files(), 2);
    node__cache_discard(&staged);
    node__cache_discard(&staged);
    CHECK_INT(count_files(), 0);
}

static void a_product_of_no_possible_size_is_refused(void **state)
{
    (void)state;
    struct node__staged staged;
    struct sw_err err = {0};
    CHECK_INT(store(SW_LIT(""), SW_LIT("image"), &err), -SW_EBUG);
    CHECK_HAS(err.text, "the compiler left 0 bytes for '" KEY ".cwasm', expected 1 to 4294967296");
    CHECK_OK(node__cache_stage(dir, KEY, &staged, &err), &err);
    CHECK(put(staged.fds[NODE__STAGED_CODE], SW_LIT("code")));
    CHECK_INT(ftruncate(staged.fds[NODE__STAGED_IMAGE], (64 << 20) + 1), 0);
    CHECK_INT(node__cache_commit(&staged, &err), -SW_EBUG);
    CHECK_HAS(err.text, "the compiler left 67108865 bytes for '" KEY ".img', expected 0 to 67108864");
    CHECK_INT(count_files(), 0);
}

/* What a killed process left between the two renames. */
static void an_image_that_is_there_already_gets_its_code(void **state)
{
    (void)state;
    char path[PATH_MAX + 128];
    int fds[2];
    struct sw_err err;
    CHECK_OK(store(SW_LIT("code"), SW_LIT("image"), &err), &err);
    (void)snprintf(path, sizeof path, "%s/" KEY ".cwasm", dir);
    CHECK_INT(unlink(path), 0);
    CHECK_OK(store(SW_LIT("code"), SW_LIT("image"), &err), &err);
    CHECK_OK(node_cache_open(dir, KEY, &fds[0], &fds[1], &err), &err);
    check_content(fds[0], "code");
    check_content(fds[1], "image");
    CHECK_INT(count_files(), 2);
}

static void a_killed_supervisor_leaves_no_partial_file_visible(void **state)
{
    (void)state;
    enum { BYTES = 1 << 20 };
    sw_auto_free char *bytes = sw_alloc(BYTES);
    char path[2][PATH_MAX + 128];
    (void)snprintf(path[0], sizeof path[0], "%s/" KEY ".cwasm", dir);
    (void)snprintf(path[1], sizeof path[1], "%s/" KEY ".img", dir);
    for (useconds_t wait = 100; wait < 20000; wait = wait * 3 / 2) {
        struct sw_err err;
        pid_t child = fork();
        CHECK(child >= 0);
        while (child == 0) {
            if (store(sw_str(bytes, BYTES), sw_str(bytes, BYTES), &err) < 0)
                _exit(1);
            (void)unlink(path[0]); /* code first, as it comes last */
            (void)unlink(path[1]);
        }
        (void)usleep(wait);
        CHECK_INT(kill(child, SIGKILL), 0);
        int status = 0;
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        int fds[2] = {-1, -1};
        int rc = node_cache_open(dir, KEY, &fds[0], &fds[1], &err);
        if (rc == SW_ABSENT)
            continue;
        CHECK_OK(rc, &err);
        for (int i = 0; i < 2; i++) {
            struct stat st;
            CHECK_INT(fstat(fds[i], &st), 0);
            CHECK_INT(st.st_size, BYTES);
            CHECK_INT(st.st_mode & 07777, 0444);
            (void)close(fds[i]);
        }
    }
}

static void what_others_could_have_written_is_refused(void **state)
{
    (void)state;
    char path[PATH_MAX + 128];
    int fds[2];
    struct sw_err err = {0};
    CHECK_OK(store(SW_LIT("code"), SW_LIT("image"), &err), &err);
    (void)snprintf(path, sizeof path, "%s/" KEY ".cwasm", dir);
    CHECK_INT(chmod(path, 0666), 0);
    CHECK_INT(node_cache_open(dir, KEY, &fds[0], &fds[1], &err), -SW_EDENIED);
    CHECK_HAS(err.text, "expected a file that only we may write to");
    CHECK_INT(unlink(path) | symlink("/dev/null", path), 0);
    CHECK_INT(node_cache_open(dir, KEY, &fds[0], &fds[1], &err), -SW_EIO);
    CHECK_INT(chmod(dir, 0777), 0);
    CHECK_INT(node_cache_open(dir, KEY, &fds[0], &fds[1], &err), -SW_EDENIED);
    CHECK_HAS(err.text, "others may write to it (mode 0777)");
    struct node__staged staged;
    CHECK_INT(node__cache_stage(dir, KEY, &staged, &err), -SW_EDENIED);
    CHECK_INT(node__cache_prepare(dir, &err), -SW_EDENIED);
}

static void preparing_makes_folders_and_sweeps(void **state)
{
    (void)state;
    char path[PATH_MAX + 128];
    struct sw_err err;
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/a/b//c", dir);
    CHECK_OK(node__cache_prepare(path, &err), &err);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    static const char *const names[] = {".new-1-x", ".new-2-y", "other"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        CHECK(fd >= 0);
        const struct timespec old[2] = {{1, 0}, {1, 0}};
        if (i != 1)
            CHECK_INT(futimens(fd, old), 0);
        (void)close(fd);
    }
    CHECK_OK(node__cache_prepare(dir, &err), &err);
    CHECK_INT(count_files(), 3); /* "a", the young temporary file, "other" */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_can_be_opened),
        TEST(half_a_pair_is_absent),
        TEST(a_key_is_no_path),
        TEST(what_cannot_be_written_leaves_nothing),
        TEST(a_product_of_no_possible_size_is_refused),
        TEST(an_image_that_is_there_already_gets_its_code),
        TEST(a_killed_supervisor_leaves_no_partial_file_visible),
        TEST(what_others_could_have_written_is_refused),
        TEST(preparing_makes_folders_and_sweeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
