//! The Rust guest of the tests: a greeting, the request's fields, a streamed echo, and what the standard library asks of WASI. No SDK and no crate: the raw imports with their
//! canonical-ABI signatures, the standard library for memory, strings and collections.

use std::alloc::{alloc, handle_alloc_error, realloc, Layout};

type Handle = i32;

/// What the host writes for a result<own<T>>.
#[repr(C)]
#[derive(Default)]
struct RetHandle {
    is_err: u8,
    ok: Handle,
}

/// list<u8>, string or list<record> as the host writes it; the memory came from cabi_realloc.
#[repr(C)]
#[derive(Clone, Copy)]
struct Span {
    at: *mut u8,
    count: usize,
}

/// option<string>, and result<list<u8>, stream-error>.
#[repr(C)]
struct RetSpan {
    tag: u8,
    span: Span,
}

#[repr(C, align(8))]
#[derive(Default)]
struct RetU64 {
    is_err: u8,
    value: u64,
}

#[repr(C)]
#[derive(Default)]
struct RetStream {
    is_err: u8,
    error: [i32; 2], // stream-error: its case and a handle, which nobody here looks at
}

#[link(wasm_import_module = "wasi:http/types@0.2.0")]
extern "C" {
    #[link_name = "[constructor]fields"]
    fn fields_new() -> Handle;
    #[link_name = "[method]fields.append"]
    fn fields_append(fields: Handle, name: *const u8, name_n: usize, value: *const u8, value_n: usize, ret: *mut [u8; 2]);
    #[link_name = "[method]fields.entries"]
    fn fields_entries(fields: Handle, ret: *mut Span);
    #[link_name = "[resource-drop]fields"]
    fn fields_drop(fields: Handle);
    #[link_name = "[method]incoming-request.path-with-query"]
    fn request_path_with_query(request: Handle, ret: *mut RetSpan);
    #[link_name = "[method]incoming-request.headers"]
    fn request_headers(request: Handle) -> Handle;
    #[link_name = "[method]incoming-request.consume"]
    fn request_consume(request: Handle, ret: *mut RetHandle);
    #[link_name = "[resource-drop]incoming-request"]
    fn request_drop(request: Handle);
    #[link_name = "[method]incoming-body.stream"]
    fn incoming_body_stream(body: Handle, ret: *mut RetHandle);
    #[link_name = "[static]incoming-body.finish"]
    fn incoming_body_finish(body: Handle) -> Handle;
    #[link_name = "[resource-drop]future-trailers"]
    fn future_trailers_drop(trailers: Handle);
    #[link_name = "[constructor]outgoing-response"]
    fn response_new(headers: Handle) -> Handle;
    #[link_name = "[method]outgoing-response.set-status-code"]
    fn response_set_status_code(response: Handle, status: i32) -> i32;
    #[link_name = "[method]outgoing-response.body"]
    fn response_body(response: Handle, ret: *mut RetHandle);
    #[link_name = "[method]outgoing-body.write"]
    fn outgoing_body_write(body: Handle, ret: *mut RetHandle);
    #[link_name = "[static]outgoing-body.finish"]
    fn outgoing_body_finish(body: Handle, has_trailers: i32, trailers: Handle, ret: *mut [u64; 5]);
    #[link_name = "[static]response-outparam.set"]
    fn response_outparam_set(param: Handle, is_err: i32, ok: Handle, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32);
}

#[link(wasm_import_module = "wasi:io/streams@0.2.0")]
extern "C" {
    #[link_name = "[method]input-stream.blocking-read"]
    fn input_stream_blocking_read(stream: Handle, n: u64, ret: *mut RetSpan);
    #[link_name = "[resource-drop]input-stream"]
    fn input_stream_drop(stream: Handle);
    #[link_name = "[method]output-stream.check-write"]
    fn output_stream_check_write(stream: Handle, ret: *mut RetU64);
    #[link_name = "[method]output-stream.write"]
    fn output_stream_write(stream: Handle, at: *const u8, n: usize, ret: *mut RetStream);
    #[link_name = "[method]output-stream.subscribe"]
    fn output_stream_subscribe(stream: Handle) -> Handle;
    #[link_name = "[resource-drop]output-stream"]
    fn output_stream_drop(stream: Handle);
}

#[link(wasm_import_module = "wasi:io/poll@0.2.0")]
extern "C" {
    #[link_name = "[method]pollable.block"]
    fn pollable_block(pollable: Handle);
    #[link_name = "[resource-drop]pollable"]
    fn pollable_drop(pollable: Handle);
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
    let new = if old_n == 0 {
        alloc(layout)
    } else {
        realloc(old, Layout::from_size_align(old_n, align).unwrap(), new_n)
    };
    if new.is_null() {
        handle_alloc_error(layout);
    }
    new
}

impl Span {
    const EMPTY: Span = Span { at: std::ptr::null_mut(), count: 0 };

    fn into_bytes(self) -> Vec<u8> {
        if self.count == 0 {
            return Vec::new();
        }
        unsafe { Vec::from_raw_parts(self.at, self.count, self.count) }
    }
}

impl RetSpan {
    const EMPTY: RetSpan = RetSpan { tag: 0, span: Span::EMPTY };
}

struct Response {
    body: Handle,
    stream: Handle,
}

