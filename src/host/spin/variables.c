/* variables.c - a component's own variables by three interfaces: fermyon:spin/variables, fermyon:spin/config, wasi:config/store.
 * Room: host.
 *
 * Values were found when the application was loaded; what is done here is filling the component's templates with them.
 * source: spin.md 4.5 */
#include "app/variables.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "host/bindings/config_store.h"
#include "host/bindings/spin_config.h"
#include "host/bindings/spin_variables.h"
#include "host/host_internal.h"
#include "host/limits.h"

enum outcome { FOUND, INVALID_NAME, UNDEFINED, OTHER };

struct answer {
    enum outcome outcome;
    struct sw_buf text; /* the value, or what is wrong */
};

static void answer_deinit(struct answer *answer)
{
    sw_buf_deinit(&answer->text);
}

/* Less than 0: the guest was trapped. */
static int ask(struct component_call *call, struct sw_str name, struct answer *answer)
{
    const struct host_grants *grants = host_grants_of(call);
    const struct app_component none = {.id = grants->component}; /* whoever may read no variables has none */
    const struct app_component *component = grants->variables_of ? grants->variables_of : &none;
    struct sw_err err = {0};
    int rc = app_variable_name_check(name, &err);
    answer->outcome = INVALID_NAME;
    if (rc == 0) {
        rc = app_component_variable(grants->application, component, name, &answer->text, &err);
        answer->outcome = rc == 0 ? FOUND : rc == SW_ABSENT ? UNDEFINED : OTHER;
    }
    if (rc != 0 && rc != -SW_ENOMEM)
        rc = sw_buf_add(&answer->text, sw_str_of(err.text), &err);
    return rc < 0 ? host_trap(call, "no memory for a variable") : 0;
}

/* As a result, which the buffer is not: it ends with the function. */
static int keep(struct component_call *call, const struct answer *answer, struct sw_str *ret)
{
    char *copy = host_scratch(call, answer->text.n, 1);
    if (!copy)
        return -SW_EGUEST;
    if (answer->text.n)
        memcpy(copy, answer->text.p, answer->text.n);
    *ret = sw_str(copy, answer->text.n);
    return 0;
}

/* FOUND, or one of the other outcomes, or less than 0; *ret is the value or the text. */
static int variable(struct component_call *call, struct sw_str name, struct sw_str *ret)
{
    __attribute__((cleanup(answer_deinit))) struct answer answer = {.text = SW_BUF(HOST_VARIABLE_BYTES_MAX)};
    int rc = ask(call, name, &answer);
    if (rc == 0)
        rc = keep(call, &answer, ret);
    return rc < 0 ? rc : (int)answer.outcome;
}

/* ---- fermyon:spin/variables ---- */

int host_spin_variables_get(struct component_call *call, struct sw_str name, struct sw_str *ret,
                            struct host_spin_variables_error *ret_error)
{
    struct sw_str text;
    int outcome = variable(call, name, &text);
    if (outcome < 0)
        return outcome;
    switch ((enum outcome)outcome) {
    case FOUND:
        *ret = text;
        return 0;
    case INVALID_NAME:
        *ret_error = (struct host_spin_variables_error){HOST_SPIN_VARIABLES_ERROR_INVALID_NAME,
                                                        {.invalid_name = text}};
        break;
    case UNDEFINED:
        *ret_error =
            (struct host_spin_variables_error){HOST_SPIN_VARIABLES_ERROR_UNDEFINED, {.undefined = text}};
        break;
    case OTHER:
    default:
        *ret_error = (struct host_spin_variables_error){HOST_SPIN_VARIABLES_ERROR_OTHER, {.other = text}};
        break;
    }
    return HOST_WIT_ERROR;
}

/* ---- fermyon:spin/config, of the first SDKs ---- */

int host_spin_config_get_config(struct component_call *call, struct sw_str key, struct sw_str *ret,
                                struct host_spin_config_error *ret_error)
{
    struct sw_str text;
    int outcome = variable(call, key, &text);
    if (outcome < 0)
        return outcome;
    switch ((enum outcome)outcome) {
    case FOUND:
        *ret = text;
        return 0;
    case INVALID_NAME:
        *ret_error =
            (struct host_spin_config_error){HOST_SPIN_CONFIG_ERROR_INVALID_KEY, {.invalid_key = text}};
        break;
    case UNDEFINED: /* it has no word of its own for that */
        *ret_error = (struct host_spin_config_error){HOST_SPIN_CONFIG_ERROR_PROVIDER, {.provider = text}};
        break;
    case OTHER:
    default:
        *ret_error = (struct host_spin_config_error){HOST_SPIN_CONFIG_ERROR_OTHER, {.other = text}};
        break;
    }
    return HOST_WIT_ERROR;
}

/* ---- wasi:config/store ---- */

int host_config_store_get(struct component_call *call, struct sw_str key, struct host_option_str *ret,
                          struct host_config_store_error *ret_error)
{
    struct sw_str text;
    int outcome = variable(call, key, &text);
    if (outcome < 0)
        return outcome;
    if (outcome == OTHER) {
        *ret_error = (struct host_config_store_error){HOST_CONFIG_STORE_ERROR_UPSTREAM, {.upstream = text}};
        return HOST_WIT_ERROR;
    }
    *ret = (struct host_option_str){.has = outcome == FOUND, .value = text};
    return 0;
}

/* Values behind each other in `all`; ends[i] is where the i-th ends. Returns 0, or another outcome with its text in *ret. */
static int collect(struct component_call *call, const struct app_component *component, struct sw_buf *all,
                   size_t *ends, struct sw_str *ret)
{
    for (uint32_t i = 0; i < component->variable_count; i++) {
        struct sw_err err;
        struct sw_str text;
        int outcome = variable(call, component->variables[i].name, &text);
        if (outcome != FOUND) {
            *ret = text;
            return outcome;
        }
        if (sw_buf_add(all, text, &err) < 0)
            return host_trap(call, "the component's variables: %s", err.text);
        ends[i] = all->n;
    }
    return 0;
}

int host_config_store_get_all(struct component_call *call, struct host_list_tuple_str_str *ret,
                              struct host_config_store_error *ret_error)
{
    const struct app_component *component = host_grants_of(call)->variables_of;
    uint32_t count = component ? component->variable_count : 0;
    sw_auto_buf all = SW_BUF(HOST_VARIABLE_BYTES_MAX);
    sw_auto_free size_t *ends = sw_try_alloc_array(count, sizeof *ends);
    struct sw_str text = {NULL, 0};
    if (!ends)
        return host_trap(call, "no memory for %u variables", count);
    int rc = count ? collect(call, component, &all, ends, &text) : 0;
    if (rc < 0)
        return rc;
    if (rc > 0) {
        *ret_error = (struct host_config_store_error){HOST_CONFIG_STORE_ERROR_UPSTREAM, {.upstream = text}};
        return HOST_WIT_ERROR;
    }
    size_t table = count * sizeof *ret->items; /* in front of the texts: the scratch is one piece */
    char *scratch = host_scratch(call, table + all.n, 1);
    if (!scratch)
        return -SW_EGUEST;
    *ret = (struct host_list_tuple_str_str){(void *)scratch, count};
    if (all.n)
        memcpy(scratch + table, all.p, all.n);
    for (uint32_t i = 0; i < count; i++) {
        size_t from = i ? ends[i - 1] : 0;
        ret->items[i] = (struct host_tuple_str_str){component->variables[i].name,
                                                    sw_str(scratch + table + from, ends[i] - from)};
    }
    return 0;
}
