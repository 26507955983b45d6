package main

import (
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	ri "helm.sh/helm/v4/pkg/release"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// renderLimit bounds what a chart may render, in bytes.
const renderLimit = 16 << 20

// rendered is what a chart makes of its values.
type rendered struct {
	Manifest string   `json:"manifest"`
	Hooks    []string `json:"hooks"`
	Notes    string   `json:"notes"`
}

// stored is one revision as its record says.
type stored struct {
	Revision    int               `json:"revision"`
	Status      string            `json:"status"`
	Description string            `json:"description"`
	Labels      map[string]string `json:"labels"`
}

var errTooLarge = fmt.Errorf("the chart renders more than %d MiB", renderLimit>>20)

// render is `helm upgrade --install --dry-run=server`.
func (o *operation) render(with *tools) (any, error) {
	made, err := o.upgradeOrInstall(with, action.DryRunServer)
	if err != nil {
		return nil, err
	}
	return shown(made)
}

// template is `helm template`: no request is sent.
func (o *operation) template(with *tools) (any, error) {
	loaded, values, err := o.load(with.charts)
	if err != nil {
		return nil, err
	}
	made, err := o.install(with, loaded, values, action.DryRunClient, true)
	if err != nil {
		return nil, err
	}
	return shown(made)
}

func shown(made ri.Releaser) (any, error) {
	what, known := made.(*release.Release)
	if !known {
		return nil, fmt.Errorf("a release of an unknown kind: %T", made)
	}
	size := len(what.Manifest)
	hooks := make([]string, 0, len(what.Hooks))
	for _, hook := range what.Hooks {
		hooks = append(hooks, hook.Manifest)
		size += len(hook.Manifest)
	}
	if size > renderLimit {
		return nil, errTooLarge
	}
	return rendered{Manifest: what.Manifest, Hooks: hooks, Notes: what.Info.Notes}, nil
}

// status is the newest revision.
func (o *operation) status(with *tools) (any, error) {
	found, err := action.NewStatus(with.Configuration).Run(o.Name)
	if err != nil {
		return nil, err
	}
	return record(found)
}

// history is all revisions that are kept, in no order.
func (o *operation) history(with *tools) (any, error) {
	found, err := action.NewHistory(with.Configuration).Run(o.Name)
	if err != nil {
		return nil, err
	}
	records := make([]stored, 0, len(found))
	for _, each := range found {
		one, err := record(each)
		if err != nil {
			return nil, err
		}
		records = append(records, one)
	}
	return records, nil
}

func record(found ri.Releaser) (stored, error) {
	what, known := found.(*release.Release)
	if !known {
		return stored{}, fmt.Errorf("a release of an unknown kind: %T", found)
	}
	return stored{what.Version, what.Info.Status.String(), what.Info.Description, what.Labels}, nil
}
