/* mutants.c - mutated components through our decoder and validator and through wasm-tools' own: does each accept the same?
 *
 *   mutants ORACLE COUNT SEED KNOWN SAVE FILE-OR-FOLDER...
 *
 * ORACLE is the program of validate_oracle/, KNOWN the list of explained disagreements, SAVE a folder for the smallest example of each
 * new one ("" keeps none). Exit code 1 when there is a disagreement that KNOWN does not explain.  Room: component (its tests). */
#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "component/component.h"
#include "differential/mutate.h"

enum { BATCH = 256, BUCKETS_MAX = 4096, TEXT = 400, KNOWN_MAX = 256 };

struct answer {
    char letter; /* A, R or C: validate_oracle/src/main.rs */
    char text[TEXT + 1];
};
struct bucket { /* disagreements whose words are the same, numbers and names left out */
    char key[2 * TEXT + 8];
    char example[2 * TEXT + 32];
    unsigned long count;
    const char *reason; /* of KNOWN; NULL: new */
    struct sw_buf smallest;
};
struct known {
    char line[1024];
    const char *ours, *theirs, *reason; /* parts of line */
    unsigned long count;
};
static struct {
    struct mutate_corpus corpus;
    struct known known[KNOWN_MAX];
    size_t known_count;
    struct bucket *buckets;
    size_t bucket_count;
    FILE *to, *from;
    pid_t pid;
    unsigned long same_accepted, same_refused, core_later, limits;
} state;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- the oracle ---- */

static void oracle_start(const char *program)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        die("pipe");
    state.pid = fork();
    if (state.pid < 0)
        die("fork");
    if (state.pid == 0) {
        if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
            die("dup2");
        execl(program, program, (char *)NULL);
        die(program);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    state.to = fdopen(in[1], "wb");
    state.from = fdopen(out[0], "rb");
    if (!state.to || !state.from)
        die("fdopen");
}

static void put_u32(uint32_t n)
{
    uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    if (fwrite(bytes, 4, 1, state.to) != 1)
        die("write to the oracle");
}

static void oracle_ask(const struct sw_buf *batch, uint32_t count)
{
    put_u32(count);
    for (uint32_t i = 0; i < count; i++) {
        put_u32((uint32_t)batch[i].n);
        if (batch[i].n && fwrite(batch[i].p, batch[i].n, 1, state.to) != 1)
            die("write to the oracle");
    }
    if (fflush(state.to) != 0)
        die("write to the oracle");
}

static void oracle_answer(struct answer *ret)
{
    uint8_t head[3];
    if (fread(head, 3, 1, state.from) != 1)
        die("the oracle's answer");
    size_t n = head[1] | (size_t)head[2] << 8;
    if (n > TEXT || (n && fread(ret->text, n, 1, state.from) != 1))
        die("the oracle's answer");
    ret->letter = (char)head[0];
    ret->text[n] = '\0';
}

static void ours(struct sw_str bytes, struct answer *ret)
{
    struct sw_err err = {0};
    struct component_binary *binary = NULL;
    int rc = component_decode(bytes, &binary, &err);
    ret->letter = rc == 0 ? 'A' : rc == -SW_ELIMIT ? 'L' : 'R';
    (void)snprintf(ret->text, sizeof ret->text, "%.*s", TEXT, rc == 0 ? "" : err.text);
    component_binary_free(binary);
}

/* ---- known disagreements: "ours | theirs | reason", each parts of the message in their order, with "..." between; "accepted" stands for none ---- */

static void known_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die(path);
    for (; state.known_count < KNOWN_MAX;) {
        struct known *known = &state.known[state.known_count];
        if (!fgets(known->line, sizeof known->line, file))
            break;
        char *bar = strstr(known->line, " | "), *second = bar ? strstr(bar + 3, " | ") : NULL;
        if (known->line[0] == '#' || !second)
            continue;
        known->line[strcspn(known->line, "\n")] = '\0';
        *bar = *second = '\0';
        known->ours = known->line;
        known->theirs = bar + 3;
        known->reason = second + 3;
        state.known_count++;
    }
    (void)fclose(file);
}

