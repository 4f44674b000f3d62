/* wast.c - runs scripts that `wasm-tools json-from-wast` made.  Tests: conformance.
 *
 *   wast [--expect FILE] [--root DIR] [--verbose] [--validate DIR]... PATH...
 *
 * PATH is a script.json or a folder in which they are looked for. Scripts below a --validate folder only validate: their components are
 * instantiated when something is invoked. A script is called by its folder, relative to --root.
 *
 * The expectation file has lines "SCRIPT:LINE reason": directives that are known to fail. An unexpected pass is a failure, too. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "wast.h"

#define SCRIPT_BYTES_MAX (16u << 20)
#define EXPECTED_MAX 4000
#define VALIDATED_MAX 8

struct expected {
    char name[200]; /* script:line */
    bool seen;
};

struct run {
    struct wast_engine engine;
    const char *root;
    const char *validated[VALIDATED_MAX];
    unsigned validated_count;
    bool verbose;
    struct expected *expected;
    unsigned expected_count;
    unsigned passed, failed, skipped, known;
    unsigned scripts;
};

static int expected_load(struct run *run, const char *path)
{
    char line[1000];
    FILE *file = fopen(path, "r");
    if (!file) {
        (void)fprintf(stderr, "wast: cannot open '%s'\n", path);
        return -1;
    }
    run->expected = sw_alloc(EXPECTED_MAX * sizeof *run->expected);
    while (fgets(line, sizeof line, file) && run->expected_count < EXPECTED_MAX) {
        size_t n = strcspn(line, " \n");
        if (n == 0 || line[0] == '#' || n >= sizeof run->expected->name)
            continue;
        if (line[n] != ' ') {
            (void)fprintf(stderr, "wast: %s: '%.*s' lacks a reason\n", path, (int)n, line);
            (void)fclose(file); /* only read */
            return -1;
        }
        memcpy(run->expected[run->expected_count++].name, line, n);
    }
    (void)fclose(file); /* only read */
    return 0;
}

static bool expected_to_fail(struct run *run, const char *name)
{
    bool found = false;
    for (unsigned i = 0; i < run->expected_count; i++)
        if (strcmp(run->expected[i].name, name) == 0)
            run->expected[i].seen = found = true;
    return found;
}

/* ---- one script ---- */

struct script_run {
    struct run *run;
    const char *name;
    unsigned passed, failed, skipped;
};

static void count(struct script_run *in, int64_t line, const struct wast_outcome *outcome)
{
    char name[1200];
    (void)snprintf(name, sizeof name, "%s:%lld", in->name, (long long)line);
    bool known = expected_to_fail(in->run, name);
    if (outcome->verdict == WAST_SKIPPED) {
        in->skipped++;
        if (in->run->verbose)
            printf("SKIPPED %s: %s\n", name, outcome->text);
    } else if (outcome->verdict == WAST_FAILED && known) {
        in->run->known++;
        in->skipped++;
    } else if (outcome->verdict == WAST_FAILED) {
        in->failed++;
        printf("FAILED %s: %s\n", name, outcome->text);
    } else if (known) {
        in->failed++;
        printf("FAILED %s: passed, but the expectation file has it as failing\n", name);
    } else {
        in->passed++;
    }
}

static void run_commands(struct script_run *in, const char *path, const struct codec_json *commands)
{
    char folder[1024];
    struct run *run = in->run;
    struct wast_script script = {.engine = &run->engine, .folder = folder};
    (void)snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    for (unsigned i = 0; i < run->validated_count; i++)
        script.validate_only |= strncmp(path, run->validated[i], strlen(run->validated[i])) == 0;
    script.lost.verdict = WAST_FAILED;
    (void)snprintf(script.lost.text, sizeof script.lost.text, "there is no instance");
    for (size_t i = 0; i < codec_json_count(commands); i++) {
        const struct codec_json *command = codec_json_item(commands, i);
        struct wast_outcome outcome = {.verdict = WAST_PASSED};
        wast_directive(&script, command, &outcome);
        count(in, codec_json_integer(codec_json_get(command, "line")), &outcome);
    }
    wast_script_end(&script);
}