impl Response {
    fn start(outparam: Handle, status: i32, content_type: &str) -> Response {
        unsafe {
            let headers = fields_new();
            let name = "content-type";
            let mut added = [0u8; 2];
            fields_append(headers, name.as_ptr(), name.len(), content_type.as_ptr(), content_type.len(), &mut added);
            assert_eq!(added[0], 0);
            let response = response_new(headers);
            assert_eq!(response_set_status_code(response, status), 0);
            let mut body = RetHandle::default();
            response_body(response, &mut body);
            assert_eq!(body.is_err, 0);
            let mut stream = RetHandle::default();
            outgoing_body_write(body.ok, &mut stream);
            assert_eq!(stream.is_err, 0);
            response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
            Response { body: body.ok, stream: stream.ok }
        }
    }

    fn write(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            unsafe {
                let mut room = RetU64::default();
                output_stream_check_write(self.stream, &mut room);
                assert_eq!(room.is_err, 0);
                if room.value == 0 {
                    let ready = output_stream_subscribe(self.stream);
                    pollable_block(ready);
                    pollable_drop(ready);
                    continue;
                }
                let part = bytes.len().min(room.value as usize);
                let mut wrote = RetStream::default();
                output_stream_write(self.stream, bytes.as_ptr(), part, &mut wrote);
                assert_eq!(wrote.is_err, 0);
                bytes = &bytes[part..];
            }
        }
    }

    fn end(self) {
        unsafe {
            output_stream_drop(self.stream);
            outgoing_body_finish(self.body, 0, 0, &mut [0; 5]);
        }
    }
}

fn text(outparam: Handle, status: i32, value: &str) {
    let response = Response::start(outparam, status, "text/plain");
    response.write(value.as_bytes());
    response.end();
}

fn path(request: Handle) -> String {
    let mut ret = RetSpan::EMPTY;
    unsafe { request_path_with_query(request, &mut ret) };
    if ret.tag == 0 {
        return "/".to_string();
    }
    let whole = String::from_utf8(ret.span.into_bytes()).unwrap();
    whole.split('?').next().unwrap().to_string()
}

fn fields(request: Handle) -> Vec<(String, Vec<u8>)> {
    let mut list = Span::EMPTY;
    unsafe {
        let headers = request_headers(request);
        fields_entries(headers, &mut list);
        fields_drop(headers);
        if list.count == 0 {
            return Vec::new();
        }
        let entries = Vec::from_raw_parts(list.at as *mut [Span; 2], list.count, list.count);
        entries
            .into_iter()
            .map(|[name, value]| (String::from_utf8(name.into_bytes()).unwrap(), value.into_bytes()))
            .collect()
    }
}

fn echo(request: Handle, outparam: Handle) {
    unsafe {
        let mut body = RetHandle::default();
        request_consume(request, &mut body);
        assert_eq!(body.is_err, 0);
        let mut stream = RetHandle::default();
        incoming_body_stream(body.ok, &mut stream);
        assert_eq!(stream.is_err, 0);
        let response = Response::start(outparam, 200, "application/octet-stream");
        loop {
            let mut part = RetSpan::EMPTY;
            input_stream_blocking_read(stream.ok, 65536, &mut part);
            if part.tag != 0 {
                let closed = part.span.at as usize & 0xff == 1; // stream-error: its case lies where the list would
                assert!(closed);
                break;
            }
            response.write(&part.span.into_bytes());
        }
        input_stream_drop(stream.ok);
        future_trailers_drop(incoming_body_finish(body.ok));
        response.end();
    }
}

#[export_name = "wasi:http/incoming-handler@0.2.0#handle"]
pub extern "C" fn handle(request: Handle, outparam: Handle) {
    match path(request).as_str() {
        "/" => text(outparam, 200, "Hello from Rust on Swell\n"),
        "/headers" => {
            let mut lines = String::new();
            for (name, value) in fields(request) {
                lines += &format!("{}: {}\n", name, String::from_utf8_lossy(&value));
            }
            text(outparam, 200, &lines);
        }
        "/echo" => echo(request, outparam),
        "/env" => {
            let lines: Vec<String> = std::env::vars().map(|(name, value)| format!("{}={}\n", name, value)).collect();
            text(outparam, 200, &lines.concat());
        }
        "/print" => {
            println!("to stdout");
            eprintln!("to stderr");
            text(outparam, 200, "printed\n");
        }
        "/panic" => panic!("asked to"),
        "/file" => {
            let error = std::fs::read("/etc/passwd").unwrap_err();
            text(outparam, 200, &format!("{:?}\n", error.kind()));
        }
        "/time" => {
            let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let before = std::time::Instant::now();
            std::thread::sleep(std::time::Duration::from_millis(30));
            text(outparam, 200, &format!("{} {}\n", since_1970, before.elapsed().as_millis()));
        }
        "/random" => {
            // A map's hash seed is the only randomness that the standard library lets out.
            let seed = std::collections::hash_map::RandomState::new();
            let hash = std::hash::BuildHasher::build_hasher(&seed);
            text(outparam, 200, &format!("{:016x}\n", std::hash::Hasher::finish(&hash)));
        }
        _ => text(outparam, 404, "nothing here\n"),
    }
    unsafe { request_drop(request) };
}
