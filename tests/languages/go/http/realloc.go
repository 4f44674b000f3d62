package main

import "unsafe"

// The WASI 0.1 adapter asks for memory in the middle of the runtime's own start, when nothing of Go works but a plain function.
//
//go:linkname sbrk runtime.sbrk
func sbrk(n uintptr) unsafe.Pointer

var started bool // set by init, so: the runtime is up

func init() { started = true }

// What the host returns lies here until release. Not Go's allocator: it may start a collection, which reads the clock, and a component
// must not call out while the host is inside its realloc.
var arena [64 << 10]uint64
var arenaUsed uint32 // words

func release() { arenaUsed = 0 }

// The host's allocator for what it returns.
//
//go:wasmexport cabi_realloc
//go:nosplit
func cabiRealloc(old unsafe.Pointer, oldBytes, align, bytes uint32) unsafe.Pointer {
	words := (bytes + 7) / 8
	if !started {
		return sbrk(uintptr(words) * 8)
	}
	if words > uint32(len(arena))-arenaUsed {
		panic("the host returns more than the arena holds")
	}
	at := unsafe.Pointer(&arena[arenaUsed])
	arenaUsed += words
	copy(unsafe.Slice((*byte)(at), bytes), unsafe.Slice((*byte)(old), oldBytes))
	return at
}
