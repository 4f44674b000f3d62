// The command of tests/languages in Go, with nothing but the standard library.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

func firstLine(from io.Reader) string {
	line, _ := bufio.NewReader(from).ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

func main() {
	note, err := os.Open("/data/note.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer note.Close()
	fmt.Print("content-type: text/plain\nx-language: Go\n\n")
	fmt.Println("arguments:", strings.Join(os.Args[1:], " "))
	fmt.Println("environment:", os.Getenv("GREETING"))
	fmt.Println("line:", firstLine(os.Stdin))
	fmt.Println("file:", firstLine(note))
}
