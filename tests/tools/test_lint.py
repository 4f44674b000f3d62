"""Each check of tools/lint finds the fault that it is there for, names file and line, and passes what is right."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lint(tmp_path):
    """lint(CHECK, {path: text}) runs one check over a tree of these files: (exit code, output)."""

    def run(check, files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        shutil.copy(ROOT / ".clang-format", tmp_path)
        done = subprocess.run([str(ROOT / "tools/lint"), "--root", str(tmp_path), check], capture_output=True, text=True)
        return done.returncode, done.stdout

    return run


def function(lines, signature="int f(void)"):
    return f"{signature}\n{{\n" + "    g();\n" * (lines - 2) + "}\n"


BAD = [
    ("format", {"src/base/a.c": "int  a;\n"}, "src/base/a.c:1: is not laid out"),
    ("rooms", {"src/http/a.c": '\n#include "engine/engine.h"\n'}, "src/http/a.c:2: room 'http' may not include 'engine/engine.h'"),
    ("rooms", {"src/codec/a.c": '#include "loop/loop.h"\n'}, "src/codec/a.c:1: room 'codec' may not include"),
    ("rooms", {"src/engine/a.c": '#include "codec/json.h"\n'}, "src/engine/a.c:1: room 'engine' may not include"),
    ("rooms", {"src/component/a.c": '#include "loop/loop.h"\n'}, "src/component/a.c:1: room 'component' may not include"),
    ("rooms", {"src/component/wit/a.c": '#include "component/types.h"\n'}, "room 'component/wit' may not include 'component/types.h'"),
    ("rooms", {"src/component/bindgen/a.c": '#include "codec/json.h"\n'}, "room 'component/bindgen' may not include"),
    ("rooms", {"src/node/a.c": '#include "engine/engine.h"\n'}, "src/node/a.c:1: room 'node' may not include"),
    ("rooms", {"src/attic/a.c": "int a;\n"}, "src/attic/a.c:1: lies in a folder that is not a room"),
    ("owners", {"src/component/a.c": "#include <wasmtime.h>\n"}, "src/component/a.c:1: only room engine may include <wasmtime.h>"),
    ("owners", {"src/host/a.c": "#include <wasmtime/async.h>\n"}, "only room engine may include <wasmtime/async.h>"),
    ("owners", {"src/http/a.c": "#include <uv.h>\n"}, "only room loop may include <uv.h>"),
    ("owners", {"src/app/a.c": "#include <jansson.h>\n"}, "only room codec may include <jansson.h>"),
    ("owners", {"src/app/a.c": "#include <openssl/ssl.h>\n"}, "may include <openssl/ssl.h>"),
    ("size", {"src/base/a.c": "\n" + function(81)}, "src/base/a.c:2: f() has 81 lines; 80 are the most"),
    ("size", {"src/base/a.c": "int a;\n" * 1001}, "src/base/a.c:1001: the file has 1001 lines"),
    ("size", {"src/base/a.c": function(5, "static int f(int a, int b, int c, int d,\n             int e, int f, void (*g)(int, int))")},
     "src/base/a.c:1: f() has 7 parameters; 6 are the most"),
    ("waits", {"src/http/a.c": "int f(void)\n{\n    return engine_park_wait(0);\n}\n"},
     "src/http/a.c:3: engine_park_wait() may park, and room 'http' is on the loop side"),
    ("waits", {"src/loop/a.c": "int f_wait(void)\n{\n    return g_wait(0);\n}\n"}, "src/loop/a.c:3: g_wait() may park"),
    ("waits", {"src/host/a.c": "int f(void)\n{\n    return g_wait(0);\n}\n"}, "f() calls g_wait(), so it may park too"),
    ("words", {"src/base/a.c": "/* a.c - a.  Room: base. */\n/* TODO later */\n"}, "src/base/a.c:2: a TODO carries the number of an issue"),
    ("words", {"src/base/a.c": "/* b.c - a.  Room: base. */\n"}, "src/base/a.c:1: the file has to begin with '/* a.c - "),
    ("words", {"src/base/a.c": "/* a.c - a.  Room: base. */\nvoid *p = alloca(1);\n"}, "src/base/a.c:2: alloca is not used"),
    ("cppcheck", {"src/base/a.c": "int f(void)\n{\n    int a[2];\n    a[2] = 0;\n    return a[0];\n}\n"}, "src/base/a.c:4: error: "),
]


@pytest.mark.parametrize("check, files, expected", BAD, ids=[f"{check}-{i}" for i, (check, _, _) in enumerate(BAD)])
def test_a_fault_is_found(lint, check, files, expected):
    code, out = lint(check, files)
    if "passed over" in out:
        pytest.skip(out.strip())
    assert code == 1 and expected in out, out


GOOD = [
    ("format", {"src/base/a.c": "int a;\n"}),
    ("rooms", {"src/cli/a.c": '#include "trigger/a.h"\n#include "base/a.h"\n', "src/host/a.c": '#include "component/component.h"\n',
               "src/component/a.c": '#include "component/wit/wit.h"\n', "src/trigger/a.c": '#include "gen/any.h"\n#include <stdio.h>\n'}),
    ("owners", {"src/engine/a.c": "#include <wasmtime.h>\n", "src/loop/a.c": "#include <uv.h>\n", "src/codec/a.c": "#include <openssl/evp.h>\n"}),
    ("size", {"src/base/a.c": function(80, "int f(int a, int b, int c, int d, int e, void (*g)(int, int))")}),
    ("size", {"src/base/a.c": "/* lint: allow(size): a table of cases */\n" + function(90)}),
    ("waits", {"src/host/a.c": "int f_wait(void)\n{\n    return g_wait(0);\n}\n", "src/loop/a.c": "int f(void)\n{\n    pthread_cond_wait(a, b);\n}\n",
               "src/trigger/a.c": "static int f(void) /* fiber side */\n{\n    return g_wait(0);\n}\n",
               "src/http/a.c": 'int f(void)\n{\n    /* not g_wait() */\n    return puts("g_wait(");\n}\n'}),
    ("words", {"src/base/a.c": "/* a.c - a.  Room: base. */\n/* TODO #12: later */\n"}),
]


@pytest.mark.parametrize("check, files", GOOD, ids=[f"{check}-{i}" for i, (check, _) in enumerate(GOOD)])
def test_what_is_right_passes(lint, check, files):
    code, out = lint(check, files)
    if "passed over" in out:
        pytest.skip(out.strip())
    assert code == 0, out


def test_an_unknown_check_is_refused():
    done = subprocess.run([str(ROOT / "tools/lint"), "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2 and "'nonsense' is not a check" in done.stderr
