// command.ts - the command of tests/languages in TypeScript: the compiler takes the types out, QuickJS runs the rest.
import * as std from "qjs:std";

type Answer = { arguments: string[]; environment: string; line: string; file: string };

function firstLine(file: std.File | null): string {
    return file?.getline() ?? "";
}

const answer: Answer = {
    arguments: scriptArgs.slice(1),
    environment: std.getenv("GREETING") ?? "",
    line: firstLine(std.in),
    file: firstLine(std.open("/data/note.txt", "r")),
};
std.out.puts("content-type: text/plain\nx-language: TypeScript\n\n");
for (const [name, value] of Object.entries(answer))
    std.out.puts(`${name}: ${Array.isArray(value) ? value.join(" ") : value}\n`);
