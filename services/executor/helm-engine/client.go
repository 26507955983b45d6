package main

import (
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubectl/pkg/validation"
)

// protobuf is how records are read and written: they are large, and cheaper than as JSON.
const protobuf = "application/vnd.kubernetes.protobuf"

// newConfiguration returns what one action of Helm needs to act in a namespace. It serves one operation: a Configuration
// is not safe for more than one at a time, and remembers capabilities.
func newConfiguration(where *cluster, guard *guarded, wish *operation, say *progress) (*action.Configuration, *observedClient, error) {
	rights := where.config(guard, wish.AsUser)
	secrets := rest.CopyConfig(rights)
	secrets.ContentType, secrets.AcceptContentTypes = protobuf, protobuf+",application/json"
	core, err := corev1.NewForConfig(secrets)
	if err != nil {
		return nil, nil, err
	}
	access := &getter{rights: rights, discovery: where.discovery}
	configuration := action.NewConfiguration()
	configuration.RESTClientGetter = access
	configuration.Releases = storage.Init(&records{Driver: driver.NewSecrets(core.Secrets(wish.Namespace))})
	client := kube.New(access)
	client.Factory = unvalidated{client.Factory}
	client.Namespace = wish.Namespace
	observed := &observedClient{Client: client, configuration: configuration, discovery: where.discovery, say: say}
	configuration.KubeClient = observed
	return configuration, observed, nil
}

// getter hands Helm the clients of one operation, and the discovery that all share.
type getter struct {
	rights    *rest.Config
	discovery *discoveries
}

func (g *getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.rights), nil }

func (g *getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.discovery.cached, nil
}

func (g *getter) ToRESTMapper() (meta.RESTMapper, error) {
	return freshMapper{g.discovery.mapper, g.discovery}, nil
}

func (g *getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, nil) // the namespace is set on the client itself
}

// unvalidated leaves validation to the API server, which refuses unknown fields of everything that is applied. Helm would
// read the whole OpenAPI document for each hook, only to learn that the server can do so.
type unvalidated struct{ kube.Factory }

func (unvalidated) Validator(string) (validation.Schema, error) { return validation.NullSchema{}, nil }