/* Whether two names in backquotes of a message are equal but for hyphens: what "<hyphens>" in front of a part asks for. */
static bool differ_in_hyphens(const char *text)
{
    const char *one = strchr(text, '`'), *one_end = one ? strchr(one + 1, '`') : NULL;
    const char *two = one_end ? strchr(one_end + 1, '`') : NULL;
    if (!two)
        return false;
    size_t hyphens = 0;
    for (one++, two++; *one != '`' || *two != '`';) {
        if (*one == '-' || *two == '-') {
            hyphens += (*one == '-') != (*two == '-');
            one += *one == '-';
            two += *two == '-';
        } else if (*one == '\0' || *one == '`' ||
                   tolower((unsigned char)*one) != tolower((unsigned char)*two)) {
            return false;
        } else {
            one++;
            two++;
        }
    }
    return hyphens > 0;
}

/* The parts of `wanted`, put apart by "...", one behind the other. */
static bool has_parts(const char *text, const char *wanted)
{
    while (text && *wanted) {
        const char *gap = strstr(wanted, "...");
        size_t n = gap ? (size_t)(gap - wanted) : strlen(wanted);
        const char *at = memmem(text, strlen(text), wanted, n);
        text = at ? at + n : NULL;
        wanted += n + (gap ? 3 : 0);
    }
    return text != NULL;
}

static bool says(const struct answer *answer, const char *part)
{
    static const char hyphens[] = "<hyphens>";
    if (strcmp(part, "accepted") == 0)
        return answer->letter == 'A';
    if (strncmp(part, hyphens, sizeof hyphens - 1) == 0)
        return answer->letter != 'A' && has_parts(answer->text, part + sizeof hyphens - 1) &&
               differ_in_hyphens(answer->text);
    return answer->letter != 'A' && has_parts(answer->text, part);
}

static struct known *known_find(const struct answer *us, const struct answer *them)
{
    for (size_t i = 0; i < state.known_count; i++)
        if (says(us, state.known[i].ours) && says(them, state.known[i].theirs))
            return &state.known[i];
    return NULL;
}

/* The message without numbers and names, so that equal reasons fall together. */
static void words(const struct answer *answer, char *out, size_t size)
{
    size_t n = 0;
    char quote = '\0';
    for (const char *p = answer->text; *p && n + 2 < size; p++) {
        if (quote) {
            if (*p != quote)
                continue;
            quote = '\0';
        } else if (*p == '`' || *p == '\'') {
            quote = *p;
        } else if (*p >= '0' && *p <= '9') {
            if (n && out[n - 1] == '#')
                continue;
            out[n++] = '#';
            continue;
        }
        out[n++] = *p;
    }
    out[n] = '\0';
    if (answer->letter == 'A')
        (void)snprintf(out, size, "accepted");
    char *at = strstr(out, " at byte");
    if (!at)
        at = strstr(out, " (at offset");
    if (at)
        *at = '\0';
}

static void disagree(const struct sw_buf *mutant, const struct answer *us, const struct answer *them)
{
    char key[sizeof state.buckets->key], one[TEXT + 1], two[TEXT + 1];
    words(us, one, sizeof one);
    words(them, two, sizeof two);
    (void)snprintf(key, sizeof key, "%.398s | %.398s", one, two);
    struct bucket *bucket = NULL;
    for (size_t i = 0; i < state.bucket_count && !bucket; i++)
        if (strcmp(state.buckets[i].key, key) == 0)
            bucket = &state.buckets[i];
    struct known *known = known_find(us, them);
    if (known)
        known->count++;
    if (!bucket && state.bucket_count == BUCKETS_MAX)
        return;
    if (!bucket) {
        bucket = &state.buckets[state.bucket_count++];
        bucket->smallest = SW_BUF(64u << 20);
        (void)snprintf(bucket->key, sizeof bucket->key, "%s", key);
        bucket->reason = known ? known->reason : NULL;
    }
    bucket->count++;
    if (bucket->smallest.n && bucket->smallest.n <= mutant->n)
        return;
    struct sw_err err;
    (void)snprintf(bucket->example, sizeof bucket->example, "%s | %s",
                   us->letter == 'A' ? "accepted" : us->text, them->letter == 'A' ? "accepted" : them->text);
    sw_buf_clear(&bucket->smallest);
    if (sw_buf_add(&bucket->smallest, sw_buf_str(mutant), &err) < 0)
        exit(2);
}

