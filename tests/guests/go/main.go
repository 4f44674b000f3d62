// The Go guest of the tests: a greeting, the request's fields, a streamed echo. Stock Go as a WASI 0.1 reactor, no module but its own.
package main

import (
	"strings"
	"unsafe"
)

func main() {}

// Where the host writes a result; 64-bit words for the strictest alignment.
type area [5]uint64

func (a *area) at() unsafe.Pointer { return unsafe.Pointer(a) }
func (a *area) tag() byte          { return byte(a[0]) }
func (a *area) word(i int) uint32  { return *(*uint32)(unsafe.Add(unsafe.Pointer(a), 4*i)) }
func (a *area) handle() handle     { return handle(a.word(1)) }
func (a *area) bytes(i int) []byte { return span(a.word(i), a.word(i+1)) }
func span(at, n uint32) []byte     { return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), n) }
func data[T string | []byte](s T) unsafe.Pointer {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Pointer(unsafe.StringData(string(s)))
}

func expect(truth bool) {
	if !truth {
		panic("the host answered what it must not")
	}
}

type response struct{ body, stream handle }

func start(outparam handle, status int32, contentType string) response {
	var ret area
	name := "content-type"
	headers := fieldsNew()
	fieldsAppend(headers, data(name), uint32(len(name)), data(contentType), uint32(len(contentType)), ret.at())
	expect(ret.tag() == 0)
	made := responseNew(headers)
	expect(responseSetStatusCode(made, status) == 0)
	var r response
	responseBody(made, ret.at())
	expect(ret.tag() == 0)
	r.body = ret.handle()
	outgoingBodyWrite(r.body, ret.at())
	expect(ret.tag() == 0)
	r.stream = ret.handle()
	responseOutparamSet(outparam, 0, made, 0, 0, 0, 0, 0, 0)
	return r
}

func (r response) write(bytes []byte) {
	var ret area
	for len(bytes) > 0 {
		outputStreamCheckWrite(r.stream, ret.at())
		expect(ret.tag() == 0)
		room := ret[1]
		if room == 0 {
			ready := outputStreamSubscribe(r.stream)
			pollableBlock(ready)
			pollableDrop(ready)
			continue
		}
		part := bytes[:min(room, uint64(len(bytes)))]
		outputStreamWrite(r.stream, unsafe.Pointer(&part[0]), uint32(len(part)), ret.at())
		expect(ret.tag() == 0)
		bytes = bytes[len(part):]
	}
}

func (r response) end() {
	var ret area
	outputStreamDrop(r.stream)
	outgoingBodyFinish(r.body, 0, 0, ret.at())
}

func text(outparam handle, status int32, value string) {
	r := start(outparam, status, "text/plain")
	r.write([]byte(value))
	r.end()
}

func path(request handle) string {
	var ret area
	requestPathWithQuery(request, ret.at())
	if ret.tag() == 0 {
		return "/"
	}
	before, _, _ := strings.Cut(string(ret.bytes(1)), "?")
	return before
}

func headers(request handle) string {
	var ret area
	var lines strings.Builder
	fields := requestHeaders(request)
	fieldsEntries(fields, ret.at())
	fieldsDrop(fields)
	entries := unsafe.Slice((*[4]uint32)(unsafe.Pointer(uintptr(ret.word(0)))), ret.word(1))
	for _, e := range entries {
		lines.Write(span(e[0], e[1]))
		lines.WriteString(": ")
		lines.Write(span(e[2], e[3]))
		lines.WriteString("\n")
	}
	return lines.String()
}

func echo(request, outparam handle) {
	var ret area
	requestConsume(request, ret.at())
	expect(ret.tag() == 0)
	body := ret.handle()
	incomingBodyStream(body, ret.at())
	expect(ret.tag() == 0)
	stream := ret.handle()
	r := start(outparam, 200, "application/octet-stream")
	for {
		inputStreamBlockingRead(stream, 65536, ret.at())
		if ret.tag() != 0 {
			expect(byte(ret.word(1)) == 1) // closed
			break
		}
		r.write(ret.bytes(1))
		release()
	}
	inputStreamDrop(stream)
	futureTrailersDrop(incomingBodyFinish(body))
	r.end()
}

//go:wasmexport wasi:http/incoming-handler@0.2.0#handle
func handleRequest(request, outparam handle) {
	switch path(request) {
	case "/":
		text(outparam, 200, "Hello from Go on Swell\n")
	case "/headers":
		text(outparam, 200, headers(request))
	case "/echo":
		echo(request, outparam)
	default:
		text(outparam, 404, "nothing here\n")
	}
	requestDrop(request)
}
