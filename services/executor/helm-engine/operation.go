package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
)

const (
	// fieldManager is Helm's own, said explicitly (the SDK's default is the program's name): releases pass between
	// Slipway, the helm program and owners who take a release back, and fields of another manager are conflicts.
	fieldManager = "helm"
	userAgent    = "slipway-helm-engine"
	historyLimit = 10
	// statusWorkers compute the readiness of hooks at a time, as in Helm's own program; the SDK's default is none.
	statusWorkers = 8
)

var waitOptions = []kube.WaitOption{kube.WithStatusComputeWorkers(statusWorkers)}

// operation is one wish of the executor.
type operation struct {
	Kind           string            `json:"kind"`
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	Kubeconfig     kubeconfig        `json:"kubeconfig"`
	AsUser         string            `json:"as_user"`
	Chart          string            `json:"chart"` // path of a checked archive, or of a chart that ships with Slipway
	Values         json.RawMessage   `json:"values"`
	Labels         map[string]string `json:"labels"`
	HookTimeoutSec float64           `json:"hook_timeout_sec"`
	ForceConflicts bool              `json:"force_conflicts"`
	Revision       int               `json:"revision"`

	number int64
}

// tools are what an operation works with.
type tools struct {
	*action.Configuration
	charts *charts
}

// kinds of operations, each done as Helm's own program does it with the flags that Slipway gives it.
var kinds = map[string]func(*operation, *tools) (any, error){
	"apply":     (*operation).apply,
	"rollback":  (*operation).rollback,
	"uninstall": (*operation).uninstall,
	"test":      (*operation).test,
	"render":    (*operation).render,
	"template":  (*operation).template,
	"status":    (*operation).status,
	"history":   (*operation).history,
}

func (o *operation) timeout() time.Duration {
	return time.Duration(o.HookTimeoutSec * float64(time.Second))
}

// load returns the chart, complete, and the values.
func (o *operation) load(store *charts) (*chartv2.Chart, map[string]any, error) {
	loaded, err := store.load(o.Chart)
	if err != nil {
		return nil, nil, err
	}
	known, err := chart.NewAccessor(loaded)
	if err != nil {
		return nil, nil, err
	}
	if wanted := known.MetaDependencies(); len(wanted) > 0 {
		if err := action.CheckDependencies(loaded, wanted); err != nil {
			return nil, nil, fmt.Errorf("an error occurred while checking for chart dependencies. "+
				"You may need to run 'helm dependency build' to fetch missing dependencies: %w", err)
		}
	}
	values, err := loader.LoadValues(bytes.NewReader(o.Values))
	return loaded, values, err
}
