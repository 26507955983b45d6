package main

import (
	"errors"
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"
	ri "helm.sh/helm/v4/pkg/release"
	rcommon "helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
)

func (o *operation) apply(with *tools) (any, error) {
	_, err := o.upgradeOrInstall(with, action.DryRunNone)
	return nil, err
}

// upgradeOrInstall is `helm upgrade --install`.
func (o *operation) upgradeOrInstall(with *tools, dryRun action.DryRunStrategy) (ri.Releaser, error) {
	history, err := action.NewHistory(with.Configuration).Run(o.Name)
	missing := errors.Is(err, driver.ErrReleaseNotFound)
	if err != nil && !missing {
		return nil, err
	}
	loaded, values, err := o.load(with.charts)
	if err != nil {
		return nil, err
	}
	if removed := wasUninstalled(history); missing || removed {
		return o.install(with, loaded, values, dryRun, removed)
	}
	up := action.NewUpgrade(with.Configuration)
	up.Namespace = o.Namespace
	up.DryRunStrategy = dryRun
	up.SkipCRDs = true
	up.ResetValues = true
	up.ServerSideApply = "true"
	up.ForceConflicts = o.ForceConflicts
	up.DisableOpenAPIValidation = true
	up.WaitStrategy, up.WaitOptions = kube.HookOnlyStrategy, waitOptions
	up.Timeout = o.timeout()
	up.Labels = o.Labels
	up.MaxHistory = historyLimit
	upgraded, err := up.Run(o.Name, loaded, values)
	if err != nil {
		return nil, fmt.Errorf("UPGRADE FAILED: %w", err)
	}
	return upgraded, nil
}

func (o *operation) install(
	with *tools, loaded *chartv2.Chart, values map[string]any, dryRun action.DryRunStrategy, replace bool,
) (ri.Releaser, error) {
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	in := action.NewInstall(with.Configuration)
	in.ReleaseName = o.Name
	in.Namespace = o.Namespace
	in.DryRunStrategy = dryRun
	in.Replace = replace
	in.SkipCRDs = true
	in.ServerSideApply = true
	in.ForceConflicts = o.ForceConflicts
	in.DisableOpenAPIValidation = true
	in.WaitStrategy, in.WaitOptions = kube.HookOnlyStrategy, waitOptions
	in.Timeout = o.timeout()
	in.Labels = o.Labels
	return in.Run(loaded, values)
}

func wasUninstalled(history []ri.Releaser) bool {
	if len(history) == 0 {
		return false
	}
	last, known := history[len(history)-1].(*release.Release)
	return known && last.Info.Status == rcommon.StatusUninstalled
}

func (o *operation) rollback(with *tools) (any, error) {
	back := action.NewRollback(with.Configuration)
	back.Version = o.Revision
	back.ServerSideApply = "true"
	back.ForceConflicts = o.ForceConflicts
	back.WaitStrategy, back.WaitOptions = kube.HookOnlyStrategy, waitOptions
	back.Timeout = o.timeout()
	back.MaxHistory = historyLimit
	return nil, back.Run(o.Name)
}

func (o *operation) uninstall(with *tools) (any, error) {
	remove := action.NewUninstall(with.Configuration)
	remove.DeletionPropagation = "background"
	remove.WaitStrategy, remove.WaitOptions = kube.HookOnlyStrategy, waitOptions
	remove.Timeout = o.timeout()
	_, err := remove.Run(o.Name)
	return nil, err
}

func (o *operation) test(with *tools) (any, error) {
	tests := action.NewReleaseTesting(with.Configuration)
	tests.Namespace = o.Namespace
	tests.WaitOptions = waitOptions
	tests.Timeout = o.timeout()
	_, shutDown, err := tests.Run(o.Name)
	if failed := shutDown(); err == nil {
		err = failed
	}
	return nil, err
}
