/* compile.c - from a core module to native code and a memory image; the name of that product.  Room: engine.
 *
 * Runs in a process of its own: compiling takes seconds and hundreds of megabytes, and its threads do not survive a fork. */
#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "engine/core_read.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

#define ENGINE_VERSION "wasmtime 50.0.1"
#define CPUINFO_BYTES (16u << 10)                     /* the first processor's block; 1-3 KiB in practice */
#define WASM_BYTES_MAX (ENGINE_CORE_BYTES_MAX + 4096) /* the prepared module is at most an export longer */

/* The value of the line that lists the processor's features, e.g. "fpu vme de ..." */
static struct sw_str cpu_features(char *text, size_t max)
{
    static const char *const keys[] = {"\nflags", "\nFeatures", "\nisa"}; /* x86, Arm, RISC-V */
    sw_auto_close int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    while (fd >= 0 && n < max - 1) {
        ssize_t got = read(fd, text + n, max - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *line = strstr(text, keys[i]);
        const char *value = line ? strchr(line, ':') : NULL;
        const char *end = value ? strchr(value, '\n') : NULL;
        if (end)
            return sw_str(value + 1, (size_t)(end - value - 1));
    }
    return SW_LIT(
        "unknown"); /* a stable answer: at worst another machine's product is refused when it is loaded */
}

static void add(EVP_MD_CTX *digest, struct sw_str bytes)
{
    uint64_t n = bytes.n; /* the length in front keeps two texts from running into each other */
    (void)EVP_DigestUpdate(digest, &n, sizeof n);
    (void)EVP_DigestUpdate(digest, bytes.p, bytes.n);
}

void engine_artifact_key(const struct engine_core *core, char ret_key[65])
{
    engine_artifact_key_of(core->bytes, ret_key);
}

void engine_artifact_key_of(struct sw_str module, char ret_key[65])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE] = {0};
    char library[ENGINE_LIBRARY_ID_MAX];
    engine_library_id(library);
    char *cpuinfo = sw_alloc(CPUINFO_BYTES);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        abort(); /* no memory for a few hundred bytes, or a crypto library without SHA-256 */
    add(digest, SW_LIT(ENGINE_VERSION));
    add(digest, sw_str_of(library));
    add(digest, sw_str_of(engine__settings_text()));
    add(digest, cpu_features(cpuinfo, CPUINFO_BYTES));
    add(digest, module);
    if (EVP_DigestFinal_ex(digest, sum, NULL) != 1)
        abort();
    EVP_MD_CTX_free(digest);
    sw_free(cpuinfo);
    for (size_t i = 0; i < 32; i++) {
        ret_key[2 * i] = hex[sum[i] >> 4];
        ret_key[2 * i + 1] = hex[sum[i] & 15];
    }
    ret_key[64] = '\0';
}

int engine__core_supported(const struct engine_core *core, struct sw_err *err)
{
    for (uint32_t i = 0; i < core->memory_count; i++) {
        const struct engine_limits_type *memory = &core->memories[i];
        if (memory->shared)
            return sw_fail(
                err, SW_EINPUT,
                "memory %u is shared between threads, which is not supported: build without threads", i);
        if (memory->page_log2 != 16)
            return sw_fail(err, SW_EINPUT, "memory %u has custom pages, which are not supported", i);
        if (i >= core->memory_import_count && memory->min > ENGINE_SLOT_BYTES >> 16)
            return sw_fail(err, SW_ELIMIT, "memory %u starts with %llu pages, more than the limit of %llu", i,
                           (unsigned long long)memory->min, (unsigned long long)(ENGINE_SLOT_BYTES >> 16));
    }
    return 0;
}

static int compile(struct sw_str wasm, struct sw_buf *ret_cwasm, struct sw_err *err)
{
    wasm_engine_t *engine = wasm_engine_new_with_config(engine__config());
    wasmtime_module_t *module = NULL;
    wasm_byte_vec_t product = {0};
    int rc = 0;
    wasmtime_error_t *error = wasmtime_module_new(engine, (const uint8_t *)wasm.p, wasm.n, &module);
    if (error) {
        rc = engine__error_take(error, SW_EINPUT, err);
    } else {
        error = wasmtime_module_serialize(module, &product);
        rc = error ? engine__error_take(error, SW_EBUG, err)
                   : sw_buf_add(ret_cwasm, sw_str(product.data, product.size), err);
        wasm_byte_vec_delete(&product);
        wasmtime_module_delete(module);
    }
    wasm_engine_delete(engine);
    return rc;
}

int engine_compile(const struct engine_core *core, struct sw_buf *ret_cwasm, struct sw_buf *ret_image,
                   struct sw_err *err)
{
    sw_auto_buf wasm = SW_BUF(WASM_BYTES_MAX);
    size_t image_n = ret_image->n;
    int rc = engine__core_supported(core, err);
    if (rc == 0)
        rc = engine_core_prepare(core, &wasm, ret_image, err);
    if (rc < 0)
        return rc;
    rc = compile(sw_buf_str(&wasm), ret_cwasm, err);
    if (rc < 0)
        ret_image->n = image_n;
    return rc < 0 ? sw_wrap(err, "compile") : 0;
}
