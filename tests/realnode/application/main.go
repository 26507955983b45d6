// Command application is a web application for tests: it says its GREETING, and
// what another address says when it is asked to; without a PORT that is a port it ends.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/broken", func(answer http.ResponseWriter, _ *http.Request) {
		http.Error(answer, "broken", http.StatusInternalServerError)
	})
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Println("asked for", request.URL.Path)
		fmt.Fprint(answer, os.Getenv("GREETING"))
	})
	http.HandleFunc("/fetch", func(answer http.ResponseWriter, request *http.Request) {
		found, err := http.Get(request.URL.Query().Get("url"))
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadGateway)
			return
		}
		defer found.Body.Close()
		_, _ = io.Copy(answer, found.Body)
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	fmt.Println(http.ListenAndServe(":"+port, nil))
	os.Exit(1)
}
