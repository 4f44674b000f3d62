#!/usr/bin/python3
"""bound - writes host functions that give their first argument back, from a header that bindgen wrote.

    bound.py HEADER INCLUDE OUT
"""

import re
import sys


def body(comment, params):
    names = [re.search(r"(\w+)$", param)[1] for param in params]
    kinds = {name: re.sub(r"\s*\*?\s*\w+$", "", param) for name, param in zip(names, params)}
    lines = ["    ours_lifted(call);"] + [f"    (void){name};" for name in names if not name.startswith("ret")]
    if " -> " not in comment:
        return lines + ["    return 0;"]
    if "ret" in names and kinds["ret"] == kinds["p0"] and "ret_error" not in names:
        return lines + ["    *ret = p0;", "    return 0;"]
    lines.append("    if (p0.is_err) {")
    if "ret_error" in names:
        lines.append("        *ret_error = p0.err;")
    lines += ["        return HOST_WIT_ERROR;", "    }"]
    if "ret" in names:
        lines.append("    *ret = p0.ok;")
    return lines + ["    return 0;"]


def main():
    header, include, out = sys.argv[1:]
    text = [f'/* bound.c - written by tests/differential/bound.py.  Room: component (its tests). */\n#include "{include}"\n\n#include "differential/ours.h"\n']
    for comment, name, params in re.findall(r"/\* ([^*]*)\*/\nint (host_d_i_do\d+)\(([^)]*)\) SW_MUST_CHECK;", open(header).read()):
        params = [" ".join(param.split()) for param in params.split(",")]
        text.append(f"int {name}({', '.join(params)})\n{{\n" + "\n".join(body(comment, params)) + "\n}\n")
    with open(out, "w") as file:
        file.write("\n".join(text))


if __name__ == "__main__":
    main()
