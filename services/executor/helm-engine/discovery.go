package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// discoveries is what the API server serves. It is asked at the start of each operation, and when a kind is not known,
// whether that is still so: three conditional requests that are answered without a body as long as nothing has changed.
// So a kind that came or went a moment ago is seen, and a template's .Capabilities are never old.
type discoveries struct {
	client *discovery.DiscoveryClient
	cached discovery.CachedDiscoveryInterface
	mapper *restmapper.DeferredDiscoveryRESTMapper

	mutex        sync.Mutex
	tags         map[string]string // ETag by path
	capabilities *common.Capabilities
}

// discoveryPaths are the two documents of aggregated discovery.
var discoveryPaths = []string{"/api", "/apis"}

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

func newDiscoveries(config *rest.Config) (*discoveries, error) {
	config.RateLimiter = nil
	config.QPS = -1 // a burst of discovery is no load that counts
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(client)
	return &discoveries{
		client: client,
		cached: cached,
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(cached),
		tags:   map[string]string{},
	}, nil
}

// refresh forgets what has changed, and returns the capabilities of the cluster as it is.
func (d *discoveries) refresh() (*common.Capabilities, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	served, err := d.version()
	if err != nil {
		return nil, err
	}
	changed, err := d.changed()
	if err != nil {
		return nil, err
	}
	if changed || d.capabilities == nil || d.capabilities.KubeVersion.Version != served.GitVersion {
		d.cached.Invalidate()
		d.mapper.Reset()
		versions, err := action.GetVersionSet(d.cached)
		if err != nil {
			clear(d.tags)
			return nil, err
		}
		d.capabilities = &common.Capabilities{
			APIVersions: versions,
			KubeVersion: common.KubeVersion{Version: served.GitVersion, Major: served.Major, Minor: served.Minor},
			HelmVersion: common.DefaultCapabilities.HelmVersion,
		}
	}
	return d.capabilities, nil
}

func (d *discoveries) version() (*version.Info, error) {
	body, err := d.client.RESTClient().Get().AbsPath("/version").Do(context.Background()).Raw()
	if err != nil {
		return nil, err
	}
	var served version.Info
	if err := json.Unmarshal(body, &served); err != nil {
		return nil, fmt.Errorf("could not get server version from Kubernetes: %w", err)
	}
	return &served, nil
}

// changed tells whether one of the documents is another than it was. A server that sends no ETag is taken as changed.
func (d *discoveries) changed() (bool, error) {
	client := d.client.RESTClient().(*rest.RESTClient)
	changed := false
	for _, path := range discoveryPaths {
		request, err := http.NewRequest(http.MethodGet, client.Get().AbsPath(path).URL().String(), nil)
		if err != nil {
			return false, err
		}
		request.Header.Set("Accept", aggregated+",application/json")
		if tag := d.tags[path]; tag != "" {
			request.Header.Set("If-None-Match", tag)
		}
		answer, err := client.Client.Do(request)
		if err != nil {
			return false, err
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusNotModified {
			continue
		}
		changed = true
		d.tags[path] = ""
		if answer.StatusCode == http.StatusOK {
			d.tags[path] = answer.Header.Get("ETag")
		}
	}
	return changed, nil
}

// freshMapper looks again when a kind is not known: it may have come since.
type freshMapper struct {
	meta.RESTMapper
	discovery *discoveries
}

func (m freshMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	found, err := m.RESTMapper.RESTMapping(kind, versions...)
	if !meta.IsNoMatchError(err) {
		return found, err
	}
	if _, failed := m.discovery.refresh(); failed != nil {
		return nil, err
	}
	return m.RESTMapper.RESTMapping(kind, versions...)
}
