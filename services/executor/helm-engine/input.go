package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lookEvery bounds how long a deadline that passed during a suspend goes unnoticed: poll's own clock stops meanwhile.
const lookEvery = time.Second

// message is a line of input: a deadline, and with the first one of an operation the operation itself.
type message struct {
	Deadline  float64    `json:"deadline"`
	Operation *operation `json:"operation"`
}

// watchInput reads deadlines and operations until the input ends or a deadline passes; both kill the process group.
// What is waiting to be read is read before the deadline is judged: it may be an extension.
func watchInput(f *fence, operations chan<- operation) {
	var pending []byte
	chunk := make([]byte, 64*1024)
	number := int64(0)
	for {
		left, running := f.left()
		if running && left <= 0 && !readable(0) {
			killGroup()
		}
		wait := lookEvery
		if running {
			wait = max(0, min(left, lookEvery))
		}
		if !readable(wait) {
			continue
		}
		count, err := unix.Read(0, chunk)
		if err == unix.EINTR {
			continue
		}
		if err != nil || count == 0 {
			killGroup()
		}
		pending = append(pending, chunk[:count]...)
		for {
			line, rest, whole := bytes.Cut(pending, []byte("\n"))
			if !whole {
				break
			}
			var got message
			if err := json.Unmarshal(line, &got); err != nil {
				fmt.Fprintln(os.Stderr, "helm-engine: a line of input is no message")
				os.Exit(2)
			}
			pending = rest
			if got.Operation == nil {
				f.move(got.Deadline)
				continue
			}
			number++
			got.Operation.number = number
			f.begin(number, got.Deadline)
			operations <- *got.Operation
		}
	}
}

func readable(wait time.Duration) bool {
	fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
	ready, err := unix.Poll(fds, int((wait+time.Millisecond-1)/time.Millisecond))
	return err == nil && ready > 0
}
