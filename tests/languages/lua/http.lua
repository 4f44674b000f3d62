-- http.lua - the HTTP component of tests/languages in Lua; main.c around it speaks wasi:http.
function handle(method, path, word, body)
    return ("method: %s\npath: %s\nword: %s\nbody: "):format(method, path, word) .. body
end
