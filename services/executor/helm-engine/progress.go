package main

import (
	"sync"
	"sync/atomic"
	"time"

	"helm.sh/helm/v4/pkg/kube"
)

const progressEvery = time.Second

// report is how far an operation is.
type report struct {
	Phase   string `json:"phase"` // rendering, applying, removing, hook, recording
	Applied int    `json:"applied"`
	Total   int    `json:"total"`
	Hook    string `json:"hook,omitempty"` // the last one that was started
}

// progress prints reports: one at each change of phase, and one a second while objects are applied.
type progress struct {
	mutex   sync.Mutex
	now     report
	applied *atomic.Int64
	before  int64 // applied when the phase began
	write   func(answer)
	ended   chan struct{}
}

func startProgress(write func(answer), applied *atomic.Int64) *progress {
	p := &progress{applied: applied, write: write, ended: make(chan struct{})}
	p.phase("rendering", 0, "")
	go p.tick()
	return p
}

func (p *progress) stop() { close(p.ended) }

func (p *progress) tick() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-ticker.C:
			p.tell()
		}
	}
}

func (p *progress) phase(name string, total int, hook string) {
	p.mutex.Lock()
	p.now.Phase, p.now.Total, p.before = name, total, p.applied.Load()
	if hook != "" {
		p.now.Hook = hook
	}
	p.mutex.Unlock()
	p.tell()
}

func (p *progress) tell() {
	p.mutex.Lock()
	now := p.now
	now.Applied = int(p.applied.Load() - p.before)
	p.mutex.Unlock()
	p.write(answer{Progress: &now})
}

func (p *progress) applying(resources kube.ResourceList) { p.phase("applying", len(resources), "") }

// observedWaiter tells which hook is waited for, and when it is no more.
type observedWaiter struct {
	kube.Waiter
	client *observedClient
}

func (w *observedWaiter) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	for _, each := range resources {
		w.client.say.phase("hook", len(resources), each.Mapping.GroupVersionKind.Kind+"/"+each.Name)
	}
	defer w.client.say.phase("recording", 0, "") // from here on Helm writes: an order to stop must leave it time
	err := w.Waiter.WatchUntilReady(resources, timeout)
	if err != nil {
		w.client.hookPods = w.client.podsOf(resources)
	}
	return err
}
