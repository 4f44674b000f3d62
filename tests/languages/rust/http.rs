//! http.rs - the HTTP component of tests/languages in Rust: the raw imports, the standard library for the rest.

use std::alloc::{alloc, handle_alloc_error, realloc, Layout};

type Handle = i32;

/// list<u8> or string as the host writes it; the memory came from cabi_realloc.
#[repr(C)]
#[derive(Clone, Copy)]
struct Span {
    at: *mut u8,
    count: usize,
}

/// A tag, then a string, a list or a handle: option<string>, method, result<list<u8>, _>, result<own<T>>.
#[repr(C)]
struct Tagged {
    tag: u8,
    span: Span,
}

#[link(wasm_import_module = "wasi:http/types@0.2.0")]
extern "C" {
    #[link_name = "[constructor]fields"]
    fn fields_new() -> Handle;
    #[link_name = "[method]fields.append"]
    fn fields_append(fields: Handle, name: *const u8, name_n: usize, value: *const u8, value_n: usize, ret: *mut [u8; 2]);
    #[link_name = "[method]fields.get"]
    fn fields_get(fields: Handle, name: *const u8, name_n: usize, ret: *mut Span);
    #[link_name = "[resource-drop]fields"]
    fn fields_drop(fields: Handle);
    #[link_name = "[method]incoming-request.method"]
    fn request_method(request: Handle, ret: *mut Tagged);
    #[link_name = "[method]incoming-request.path-with-query"]
    fn request_path_with_query(request: Handle, ret: *mut Tagged);
    #[link_name = "[method]incoming-request.headers"]
    fn request_headers(request: Handle) -> Handle;
    #[link_name = "[method]incoming-request.consume"]
    fn request_consume(request: Handle, ret: *mut Tagged);
    #[link_name = "[method]incoming-body.stream"]
    fn incoming_body_stream(body: Handle, ret: *mut Tagged);
    #[link_name = "[constructor]outgoing-response"]
    fn response_new(headers: Handle) -> Handle;
    #[link_name = "[method]outgoing-response.body"]
    fn response_body(response: Handle, ret: *mut Tagged);
    #[link_name = "[method]outgoing-body.write"]
    fn outgoing_body_write(body: Handle, ret: *mut Tagged);
    #[link_name = "[static]outgoing-body.finish"]
    fn outgoing_body_finish(body: Handle, has_trailers: i32, trailers: Handle, ret: *mut [u64; 5]);
    #[link_name = "[static]response-outparam.set"]
    fn response_outparam_set(param: Handle, is_err: i32, ok: Handle, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32);
}

#[link(wasm_import_module = "wasi:io/streams@0.2.0")]
extern "C" {
    #[link_name = "[method]input-stream.blocking-read"]
    fn input_stream_blocking_read(stream: Handle, n: u64, ret: *mut Tagged);
    #[link_name = "[method]output-stream.blocking-write-and-flush"]
    fn output_stream_blocking_write_and_flush(stream: Handle, at: *const u8, n: usize, ret: *mut Tagged);
    #[link_name = "[resource-drop]output-stream"]
    fn output_stream_drop(stream: Handle);
}

/// The host's allocator for what it returns.
///
/// # Safety
/// `old` is null, or came from here with `old_n` bytes and the same alignment.
#[export_name = "cabi_realloc"]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_n: usize, align: usize, new_n: usize) -> *mut u8 {
    if new_n == 0 {
        return align as *mut u8;
    }
    let layout = Layout::from_size_align(new_n, align).unwrap();
    let new = if old_n == 0 { alloc(layout) } else { realloc(old, Layout::from_size_align(old_n, align).unwrap(), new_n) };
    if new.is_null() {
        handle_alloc_error(layout);
    }
    new
}

impl Span {
    fn into_bytes(self) -> Vec<u8> {
        if self.count == 0 {
            return Vec::new();
        }
        unsafe { Vec::from_raw_parts(self.at, self.count, self.count) }
    }
}

/// What a host function writes to the place that it is given.
fn ask(call: impl FnOnce(*mut Tagged)) -> Tagged {
    let mut ret = Tagged { tag: 0, span: Span { at: std::ptr::null_mut(), count: 0 } };
    call(&mut ret);
    ret
}

fn handle(call: impl FnOnce(*mut Tagged)) -> Handle {
    let ret = ask(call);
    assert_eq!(ret.tag, 0);
    ret.span.at as Handle
}

fn method(request: Handle) -> Vec<u8> {
    const NAMES: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    let ret = ask(|ret| unsafe { request_method(request, ret) });
    NAMES.get(ret.tag as usize).map_or_else(|| ret.span.into_bytes(), |name| name.as_bytes().to_vec())
}

fn field(request: Handle, name: &str) -> Vec<u8> {
    unsafe {
        let fields = request_headers(request);
        let mut values = Span { at: std::ptr::null_mut(), count: 0 };
        fields_get(fields, name.as_ptr(), name.len(), &mut values);
        fields_drop(fields);
        if values.count == 0 {
            return Vec::new();
        }
        let values = Vec::from_raw_parts(values.at as *mut Span, values.count, values.count);
        values.into_iter().map(Span::into_bytes).next().unwrap_or_default()
    }
}

fn body(request: Handle) -> Vec<u8> {
    let body = handle(|ret| unsafe { request_consume(request, ret) });
    let stream = handle(|ret| unsafe { incoming_body_stream(body, ret) });
    let mut all = Vec::new();
    loop {
        let part = ask(|ret| unsafe { input_stream_blocking_read(stream, 65536, ret) });
        if part.tag != 0 {
            return all;
        }
        all.extend(part.span.into_bytes());
    }
}

fn respond(outparam: Handle, bytes: &[u8]) {
    unsafe {
        let headers = fields_new();
        for (name, value) in [("content-type", "text/plain"), ("x-language", "Rust")] {
            let mut added = [0; 2];
            fields_append(headers, name.as_ptr(), name.len(), value.as_ptr(), value.len(), &mut added);
            assert_eq!(added[0], 0);
        }
        let response = response_new(headers);
        let body = handle(|ret| response_body(response, ret));
        let stream = handle(|ret| outgoing_body_write(body, ret));
        response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
        for part in bytes.chunks(4096) {
            let wrote = ask(|ret| output_stream_blocking_write_and_flush(stream, part.as_ptr(), part.len(), ret));
            assert_eq!(wrote.tag, 0);
        }
        output_stream_drop(stream);
        outgoing_body_finish(body, 0, 0, &mut [0; 5]);
    }
}

#[export_name = "wasi:http/incoming-handler@0.2.0#handle"]
pub extern "C" fn handle_request(request: Handle, outparam: Handle) {
    let path = ask(|ret| unsafe { request_path_with_query(request, ret) }).span.into_bytes();
    let word = field(request, "x-word");
    let answer = [b"method: ", &method(request)[..], b"\npath: ", &path, b"\nword: ", &word, b"\nbody: ", &body(request)];
    respond(outparam, &answer.concat());
}
