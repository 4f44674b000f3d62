// The HTTP component of tests/languages in Go: stock Go as a WASI 0.1 reactor on the raw imports, through the adapter.
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
func (a *area) handle() handle {
	if a.tag() != 0 {
		panic("the host answered what it must not")
	}
	return handle(a.word(1))
}

func copied(at, n uint32) string {
	return strings.Clone(unsafe.String((*byte)(unsafe.Pointer(uintptr(at))), n))
}

func data(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

var methods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

func method(request handle) string {
	var ret area
	requestMethod(request, ret.at())
	if int(ret.tag()) < len(methods) {
		return methods[ret.tag()]
	}
	return copied(ret.word(1), ret.word(2))
}

func path(request handle) string {
	var ret area
	requestPathWithQuery(request, ret.at())
	return copied(ret.word(1), ret.word(2))
}

func field(request handle, name string) string {
	var ret area
	fields := requestHeaders(request)
	fieldsGet(fields, data(name), uint32(len(name)), ret.at())
	fieldsDrop(fields)
	if ret.word(1) == 0 {
		return ""
	}
	first := (*[2]uint32)(unsafe.Pointer(uintptr(ret.word(0))))
	return copied(first[0], first[1])
}

func body(request handle) string {
	var ret area
	var all strings.Builder
	requestConsume(request, ret.at())
	incomingBodyStream(ret.handle(), ret.at())
	for stream := ret.handle(); ; {
		inputStreamBlockingRead(stream, 65536, ret.at())
		if ret.tag() != 0 {
			return all.String()
		}
		all.WriteString(copied(ret.word(1), ret.word(2)))
		release()
	}
}

func respond(outparam handle, text string) {
	var ret area
	headers := fieldsNew()
	for _, pair := range [][2]string{{"content-type", "text/plain"}, {"x-language", "Go"}} {
		fieldsAppend(headers, data(pair[0]), uint32(len(pair[0])), data(pair[1]), uint32(len(pair[1])), ret.at())
	}
	response := responseNew(headers)
	responseBody(response, ret.at())
	body := ret.handle()
	outgoingBodyWrite(body, ret.at())
	stream := ret.handle()
	responseOutparamSet(outparam, 0, response, 0, 0, 0, 0, 0, 0)
	for len(text) > 0 {
		n := min(len(text), 4096)
		outputStreamBlockingWriteAndFlush(stream, data(text), uint32(n), ret.at())
		if ret.tag() != 0 {
			panic("the client is gone")
		}
		text = text[n:]
	}
	outputStreamDrop(stream)
	outgoingBodyFinish(body, 0, 0, ret.at())
}

//go:wasmexport wasi:http/incoming-handler@0.2.0#handle
func handleRequest(request, outparam handle) {
	release()
	respond(outparam, "method: "+method(request)+"\npath: "+path(request)+"\nword: "+field(request, "x-word")+"\nbody: "+body(request))
}
