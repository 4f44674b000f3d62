//! http.zig - the HTTP component of tests/languages in Zig: the raw imports, no WASI 0.1 and no adapter.
const std = @import("std");
const gpa = std.heap.wasm_allocator;

const Handle = i32;
const Span = extern struct { at: usize = 0, n: usize = 0 }; // list<u8> or string as the host writes it
const Tagged = extern struct { tag: u8 = 0, span: Span = .{} }; // an option, a variant or a result that holds a span or a handle

const http = struct {
    extern "wasi:http/types@0.2.0" fn @"[constructor]fields"() Handle;
    extern "wasi:http/types@0.2.0" fn @"[method]fields.append"(Handle, [*]const u8, usize, [*]const u8, usize, *[2]u8) void;
    extern "wasi:http/types@0.2.0" fn @"[method]fields.get"(Handle, [*]const u8, usize, *Span) void;
    extern "wasi:http/types@0.2.0" fn @"[resource-drop]fields"(Handle) void;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-request.method"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-request.path-with-query"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-request.headers"(Handle) Handle;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-request.consume"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-body.stream"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[constructor]outgoing-response"(Handle) Handle;
    extern "wasi:http/types@0.2.0" fn @"[method]outgoing-response.body"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[method]outgoing-body.write"(Handle, *Tagged) void;
    extern "wasi:http/types@0.2.0" fn @"[static]outgoing-body.finish"(Handle, i32, Handle, *[5]u64) void;
    extern "wasi:http/types@0.2.0" fn @"[static]response-outparam.set"(Handle, i32, Handle, i32, i64, i32, i32, i32, i32) void;
};
const streams = struct {
    extern "wasi:io/streams@0.2.0" fn @"[method]input-stream.blocking-read"(Handle, u64, *Tagged) void;
    extern "wasi:io/streams@0.2.0" fn @"[method]output-stream.blocking-write-and-flush"(Handle, [*]const u8, usize, *Tagged) void;
    extern "wasi:io/streams@0.2.0" fn @"[resource-drop]output-stream"(Handle) void;
};

/// The host's allocator for what it returns. Nothing is freed: an instance answers one request.
export fn cabi_realloc(old: [*]const u8, old_n: usize, _: usize, n: usize) [*]u8 {
    const new = gpa.alignedAlloc(u8, 8, @max(n, 1)) catch @trap();
    @memcpy(new[0..@min(old_n, n)], old[0..@min(old_n, n)]);
    return new.ptr;
}

fn text(span: Span) []const u8 {
    if (span.n == 0) return "";
    return @as([*]const u8, @ptrFromInt(span.at))[0..span.n];
}

fn handleOf(ret: Tagged) Handle {
    if (ret.tag != 0) @trap();
    return @bitCast(ret.span.at);
}

fn method(request: Handle) []const u8 {
    const names = [_][]const u8{ "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
    var ret = Tagged{};
    http.@"[method]incoming-request.method"(request, &ret);
    return if (ret.tag < names.len) names[ret.tag] else text(ret.span);
}

fn field(request: Handle, name: []const u8) []const u8 {
    var values = Span{};
    const fields = http.@"[method]incoming-request.headers"(request);
    http.@"[method]fields.get"(fields, name.ptr, name.len, &values);
    http.@"[resource-drop]fields"(fields);
    return if (values.n == 0) "" else text(@as(*const Span, @ptrFromInt(values.at)).*);
}

fn addBody(request: Handle, all: *std.ArrayListUnmanaged(u8)) !void {
    var ret = Tagged{};
    http.@"[method]incoming-request.consume"(request, &ret);
    http.@"[method]incoming-body.stream"(handleOf(ret), &ret);
    const stream = handleOf(ret);
    while (true) {
        streams.@"[method]input-stream.blocking-read"(stream, 65536, &ret);
        if (ret.tag != 0) return;
        try all.appendSlice(gpa, text(ret.span));
    }
}

fn respond(outparam: Handle, bytes: []const u8) void {
    var ret = Tagged{};
    var ended: [5]u64 = undefined;
    const headers = http.@"[constructor]fields"();
    for ([_][2][]const u8{ .{ "content-type", "text/plain" }, .{ "x-language", "Zig" } }) |pair| {
        var added: [2]u8 = undefined;
        http.@"[method]fields.append"(headers, pair[0].ptr, pair[0].len, pair[1].ptr, pair[1].len, &added);
        if (added[0] != 0) @trap();
    }
    const response = http.@"[constructor]outgoing-response"(headers);
    http.@"[method]outgoing-response.body"(response, &ret);
    const body = handleOf(ret);
    http.@"[method]outgoing-body.write"(body, &ret);
    const stream = handleOf(ret);
    http.@"[static]response-outparam.set"(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    var rest = bytes;
    while (rest.len > 0) {
        const n = @min(rest.len, 4096);
        streams.@"[method]output-stream.blocking-write-and-flush"(stream, rest.ptr, n, &ret);
        if (ret.tag != 0) @trap();
        rest = rest[n..];
    }
    streams.@"[resource-drop]output-stream"(stream);
    http.@"[static]outgoing-body.finish"(body, 0, 0, &ended);
}

export fn @"wasi:http/incoming-handler@0.2.0#handle"(request: Handle, outparam: Handle) void {
    var path = Tagged{};
    http.@"[method]incoming-request.path-with-query"(request, &path);
    var all = std.ArrayListUnmanaged(u8){};
    all.writer(gpa).print("method: {s}\npath: {s}\nword: {s}\nbody: ", .{ method(request), text(path.span), field(request, "x-word") }) catch @trap();
    addBody(request, &all) catch @trap();
    respond(outparam, all.items);
}
