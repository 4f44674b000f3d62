// http.cc - the HTTP component of tests/languages in C++: the answer is a std::string, what the host returns comes from malloc.
#include <cstdlib>
#include <string>
#include <string_view>

#define SWELL_OWN_REALLOC
extern "C" {
#include "swell_http.h"
}

extern "C" SWELL_EXPORT("cabi_realloc") void *cabi_realloc(void *old, uint32_t, uint32_t, uint32_t new_bytes)
{
    void *at = std::realloc(old, new_bytes ? new_bytes : 1);
    if (!at)
        __builtin_trap();
    return at;
}

namespace
{

// What the host returned: taken over, freed at the end.
class Owned
{
    struct text text_;

  public:
    explicit Owned(struct text text) : text_(text)
    {
    }
    Owned(const Owned &) = delete;
    ~Owned()
    {
        std::free(const_cast<char *>(text_.p));
    }
    std::string_view view() const
    {
        return {text_.p, text_.n};
    }
};

std::string method_of(handle request)
{
    static const char *const names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    struct ret_method method;
    request_method(request, &method);
    if (method.is < std::size(names))
        return names[method.is];
    return std::string(Owned(method.other).view());
}

std::string path_of(handle request)
{
    struct ret_option_text path;
    request_path_with_query(request, &path);
    return path.is_some ? std::string(Owned(path.some).view()) : "/";
}

std::string field_of(handle request, std::string_view wanted)
{
    struct ret_fields fields;
    std::string found;
    handle from = request_headers(request);
    fields_entries(from, &fields);
    fields_drop(from);
    for (uint32_t i = 0; i < fields.n; i++) {
        Owned name(fields.p[i].name), value(fields.p[i].value);
        if (name.view() == wanted)
            found = value.view();
    }
    std::free(fields.p);
    return found;
}

std::string body_of(handle request)
{
    struct ret_handle body, stream;
    struct ret_list part;
    std::string all;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    for (input_stream_blocking_read(stream.ok, 65536, &part); !part.is_err;
         input_stream_blocking_read(stream.ok, 65536, &part))
        all += Owned(part.ok).view();
    input_stream_drop(stream.ok);
    future_trailers_drop(incoming_body_finish(body.ok));
    return all;
}

} // namespace

extern "C" SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request,
                                                                                       handle outparam)
{
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    field_add(headers, TEXT("x-language"), TEXT("C++"));
    const std::string answer = "method: " + method_of(request) + "\npath: " + path_of(request) +
                               "\nword: " + field_of(request, "x-word") + "\nbody: " + body_of(request);
    struct response response = response_start(outparam, 200, headers);
    response_write(&response, answer.data(), static_cast<uint32_t>(answer.size()));
    response_end(&response);
}
