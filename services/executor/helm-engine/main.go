// Command helm-engine runs Helm's actions for Slipway's executor, one after another, in one warm process.
//
// Each line of its input is a JSON message (input.go), each line of its output an answer: any number of reports of
// progress, then the outcome. The executor says until when an operation may write; beyond that, or when the input
// ends, no request is sent and the process ends with its group (fence.go).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/storage/driver"
)

// answer is a line of output: a report, or the outcome of the operation.
type answer struct {
	Progress *report  `json:"progress,omitempty"`
	Outcome  *outcome `json:"outcome,omitempty"`
}

// outcome is how an operation ended. Error is what Helm's own program would print.
type outcome struct {
	Result   any       `json:"result,omitempty"`
	Error    string    `json:"error,omitempty"`
	NotFound bool      `json:"not_found,omitempty"` // there is no such release
	TooLarge bool      `json:"too_large,omitempty"`
	HookPods []podSeen `json:"hook_pods,omitempty"` // of a hook that failed
}

func main() {
	kube.ManagedFieldsManager = fieldManager
	limits := newFence()
	operations := make(chan operation, 1)
	go watchInput(limits, operations)
	go watchMemory()
	engine := &engine{fence: limits, clusters: newClusters(limits), charts: newCharts(chartsBytes), output: json.NewEncoder(os.Stdout)}
	for next := range operations {
		engine.write(answer{Outcome: engine.run(&next)})
	}
}

// engine is what stays warm between operations.
type engine struct {
	fence    *fence
	clusters *clusters
	charts   *charts
	mutex    sync.Mutex
	output   *json.Encoder
}

func (e *engine) run(wish *operation) *outcome {
	defer e.fence.end()
	what, known := kinds[wish.Kind]
	if !known {
		return &outcome{Error: fmt.Sprintf("there is no operation %q", wish.Kind)}
	}
	where, err := e.clusters.get(wish.Kubeconfig)
	if err != nil {
		return &outcome{Error: err.Error()}
	}
	var applied atomic.Int64
	say := startProgress(e.write, &applied)
	defer say.stop()
	guard := &guarded{
		fence: e.fence, number: wish.number, applied: &applied, beyond: allowedBeyond(), next: where.transport,
	}
	configuration, client, err := newConfiguration(where, guard, wish, say)
	if err != nil {
		return &outcome{Error: err.Error()}
	}
	result, err := what(wish, &tools{configuration, e.charts})
	if err != nil {
		return &outcome{
			Error:    err.Error(),
			NotFound: errors.Is(err, driver.ErrReleaseNotFound),
			TooLarge: errors.Is(err, errTooLarge),
			HookPods: client.hookPods,
		}
	}
	return &outcome{Result: result}
}

func (e *engine) write(line answer) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if err := e.output.Encode(line); err != nil {
		killGroup() // nobody listens any more
	}
}
