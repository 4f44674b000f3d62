//! The component of the tests of composition in Rust: one answer made of what its dependency says, and of its own environment. See ops.wit.

use std::alloc::{alloc, realloc, Layout};

type Handle = i32;

/// A string, or a list, as it lies in memory.
#[repr(C)]
#[derive(Clone, Copy)]
struct Span {
    at: *const u8,
    count: usize,
}

#[repr(C)]
#[derive(Default)]
struct RetHandle {
    is_err: u8,
    ok: Handle,
}

#[link(wasm_import_module = "test:calc/ops@1.2.0")]
extern "C" {
    #[link_name = "join"]
    fn ops_join(parts: *const Span, n: usize, ret: *mut Span);
    #[link_name = "probe"]
    fn ops_probe(what: *const u8, n: usize, ret: *mut Span);
    #[link_name = "[constructor]counter"]
    fn counter_new(start: u32) -> Handle;
    #[link_name = "[method]counter.add"]
    fn counter_add(counter: Handle, n: u32) -> u32;
    #[link_name = "[resource-drop]counter"]
    fn counter_drop(counter: Handle);
}

#[link(wasm_import_module = "wasi:http/types@0.2.0")]
extern "C" {
    #[link_name = "[constructor]fields"]
    fn fields_new() -> Handle;
    #[link_name = "[resource-drop]incoming-request"]
    fn request_drop(request: Handle);
    #[link_name = "[constructor]outgoing-response"]
    fn response_new(headers: Handle) -> Handle;
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
    #[link_name = "[method]output-stream.blocking-write-and-flush"]
    fn output_stream_write(stream: Handle, at: *const u8, n: usize, ret: *mut [i32; 3]);
    #[link_name = "[resource-drop]output-stream"]
    fn output_stream_drop(stream: Handle);
}

/// # Safety
/// `old` is null, or came from here with `old_n` bytes and the same alignment.
#[export_name = "cabi_realloc"]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_n: usize, align: usize, new_n: usize) -> *mut u8 {
    if new_n == 0 {
        return align as *mut u8;
    }
    let layout = Layout::from_size_align(new_n, align).unwrap();
    if old_n == 0 {
        alloc(layout)
    } else {
        realloc(old, Layout::from_size_align(old_n, align).unwrap(), new_n)
    }
}

/// What the dependency returned is this component's to keep.
fn text(span: Span) -> String {
    let bytes = unsafe { std::slice::from_raw_parts(span.at, span.count) };
    std::str::from_utf8(bytes).unwrap().to_string()
}

fn span(text: &str) -> Span {
    Span { at: text.as_ptr(), count: text.len() }
}

fn ask(what: &str) -> String {
    let mut ret = span("");
    unsafe { ops_probe(what.as_ptr(), what.len(), &mut ret) };
    text(ret)
}

fn answer() -> String {
    let parts = [span("zw"), span("\u{f6}"), span("lf")];
    let mut joined = span("");
    let sum = unsafe {
        ops_join(parts.as_ptr(), parts.len(), &mut joined);
        let counter = counter_new(40);
        let sum = counter_add(counter, 2);
        counter_drop(counter);
        sum
    };
    let own = std::env::var("NAME").unwrap_or("none".to_string());
    format!("{}, {}, own {}, its {}, files {}", text(joined), sum, own, ask("environment/NAME"), ask("files"))
}

#[export_name = "wasi:http/incoming-handler@0.2.0#handle"]
pub extern "C" fn handle(request: Handle, outparam: Handle) {
    let answer = answer();
    unsafe {
        request_drop(request);
        let response = response_new(fields_new());
        let (mut body, mut stream) = (RetHandle::default(), RetHandle::default());
        response_body(response, &mut body);
        response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
        outgoing_body_write(body.ok, &mut stream);
        output_stream_write(stream.ok, answer.as_ptr(), answer.len(), &mut [0; 3]);
        output_stream_drop(stream.ok);
        outgoing_body_finish(body.ok, 0, 0, &mut [0; 5]);
    }
}
