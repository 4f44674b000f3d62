module swell/tests/languages/http

go 1.24
