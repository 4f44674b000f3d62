// command.js - the command of tests/languages in JavaScript, for QuickJS: std is its standard library.
import * as std from "qjs:std";

const note = std.open("/data/note.txt", "r");
const [, ...args] = scriptArgs;
std.out.puts("content-type: text/plain\nx-language: JavaScript\n\n");
std.out.puts(`arguments: ${args.join(" ")}\n`);
std.out.puts(`environment: ${std.getenv("GREETING") ?? ""}\n`);
std.out.puts(`line: ${std.in.getline() ?? ""}\n`);
std.out.puts(`file: ${note?.getline() ?? ""}\n`);