static void compare(const struct sw_buf *mutant, const struct answer *us, const struct answer *them)
{
    if (us->letter == 'A' && them->letter == 'A')
        state.same_accepted++;
    else if (us->letter != 'A' && them->letter != 'A')
        state.same_refused++;
    else if (us->letter == 'A' && them->letter == 'C')
        state.core_later++; /* the compiler validates core modules in full, and refuses it then */
    else
        disagree(mutant, us, them);
}

/* ---- the run ---- */

static int add_file(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)ftw;
    size_t n = strlen(path);
    bool named = strstr(path, "corpus/component_decode") || (n > 5 && strcmp(path + n - 5, ".wasm") == 0) ||
                 (n > 4 && strcmp(path + n - 4, ".bin") == 0);
    if (kind == FTW_F && named)
        mutate_corpus_add(&state.corpus, path);
    return 0;
}

static void run(unsigned long count, uint64_t seed)
{
    static struct sw_buf batch[BATCH];
    static struct answer us[BATCH];
    struct answer them;
    for (size_t i = 0; i < BATCH; i++)
        batch[i] = SW_BUF(64u << 20);
    for (unsigned long done = 0; done < count;) {
        uint32_t n = count - done < BATCH ? (uint32_t)(count - done) : BATCH;
        for (uint32_t i = 0; i < n;
             i++) /* each mutant has a seed of its own, so that it can be made again alone */
            mutate(&state.corpus, seed + done + i, &batch[i]);
        oracle_ask(batch, n);
        for (uint32_t i = 0; i < n; i++)
            ours(sw_buf_str(&batch[i]), &us[i]);
        for (uint32_t i = 0; i < n; i++) {
            oracle_answer(&them);
            compare(&batch[i], &us[i], &them);
        }
        done += n;
    }
    for (size_t i = 0; i < BATCH; i++)
        sw_buf_deinit(&batch[i]);
}

static void save(const char *folder, size_t number, const struct bucket *bucket)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%03zu.wasm", folder, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bucket->smallest.p, 1, bucket->smallest.n, file) != bucket->smallest.n ||
        fclose(file) != 0)
        die(path);
}

static int report(unsigned long count, const char *folder)
{
    unsigned long explained = 0, new = 0;
    for (size_t i = 0; i < state.bucket_count; i++) {
        struct bucket *bucket = &state.buckets[i];
        *(bucket->reason ? &explained : &new) += bucket->count;
        if (!bucket->reason) {
            printf("DISAGREE %6lu x  #%zu, %zu bytes: %s\n", bucket->count, i, bucket->smallest.n,
                   bucket->example);
            if (folder[0])
                save(folder, i, bucket);
        }
        sw_buf_deinit(&bucket->smallest);
    }
    for (size_t i = 0; i < state.known_count; i++)
        if (state.known[i].count)
            printf("known    %6lu x  %s | %s: %s\n", state.known[i].count, state.known[i].ours,
                   state.known[i].theirs, state.known[i].reason);
    printf("%lu mutants of %zu components: both accept %lu, both refuse %lu, core module refused when "
           "compiled %lu, "
           "explained %lu, unexplained %lu\n",
           count, state.corpus.count, state.same_accepted, state.same_refused, state.core_later, explained,
           new);
    return new ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        (void)fprintf(stderr, "usage: mutants ORACLE COUNT SEED KNOWN SAVE FILE-OR-FOLDER...\n");
        return 2;
    }
    unsigned long count = strtoul(argv[2], NULL, 0);
    known_read(argv[4]);
    for (int i = 6; i < argc; i++)
        if (nftw(argv[i], add_file, 16, FTW_PHYS) < 0)
            die(argv[i]);
    if (!state.corpus.count) {
        (void)fprintf(stderr, "mutants: no components in what was named\n");
        return 2;
    }
    mutate_corpus_ready(&state.corpus);
    state.buckets = sw_alloc(BUCKETS_MAX * sizeof *state.buckets);
    oracle_start(argv[1]);
    run(count, strtoull(argv[3], NULL, 0) * UINT64_C(0x9e3779b97f4a7c15));
    (void)fclose(state.to);
    (void)waitpid(state.pid, NULL, 0);
    (void)fclose(state.from);
    int rc = report(count, argv[5]);
    mutate_corpus_deinit(&state.corpus);
    sw_free(state.buckets);
    return rc;
}
