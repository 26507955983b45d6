// Command realnode is what makes this machine a node of the embedded control plane: the name of the part to be is the first
// argument. Each part is the upstream one, unchanged.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/template"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var parts = map[string]func(){
	"coredns":    resolveNames,
	"kube-proxy": func() { run(proxy.NewProxyCommand()) },
	"kubelet":    func() { run(kubelet.NewKubeletCommand(context.Background())) },
}

func main() {
	if len(os.Args) > 1 {
		if part, known := parts[os.Args[1]]; known {
			os.Args = os.Args[1:]
			part()
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: realnode PART [FLAG ...]\nparts: %v\n", slices.Sorted(maps.Keys(parts)))
	os.Exit(2)
}

func run(command *cobra.Command) { os.Exit(cli.Run(command)) }

// resolveNames is CoreDNS with no more plugins than the names of Services need, in the order in which they are asked.
func resolveNames() {
	dnsserver.Directives = []string{"errors", "cache", "kubernetes", "template"}
	coremain.Run()
}
