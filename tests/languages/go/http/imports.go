package main

import "unsafe"

type handle = int32

//go:wasmimport wasi:http/types@0.2.0 [constructor]fields
func fieldsNew() handle

//go:wasmimport wasi:http/types@0.2.0 [method]fields.append
func fieldsAppend(self handle, name unsafe.Pointer, nameBytes uint32, value unsafe.Pointer, valueBytes uint32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [method]fields.get
func fieldsGet(self handle, name unsafe.Pointer, nameBytes uint32, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [resource-drop]fields
func fieldsDrop(self handle)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.method
func requestMethod(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.path-with-query
func requestPathWithQuery(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.headers
func requestHeaders(self handle) handle

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-request.consume
func requestConsume(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [method]incoming-body.stream
func incomingBodyStream(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [constructor]outgoing-response
func responseNew(headers handle) handle

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-response.body
func responseBody(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [method]outgoing-body.write
func outgoingBodyWrite(self handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [static]outgoing-body.finish
func outgoingBodyFinish(body handle, hasTrailers int32, trailers handle, ret unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.0 [static]response-outparam.set
func responseOutparamSet(param handle, isErr, response, a int32, b int64, c, d, e, f int32)

//go:wasmimport wasi:io/streams@0.2.0 [method]input-stream.blocking-read
func inputStreamBlockingRead(self handle, n uint64, ret unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.0 [method]output-stream.blocking-write-and-flush
func outputStreamBlockingWriteAndFlush(self handle, at unsafe.Pointer, n uint32, ret unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.0 [resource-drop]output-stream
func outputStreamDrop(self handle)
