"""command.py - the command of tests/languages in Python."""

import os
import sys

with open("/data/note.txt", encoding="utf-8") as note:
    print("content-type: text/plain\nx-language: Python\n")
    print("arguments:", *sys.argv[1:])
    print("environment:", os.environ.get("GREETING", ""))
    print("line:", sys.stdin.readline().rstrip("\n"))
    print("file:", note.readline().rstrip("\n"))
