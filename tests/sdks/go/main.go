// main.go - Go's own CGI package, as a command for the Wagi executor: says what it was asked.  Room: tests.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
)

func handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("content-type", "text/plain")
	w.Header().Set("x-sdk", "go")
	fmt.Fprintf(w, "hello %s %s %s", r.Method, r.URL.Path, body)
}

func main() {
	if err := cgi.Serve(http.HandlerFunc(handle)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
