// Command devcluster is an embedded Kubernetes control plane in one program: the name of the part to be is the first
// argument. Each part is the upstream one, unchanged; only kwok's start differs (see simulated.go).
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"

	"github.com/distribution/distribution/v3/registry"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var parts = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() { run(controllers.NewControllerManagerCommand()) },
	"kube-scheduler":          func() { run(scheduler.NewSchedulerCommand()) },
	"kwok":                    simulateNodes,
	"registry":                serveRegistry,
}

func main() {
	if len(os.Args) > 1 {
		if part, known := parts[os.Args[1]]; known {
			os.Args = os.Args[1:]
			part()
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: devcluster PART [FLAG ...]\nparts: %v\n", slices.Sorted(maps.Keys(parts)))
	os.Exit(2)
}

func run(command *cobra.Command) { os.Exit(cli.Run(command)) }

func serveRegistry() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
