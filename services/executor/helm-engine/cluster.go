package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
)

const (
	clustersKept = 8
	defaultQPS   = 100
)

// cluster is one API server as one kubeconfig reaches it: its connections, and what was discovered of it.
type cluster struct {
	host      string
	apiPath   string
	transport http.RoundTripper // with the executor's own credentials
	limiter   flowcontrol.RateLimiter
	discovery *discoveries
}

// clusters keeps those that were used, by the content of their kubeconfig.
type clusters struct {
	fence *fence
	kept  map[[sha256.Size]byte]*cluster
}

func newClusters(f *fence) *clusters {
	return &clusters{fence: f, kept: map[[sha256.Size]byte]*cluster{}}
}

func (c *clusters) get(wanted kubeconfig) (*cluster, error) {
	key := sha256.Sum256([]byte(wanted.Path + "\x00" + wanted.Content))
	if found, known := c.kept[key]; known {
		return found, nil
	}
	config, err := wanted.restConfig()
	if err != nil {
		return nil, err
	}
	config.Dial = dialer(c.fence)
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	if len(c.kept) >= clustersKept {
		clear(c.kept)
	}
	qps := allowedQPS()
	made := &cluster{
		host:      config.Host,
		apiPath:   config.APIPath,
		transport: &kube.RetryingRoundTripper{Wrapped: transport},
		limiter:   flowcontrol.NewTokenBucketRateLimiter(qps, int(2*qps)+1),
	}
	if made.discovery, err = newDiscoveries(made.config(&guarded{fence: c.fence, number: anyOperation, applied: &atomic.Int64{}, next: made.transport}, "")); err != nil {
		return nil, err
	}
	c.kept[key] = made
	return made, nil
}

// config returns how clients of one operation reach the API server: through its guard, with the rights of its user.
func (c *cluster) config(guard http.RoundTripper, user string) *rest.Config {
	return &rest.Config{
		Host:        c.host,
		APIPath:     c.apiPath,
		Transport:   guard,
		Impersonate: rest.ImpersonationConfig{UserName: user},
		RateLimiter: c.limiter,
		UserAgent:   userAgent,
	}
}

// kubeconfig is a kubeconfig by content; paths in it are relative to the file that it was read from. Empty: the pod's own.
type kubeconfig struct {
	Content string `json:"content"`
	Path    string `json:"path"`
}

func (k kubeconfig) restConfig() (*rest.Config, error) {
	if k.Content == "" {
		return rest.InClusterConfig()
	}
	loaded, err := clientcmd.Load([]byte(k.Content))
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be read: %w", err)
	}
	for _, each := range loaded.Clusters {
		each.LocationOfOrigin = k.Path
	}
	for _, each := range loaded.AuthInfos {
		each.LocationOfOrigin = k.Path
	}
	if err := clientcmd.ResolveLocalPaths(loaded); err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*loaded, nil).ClientConfig()
}

// allowedQPS is how many requests a second one operation may send on average, from SLIPWAY_HELM_QPS; a burst of two seconds is free.
func allowedQPS() float32 {
	if asked, err := strconv.ParseFloat(os.Getenv("SLIPWAY_HELM_QPS"), 32); err == nil && asked > 0 {
		return float32(asked)
	}
	return defaultQPS
}
