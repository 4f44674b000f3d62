// The shell of tests/languages: runs the script named first with the other arguments. The interpreter is the module mvdan.cc/sh, and there are
// no programs to call but its built-in ones.
package main

import (
	"context"
	"fmt"
	"os"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

func run(path string, args []string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	script, err := syntax.NewParser().Parse(file, path)
	if err != nil {
		return err
	}
	shell, err := interp.New(interp.StdIO(os.Stdin, os.Stdout, os.Stderr), interp.Params(append([]string{"--"}, args...)...))
	if err != nil {
		return err
	}
	return shell.Run(context.Background(), script)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "shell: the first argument has to name a script")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "shell:", err)
		os.Exit(1)
	}
}
