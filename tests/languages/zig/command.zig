//! command.zig - the command of tests/languages in Zig, with its standard library on wasi-libc.
const std = @import("std");

fn firstLine(buffer: []u8, reader: anytype) []const u8 {
    return (reader.readUntilDelimiterOrEof(buffer, '\n') catch null) orelse "";
}

pub fn main() !void {
    const gpa = std.heap.c_allocator;
    const args = try std.process.argsAlloc(gpa);
    const greeting = std.process.getEnvVarOwned(gpa, "GREETING") catch "";
    const note = try std.fs.openFileAbsolute("/data/note.txt", .{});
    defer note.close();
    var line: [256]u8 = undefined;
    var first: [256]u8 = undefined;
    const out = std.io.getStdOut().writer();
    try out.writeAll("content-type: text/plain\nx-language: Zig\n\narguments:");
    for (args[1..]) |arg| try out.print(" {s}", .{arg});
    try out.print("\nenvironment: {s}\n", .{greeting});
    try out.print("line: {s}\n", .{firstLine(&line, std.io.getStdIn().reader())});
    try out.print("file: {s}\n", .{firstLine(&first, note.reader())});
}
