// Command hello is the sample application: it greets over HTTP, is healthy at /health, and prints a line per request.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	http.HandleFunc("/health", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Println(request.Method, request.URL.Path)
		fmt.Fprintf(answer, "%s from %s\n", os.Getenv("greeting"), os.Getenv("domain"))
	})
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 10 * time.Second}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-asked.Done()
		_ = server.Shutdown(context.Background())
	}()
	fmt.Println("listening on", server.Addr)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
