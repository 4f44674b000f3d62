/* main.c - reads variables by each of the three interfaces that give them.
 *
 *   /get/NAME     fermyon:spin/variables@2.0.0      /config/NAME  fermyon:spin/config
 *   /store/NAME   wasi:config/store                 /all          all of them by wasi:config/store
 *
 * Answers "= value", "none", or "<case>: text" for an error. */
#include "swell_http.h"

#define STORE "wasi:config/store@0.2.0-draft-2024-09-27"

struct answer { /* result<string, error>, and result<option<string>, error> */
    uint8_t is_err;
    union {
        struct text ok;
        struct {
            uint8_t is; /* the error's case, or whether there is a string */
            struct text text;
        } with;
    };
};
_Static_assert(sizeof(struct answer) == 16, "as the canonical ABI lays it out");
struct pair {
    struct text name, value;
};
struct answer_all { /* result<list<tuple<string, string>>, error> */
    uint8_t is_err;
    const struct pair *p;
    uint32_t n;
    uint32_t rest;
};

SWELL_IMPORT("fermyon:spin/variables@2.0.0", "get")
void variables_get(const char *p, uint32_t n, struct answer *ret);
SWELL_IMPORT("fermyon:spin/config", "get-config")
void config_get(const char *p, uint32_t n, struct answer *ret);
SWELL_IMPORT(STORE, "get") void store_get(const char *p, uint32_t n, struct answer *ret);
SWELL_IMPORT(STORE, "get-all") void store_get_all(struct answer_all *ret);

static struct text joined(struct text a, struct text b, struct text c)
{
    char *text = heap_alloc(a.n + b.n + c.n, 1);
    __builtin_memcpy(text, a.p, a.n);
    __builtin_memcpy(text + a.n, b.p, b.n);
    __builtin_memcpy(text + a.n + b.n, c.p, c.n);
    return (struct text){text, a.n + b.n + c.n};
}

static struct text failure(const struct answer *answer)
{
    char digit = (char)('0' + answer->with.is);
    return joined((struct text){&digit, 1}, TEXT(": "), answer->with.text);
}

static struct text shown(const struct answer *answer)
{
    return answer->is_err ? failure(answer) : joined(TEXT("= "), answer->ok, TEXT(""));
}

static struct text all(void)
{
    struct answer_all answer;
    struct text text = TEXT("");
    store_get_all(&answer);
    swell_expect(!answer.is_err);
    for (uint32_t i = 0; i < answer.n; i++)
        text = joined(text, joined(answer.p[i].name, TEXT("="), answer.p[i].value), TEXT("\n"));
    return text;
}

static struct text answer_to(struct text path)
{
    struct answer answer;
    struct text name;
    if (text_starts(path, TEXT("/get/"), &name)) {
        variables_get(name.p, name.n, &answer);
        return shown(&answer);
    }
    if (text_starts(path, TEXT("/config/"), &name)) {
        config_get(name.p, name.n, &answer);
        return shown(&answer);
    }
    if (text_starts(path, TEXT("/store/"), &name)) {
        store_get(name.p, name.n, &answer);
        if (answer.is_err)
            return failure(&answer);
        return answer.with.is ? joined(TEXT("= "), answer.with.text, TEXT("")) : TEXT("none");
    }
    return all();
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    respond_text(outparam, 200, answer_to(request_path(request)));
    request_drop(request);
}
