package main

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// anyOperation is the number that stands for whichever operation runs: discovery serves all of them.
const anyOperation = int64(-1)

// errOver refuses a request of an operation that has ended.
var errOver = errors.New("the operation is over")

// fence knows until when the running operation may send requests. Time is CLOCK_BOOTTIME, which counts suspend.
//
// A request after the deadline is held, not refused: either the executor has extended the deadline already and that is
// still unread, or watchInput kills the process. So a process that stood still writes nothing, or goes on by right.
type fence struct {
	mutex    sync.Mutex
	changed  *sync.Cond
	running  int64   // number of the running operation; 0 when idle
	deadline float64 // seconds of CLOCK_BOOTTIME
}

func newFence() *fence {
	f := &fence{}
	f.changed = sync.NewCond(&f.mutex)
	return f
}

func (f *fence) begin(number int64, deadline float64) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.running, f.deadline = number, deadline
	f.changed.Broadcast()
}

func (f *fence) end() { f.begin(0, 0) }

// move sets the running operation's deadline; it may come nearer too.
func (f *fence) move(deadline float64) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.deadline = deadline
	f.changed.Broadcast()
}

// left tells how long the running operation may go on, and whether there is one.
func (f *fence) left() (time.Duration, bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return time.Duration((f.deadline - bootTime()) * float64(time.Second)), f.running != 0
}

// permit returns when this operation may send now; errOver when it is not the running one any more.
func (f *fence) permit(number int64) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for f.running == number || (number == anyOperation && f.running != 0) {
		if bootTime() < f.deadline {
			return nil
		}
		f.changed.Wait()
	}
	return errOver
}

// permitWrite is permit for what a connection writes, whoever asked: between operations only keep-alives are left.
func (f *fence) permitWrite() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for f.running != 0 && bootTime() >= f.deadline {
		f.changed.Wait()
	}
}

func bootTime() float64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 1e18 // without a clock nothing is permitted
	}
	return float64(now.Sec) + float64(now.Nsec)/1e9
}

// killGroup ends this process and everything that it has started.
func killGroup() {
	_ = syscall.Kill(0, syscall.SIGKILL)
	os.Exit(1) // not reached: the group is at least this process
}
