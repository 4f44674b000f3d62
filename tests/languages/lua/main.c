/* main.c - runs Lua scripts: as a command that reads the script named first, or as an HTTP component that has http.lua inside.
 *
 * An HTTP component calls handle(method, path, word, body), which returns the answer. */
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* The error is on top of the stack. */
_Noreturn void swell_lua_raised(lua_State *lua)
{
    const char *message = lua_tostring(lua, -1);
    fprintf(stderr, "lua: %s\n", message ? message : "an error that is no text");
    exit(1);
}

static lua_State *start(void)
{
    lua_State *lua = luaL_newstate();
    if (!lua)
        abort();
    luaL_openlibs(lua);
    return lua;
}

#ifndef SWELL_LUA_HTTP

int main(int argc, char **argv)
{
    lua_State *lua = start();
    if (argc < 2) {
        fputs("lua: the first argument has to name a script\n", stderr);
        return 2;
    }
    lua_createtable(lua, argc, 1);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(lua, argv[i]);
        lua_rawseti(lua, -2, i - 1);
    }
    lua_setglobal(lua, "arg");
    if (luaL_loadfile(lua, argv[1]) != LUA_OK)
        swell_lua_raised(lua);
    lua_call(lua, 0, 0);
    return 0;
}

#else

#define SWELL_OWN_REALLOC
#include "swell_http.h"

extern const char SCRIPT[], SCRIPT_END[];
__asm__(
    ".section .rodata.script,\"\",@\n.globl SCRIPT\nSCRIPT:\n.incbin \"http.lua\"\n.size SCRIPT, .-SCRIPT\n"
    ".globl SCRIPT_END\nSCRIPT_END:\n.int8 0\n.size SCRIPT_END, 1\n");

SWELL_EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    (void)old_bytes, (void)align;
    void *at = realloc(old, new_bytes ? new_bytes : 1);
    if (!at)
        __builtin_trap();
    return at;
}

static void push(lua_State *lua, struct text text)
{
    lua_pushlstring(lua, text.n ? text.p : "", text.n);
}

static void push_method(lua_State *lua, handle request)
{
    static const char *const names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    struct ret_method method;
    request_method(request, &method);
    if (method.is < sizeof names / sizeof *names)
        lua_pushstring(lua, names[method.is]);
    else
        push(lua, method.other);
}

static void push_field(lua_State *lua, handle request, struct text name)
{
    struct ret_fields fields;
    struct text value = TEXT("");
    handle from = request_headers(request);
    fields_entries(from, &fields);
    fields_drop(from);
    for (uint32_t i = 0; i < fields.n; i++) {
        if (text_is(fields.p[i].name, name))
            value = fields.p[i].value;
    }
    push(lua, value);
}

static void push_body(lua_State *lua, handle request)
{
    struct ret_handle body, stream;
    struct ret_list part;
    luaL_Buffer all;
    luaL_buffinit(lua, &all);
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    for (input_stream_blocking_read(stream.ok, 65536, &part); !part.is_err;
         input_stream_blocking_read(stream.ok, 65536, &part)) {
        luaL_addlstring(&all, part.ok.p, part.ok.n);
        free((void *)part.ok.p);
    }
    luaL_pushresult(&all);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    lua_State *lua = start();
    struct ret_option_text path;
    if (luaL_loadbuffer(lua, SCRIPT, (size_t)(SCRIPT_END - SCRIPT), "=http.lua") != LUA_OK)
        swell_lua_raised(lua);
    lua_call(lua, 0, 0);
    lua_getglobal(lua, "handle");
    push_method(lua, request);
    request_path_with_query(request, &path);
    push(lua, path.some);
    push_field(lua, request, TEXT("x-word"));
    push_body(lua, request);
    lua_call(lua, 4, 1);

    size_t n;
    const char *answer = luaL_checklstring(lua, -1, &n);
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    field_add(headers, TEXT("x-language"), TEXT("Lua"));
    struct response response = response_start(outparam, 200, headers);
    response_write(&response, answer, (uint32_t)n);
    response_end(&response);
}

#endif
