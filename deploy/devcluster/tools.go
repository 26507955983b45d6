//go:build tools

package main

// The pinned command line tools are built from this module too.
import (
	_ "helm.sh/helm/v4/pkg/cmd"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
