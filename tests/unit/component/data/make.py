#!/usr/bin/env python3
"""Makes the binaries of this folder from their sources. Usage: make.py [WASM-TOOLS]

  x.wat               -> x.wasm
  x.cases             -> x.bin: per case u32 length of the expected text, the text, u32 length of the component, the component
  shim_yes.wat        -> shim_no.bin: the same form, one variant of it per line of shim_no.txt, to be linked without elision
                      -> lazy_no.bin: the same of lazy_no.txt, to be linked without a lazy adapter
  hostile()           -> hostile.bin: the same form, components that would take very long
  guest.c, adapter.wat.txt -> guest.wasm, adapted.wasm: what clang and wasm-tools make of a C guest, without and with an adapter
  compose_*.c, compose.wit -> compose_*.wasm: a component and a dependency of it
"""
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = sys.argv[1] if len(sys.argv) > 1 else "wasm-tools"
ENV = dict(os.environ, WAST_STRICT_COMPONENT_INDICES="0")  # the short form of nested references
CLANG = ["clang", "--target=wasm32", "-nostdlib", "-Oz", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=1024"]


def path(name):
    return os.path.join(HERE, name)


def parse(text):
    if text.startswith("hex "):  # what the tools do not write
        return bytes.fromhex(text[4:])
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "a.wat")
        with open(source, "w") as f:
            f.write(text)
        return subprocess.run([TOOLS, "parse", source], check=True, stdout=subprocess.PIPE, env=ENV).stdout


def write_cases(name, cases):
    with open(path(name), "wb") as f:
        for text, wasm in cases:
            f.write(struct.pack("<I", len(text.encode())) + text.encode() + struct.pack("<I", len(wasm)) + wasm)


def cases(name):
    for case in open(path(name)).read().split("=== ")[1:]:
        expected, source = case.split("\n", 1)
        yield expected, parse(source)


def variants(changes):
    base = open(path("shim_yes.wat")).read()
    for line in open(path(changes)).read().split("\n"):
        if not line:
            continue
        name, *changed = line.split(" | ")
        text = base
        for old, new in zip(changed[::2], changed[1::2]):
            assert text.count(old) == 1, line
            text = text.replace(old, new)
        yield name, parse(text)


def hostile():
    """Small components that describe a lot of work: each must be refused soon."""
    twice = "".join("(component $c%d (alias outer 1 $c%d (component $i)) (instance (instantiate $i)) (instance (instantiate $i)))"
                    % (n, n - 1) for n in range(1, 40))
    chain = "".join("(component $c%d (alias outer 1 $c%d (component $i)) (instance (instantiate $i)))" % (n, n - 1) for n in range(1, 110))
    types = "".join('(type $t%d (instance (alias outer 1 $t%d (type $i)) (export "a" (instance (type $i))) (export "b" (instance (type $i)))))'
                    % (n, n - 1) for n in range(1, 40))
    args = '(component $u (import "x" (instance (type $t39)))) (instance (instantiate $u (with "x" (instance $i39))))'
    values = "(instance $i0)" + "".join('(instance $i%d (export "a" (instance $i%d)) (export "b" (instance $i%d)))' % (n, n - 1, n - 1)
                                       for n in range(1, 40))
    tuples = "(type $t0 u8)" + "".join("(type $t%d (tuple $t%d $t%d))" % (n, n - 1, n - 1) for n in range(1, 40))
    text = "(type $t0 (list u8))" + "".join("(type $t%d (tuple $t%d $t%d))" % (n, n - 1, n - 1) for n in range(1, 20))
    cores = '(core module $m)' + "(core instance (instantiate $m))" * 1001
    yield "more than 1000 component instances", "(component (component $c0)%s (instance (instantiate $c39)))" % twice
    yield "made inside each other more than 100 deep", "(component (component $c0)%s (instance (instantiate $c109)))" % chain
    yield "link a component: ", '(component (type $t0 (instance))%s %s %s)' % (types, values, args)
    yield "bytes or larger in memory", "(component %s)" % tuples
    yield "print the type of 'hello': ", '(component %s (import "hello" (func (param "a" $t19))))' % text
    yield "more than 1000 core instances", "(component %s)" % cores


def component(core, wit, out, world="guest", adapter=None):
    with tempfile.TemporaryDirectory() as folder:
        embedded = os.path.join(folder, "e.wasm")
        subprocess.run([TOOLS, "component", "embed", path(wit), core, "-w", world, "-o", embedded], check=True)
        command = [TOOLS, "component", "new", embedded, "-o", path(out)]
        if adapter:
            adapted = os.path.join(folder, "a.wasm")
            subprocess.run([TOOLS, "component", "embed", path(wit), adapter, "-w", "adapter", "-o", adapted], check=True)
            command += ["--adapt", "wasi_snapshot_preview1=" + adapted]
        subprocess.run(command, check=True)
        stripped = subprocess.run([TOOLS, "strip", "-a", path(out)], check=True, stdout=subprocess.PIPE).stdout
        with open(path(out), "wb") as f:
            f.write(stripped)


def guests():
    with tempfile.TemporaryDirectory() as folder:
        guest, adapter, plain = (os.path.join(folder, n + ".wasm") for n in ("guest", "adapter", "plain"))
        subprocess.run(CLANG + [path("guest.c"), "-o", plain], check=True)
        subprocess.run(CLANG + ["-DADAPTED", path("guest.c"), "-o", guest], check=True)
        with open(adapter, "wb") as f:
            f.write(parse(open(path("adapter.wat.txt")).read()))
        component(plain, "guest.wit", "guest.wasm")
        component(guest, "guest.wit", "adapted.wasm", adapter=adapter)
        for name, world in (("compose_calc", "calc"), ("compose_main", "user")):
            subprocess.run(CLANG + [path(name + ".c"), "-o", plain], check=True)
            component(plain, "compose.wit", name + ".wasm", world)


for file in sorted(os.listdir(HERE)):
    if file.endswith(".wat"):
        with open(path(file[:-3] + "wasm"), "wb") as f:
            f.write(parse(open(path(file)).read()))
write_cases("link_errors.bin", cases("link_errors.cases"))
write_cases("validate.bin", cases("validate.cases"))
write_cases("shim_no.bin", variants("shim_no.txt"))
write_cases("lazy_no.bin", variants("lazy_no.txt"))
write_cases("hostile.bin", ((text, parse(source)) for text, source in hostile()))
guests()