static void run_script(struct run *run, const char *path)
{
    struct sw_err err;
    struct codec_json *json = NULL;
    sw_auto_buf text = SW_BUF(SCRIPT_BYTES_MAX);
    char name[1024];
    size_t skip = strncmp(path, run->root, strlen(run->root)) == 0 ? strlen(run->root) : 0;
    while (path[skip] == '/' && skip)
        skip++;
    (void)snprintf(name, sizeof name, "%s", path + skip);
    char *slash = strrchr(name, '/');
    if (slash)
        *slash = '\0';
    struct script_run in = {.run = run, .name = name};
    FILE *file = fopen(path, "rb");
    int rc = file ? sw_buf_read_fd(&text, fileno(file), &err) : sw_fail(&err, SW_EIO, "cannot open it");
    if (file)
        (void)fclose(file); /* only read */
    if (rc == 0)
        rc = codec_json_parse(sw_buf_str(&text), &json, &err);
    if (rc == 0) {
        run_commands(&in, path, codec_json_get(json, "commands"));
    } else {
        in.failed++;
        printf("FAILED %s: %s\n", name, err.text);
    }
    codec_json_free(json);
    printf("%s: %u passed, %u failed, %u skipped\n", name, in.passed, in.failed, in.skipped);
    (void)fflush(stdout);
    run->passed += in.passed;
    run->failed += in.failed;
    run->skipped += in.skipped;
    run->scripts++;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_path(struct run *run, const char *path)
{
    struct stat info;
    struct dirent **entries = NULL;
    if (stat(path, &info) < 0) {
        run->failed++;
        printf("FAILED %s: not there\n", path);
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        size_t n = strlen(path);
        if (n > 5 && strcmp(path + n - 5, ".json") == 0)
            run_script(run, path);
        return;
    }
    int n = scandir(path, &entries, visible, alphasort);
    for (int i = 0; i < n; i++) {
        char below[1024];
        (void)snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        run_path(run, below); /* as deep as folders are: this is a test */
        free(entries[i]);
    }
    free(entries);
}

/* Every expectation that no directive had is stale. Only told when all scripts ran. */
static void report_stale(struct run *run)
{
    for (unsigned i = 0; i < run->expected_count; i++)
        if (!run->expected[i].seen) {
            run->failed++;
            printf("FAILED %s: in the expectation file, but no script has that line\n",
                   run->expected[i].name);
        }
}

int main(int argc, char **argv)
{
    struct run run = {.root = ""};
    struct sw_err err;
    bool whole = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            run.verbose = true;
        else if (strcmp(argv[i], "--whole") == 0)
            whole = true; /* all scripts are given: stale expectations are failures */
        else if (i + 1 < argc && strcmp(argv[i], "--root") == 0)
            run.root = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--validate") == 0 && run.validated_count < VALIDATED_MAX)
            run.validated[run.validated_count++] = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--expect") == 0 && expected_load(&run, argv[i + 1]) == 0)
            i++;
        else
            return fprintf(stderr, "wast: cannot use '%s'\n", argv[i]), 2;
    }
    if (wast_engine_open(&run.engine, &err) < 0)
        return fprintf(stderr, "wast: %s\n", err.text), 2;
    for (; i < argc; i++)
        run_path(&run, argv[i]);
    if (whole)
        report_stale(&run);
    printf("%u scripts, %u core modules compiled, %u expected failures among the skipped\n", run.scripts,
           run.engine.compiled, run.known);
    printf("%u passed, %u failed, %u skipped\n", run.passed, run.failed, run.skipped);
    wast_engine_close(&run.engine);
    sw_free(run.expected);
    return run.failed || run.scripts == 0 ? 1 : 0;
}
