/* server.c - the component of the tests of composition: asks its dependency what the path says. The first segment is the route's.
 *
 *   /x/join  /x/points  /x/count    calculated by the dependency
 *   /x/keep                         a resource of it that is never dropped
 *   /x/own/NAME                     this component's own environment
 *   /x/probe/WHAT  /x/fail/HOW      ops.wit
 *   /x/say/TEXT                     printed by the dependency
 *   /x/hunt                         writes a word all over its memory, has the dependency look for it */
#include "swell_http.h"

#define OPS "test:calc/ops@1.2.0"

struct point {
    int32_t x;
    struct text label;
};
struct pair {
    struct text name, value;
};
struct list {
    const struct pair *p;
    uint32_t n;
};

SWELL_IMPORT(OPS, "join") void ops_join(const struct text *parts, uint32_t n, struct text *ret);
SWELL_IMPORT(OPS, "add-points")
void ops_add_points(int32_t ax, const char *ap, uint32_t an, int32_t bx, const char *bp, uint32_t bn,
                    struct point *ret);
SWELL_IMPORT(OPS, "[constructor]counter") handle counter_new(uint32_t start);
SWELL_IMPORT(OPS, "[method]counter.add") uint32_t counter_add(handle self, uint32_t n);
SWELL_IMPORT(OPS, "[resource-drop]counter") void counter_drop(handle self);
SWELL_IMPORT(OPS, "probe") void ops_probe(const char *p, uint32_t n, struct text *ret);
SWELL_IMPORT(OPS, "say") void ops_say(const char *p, uint32_t n);
SWELL_IMPORT(OPS, "fail") void ops_fail(const char *p, uint32_t n, struct text *ret);
SWELL_IMPORT(OPS, "hunt") uint32_t ops_hunt(uint32_t word);
SWELL_IMPORT("wasi:cli/environment@0.2.0", "get-environment") void get_environment(struct list *ret);

static struct text number_text(uint64_t n)
{
    static char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return (struct text){digits + at, (uint32_t)sizeof digits - at};
}

static struct text join(void)
{
    static const struct text parts[] = {TEXT("one, "), TEXT(""), TEXT("zw\xc3\xb6lf")};
    struct text joined;
    ops_join(parts, 3, &joined);
    return joined;
}

static struct text points(void)
{
    struct point sum;
    ops_add_points(1, "a", 1, -31, "b", 1, &sum);
    swell_expect(sum.x == -30);
    return sum.label;
}

static struct text count(void)
{
    handle a = counter_new(10), b = counter_new(100);
    uint32_t n = counter_add(a, 1) + counter_add(b, 2) + counter_add(a, 3);
    counter_drop(b);
    counter_drop(a);
    return number_text(n);
}

static struct text own(struct text name)
{
    struct list all;
    get_environment(&all);
    for (uint32_t i = 0; i < all.n; i++)
        if (text_is(all.p[i].name, name))
            return all.p[i].value;
    return TEXT("not set");
}

static struct text hunt(void)
{
    uint32_t *secret = heap_alloc(1 << 20, 4);
    for (uint32_t i = 0; i < 1 << 18; i++)
        ((volatile uint32_t *)secret)[i] = 0x5ec2e7ed;
    uint32_t found = ops_hunt(0x5ec2e7ed);
    swell_expect(ops_hunt(0) > 1000); /* it does look */
    return number_text(found);
}

static struct text answer_to(struct text path)
{
    struct text rest, answer;
    if (text_is(path, TEXT("join")))
        return join();
    if (text_is(path, TEXT("points")))
        return points();
    if (text_is(path, TEXT("count")))
        return count();
    if (text_is(path, TEXT("keep")))
        return number_text(counter_add(counter_new(7), 0));
    if (text_is(path, TEXT("hunt")))
        return hunt();
    if (text_starts(path, TEXT("own/"), &rest))
        return own(rest);
    if (text_starts(path, TEXT("probe/"), &rest)) {
        ops_probe(rest.p, rest.n, &answer);
        return answer;
    }
    if (text_starts(path, TEXT("fail/"), &rest)) {
        ops_fail(rest.p, rest.n, &answer);
        return answer;
    }
    if (text_starts(path, TEXT("say/"), &rest))
        ops_say(rest.p, rest.n);
    return TEXT("here");
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request);
    uint32_t slashes = 0;
    while (path.n && slashes < 2) { /* "/x/" */
        slashes += path.p[0] == '/';
        path = (struct text){path.p + 1, path.n - 1};
    }
    respond_text(outparam, 200, answer_to(path));
    request_drop(request);
}
