module swell/tests/languages/command

go 1.24
