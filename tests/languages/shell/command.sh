# command.sh - the command of tests/languages in shell, for the interpreter in command/.
read -r line
read -r note </data/note.txt
printf 'content-type: text/plain\nx-language: Shell\n\n'
printf '%s\n' "arguments: $*" "environment: $GREETING" "line: $line" "file: $note"
