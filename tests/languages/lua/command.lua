-- command.lua - the command of tests/languages in Lua.
local note = assert(io.open("/data/note.txt"))
io.write("content-type: text/plain\nx-language: Lua\n\n")
io.write("arguments: ", table.concat(arg, " "), "\n")
io.write("environment: ", os.getenv("GREETING") or "", "\n")
io.write("line: ", io.read("l") or "", "\n")
io.write("file: ", note:read("l") or "", "\n")
