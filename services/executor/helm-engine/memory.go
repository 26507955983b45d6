package main

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	defaultMiB    = 1024
	addressBeside = 3 << 30 // bytes of address space beside what may be used: a Go program maps much more
	memoryEvery   = 200 * time.Millisecond
)

// allowedMemory is how many bytes one operation may take, from SLIPWAY_HELM_MEMORY_MIB. GOMEMLIMIT, from which on the garbage
// collector works hard, is lower.
func allowedMemory() uint64 {
	if asked, err := strconv.ParseUint(os.Getenv("SLIPWAY_HELM_MEMORY_MIB"), 10, 32); err == nil && asked > 0 {
		return asked << 20
	}
	return defaultMiB << 20
}

// watchMemory ends the process when a chart makes it grow beyond the limit: a soft one does not stop templates. What grows
// too fast to be seen ends at the limit of the address space.
func watchMemory() {
	limit := allowedMemory()
	_ = unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit + addressBeside, Max: limit + addressBeside})
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for {
		metrics.Read(samples)
		if samples[0].Value.Uint64()-samples[1].Value.Uint64() > limit {
			fmt.Fprintln(os.Stderr, "Error: template: the chart needs more memory than Helm may take (SLIPWAY_HELM_MEMORY_MIB)")
			os.Exit(3)
		}
		time.Sleep(memoryEvery)
	}
}
