// http.ts - the HTTP component of tests/languages in AssemblyScript: the raw imports, no WASI 0.1 and no adapter.
@external("wasi:http/types@0.2.0", "[constructor]fields")
declare function fieldsNew(): i32;
@external("wasi:http/types@0.2.0", "[method]fields.append")
declare function fieldsAppend(fields: i32, name: usize, nameBytes: i32, value: usize, valueBytes: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[method]fields.get")
declare function fieldsGet(fields: i32, name: usize, nameBytes: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[resource-drop]fields")
declare function fieldsDrop(fields: i32): void;
@external("wasi:http/types@0.2.0", "[method]incoming-request.method")
declare function requestMethod(request: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[method]incoming-request.path-with-query")
declare function requestPathWithQuery(request: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[method]incoming-request.headers")
declare function requestHeaders(request: i32): i32;
@external("wasi:http/types@0.2.0", "[method]incoming-request.consume")
declare function requestConsume(request: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[method]incoming-body.stream")
declare function incomingBodyStream(body: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[constructor]outgoing-response")
declare function responseNew(headers: i32): i32;
@external("wasi:http/types@0.2.0", "[method]outgoing-response.body")
declare function responseBody(response: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[method]outgoing-body.write")
declare function outgoingBodyWrite(body: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[static]outgoing-body.finish")
declare function outgoingBodyFinish(body: i32, hasTrailers: i32, trailers: i32, ret: usize): void;
@external("wasi:http/types@0.2.0", "[static]response-outparam.set")
declare function responseOutparamSet(outparam: i32, isErr: i32, response: i32, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32): void;
@external("wasi:io/streams@0.2.0", "[method]input-stream.blocking-read")
declare function inputStreamBlockingRead(stream: i32, n: u64, ret: usize): void;
@external("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
declare function outputStreamBlockingWriteAndFlush(stream: i32, at: usize, n: usize, ret: usize): void;
@external("wasi:io/streams@0.2.0", "[resource-drop]output-stream")
declare function outputStreamDrop(stream: i32): void;

// Where the host writes a result.
const ret: usize = memory.data(40, 8);

// The host's allocator for what it returns: unmanaged memory. Nothing is freed: an instance answers one request.
export function cabi_realloc(old: usize, oldBytes: usize, align: usize, bytes: usize): usize {
  return old ? heap.realloc(old, bytes) : heap.alloc(bytes);
}

function fail(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

function text(at: usize): string {
  return String.UTF8.decodeUnsafe(load<usize>(at), load<usize>(at, 4));
}

function handle(): i32 {
  if (load<u8>(ret) != 0) unreachable();
  return load<i32>(ret, 4);
}

function method(request: i32): string {
  const names = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
  requestMethod(request, ret);
  const tag = load<u8>(ret);
  return tag < <u8>names.length ? names[tag] : text(ret + 4);
}

function path(request: i32): string {
  requestPathWithQuery(request, ret);
  return text(ret + 4);
}

function field(request: i32, name: string): string {
  const bytes = String.UTF8.encode(name);
  const fields = requestHeaders(request);
  fieldsGet(fields, changetype<usize>(bytes), bytes.byteLength, ret);
  fieldsDrop(fields);
  return load<usize>(ret, 4) ? text(load<usize>(ret)) : "";
}

function append(fields: i32, name: string, value: string): void {
  const a = String.UTF8.encode(name);
  const b = String.UTF8.encode(value);
  fieldsAppend(fields, changetype<usize>(a), a.byteLength, changetype<usize>(b), b.byteLength, ret);
}

function write(stream: i32, at: usize, bytes: usize): void {
  while (bytes) {
    const part = min<usize>(bytes, 4096);
    outputStreamBlockingWriteAndFlush(stream, at, part, ret);
    if (load<u8>(ret) != 0) unreachable();
    at += part;
    bytes -= part;
  }
}

function copyBody(request: i32, to: i32): void {
  requestConsume(request, ret);
  incomingBodyStream(handle(), ret);
  const from = handle();
  for (;;) {
    inputStreamBlockingRead(from, 65536, ret);
    if (load<u8>(ret) != 0) return;
    const at = load<usize>(ret, 4);
    write(to, at, load<usize>(ret, 8));
    heap.free(at);
  }
}

// Becomes wasi:http/incoming-handler@0.2.0#handle, a name that an AssemblyScript function cannot have.
export function handleRequest(request: i32, outparam: i32): void {
  const headers = fieldsNew();
  append(headers, "content-type", "text/plain");
  append(headers, "x-language", "AssemblyScript");
  const head = String.UTF8.encode(`method: ${method(request)}\npath: ${path(request)}\nword: ${field(request, "x-word")}\nbody: `);
  const response = responseNew(headers);
  responseBody(response, ret);
  const body = handle();
  outgoingBodyWrite(body, ret);
  const stream = handle();
  responseOutparamSet(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  write(stream, changetype<usize>(head), head.byteLength);
  copyBody(request, stream);
  outputStreamDrop(stream);
  outgoingBodyFinish(body, 0, 0, ret);
}
