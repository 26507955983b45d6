package main

import (
	"context"
	"fmt"
	"io"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// observedClient is Helm's client, which tells how far it is and asks what the cluster serves once for an operation.
type observedClient struct {
	*kube.Client
	configuration *action.Configuration
	discovery     *discoveries
	say           *progress
	hookPods      []podSeen // of the hook that failed
}

// IsReachable begins every action of Helm: here the capabilities are set, so that Helm does not discover them itself.
func (c *observedClient) IsReachable() error {
	if c.configuration.Capabilities != nil {
		return nil
	}
	capabilities, err := c.discovery.refresh()
	if err != nil {
		return fmt.Errorf("kubernetes cluster unreachable: %w", err)
	}
	c.configuration.Capabilities = capabilities
	return nil
}

// GetPodList is Helm's, which would use a client that only its own IsReachable makes.
func (c *observedClient) GetPodList(namespace string, wanted metav1.ListOptions) (*corev1.PodList, error) {
	client, err := c.Factory.KubernetesClientSet()
	if err != nil {
		return nil, err
	}
	return client.CoreV1().Pods(namespace).List(context.Background(), wanted)
}

// OutputContainerLogsForPodList prints what a chart wants printed of its hooks: here nobody would read it.
func (c *observedClient) OutputContainerLogsForPodList(*corev1.PodList, string, func(string, string, string) io.Writer) error {
	return nil
}

func (c *observedClient) Create(resources kube.ResourceList, options ...kube.ClientCreateOption) (*kube.Result, error) {
	c.say.applying(resources)
	return c.Client.Create(resources, options...)
}

func (c *observedClient) Update(before, after kube.ResourceList, options ...kube.ClientUpdateOption) (*kube.Result, error) {
	c.say.applying(after)
	return c.Client.Update(before, after, options...)
}

func (c *observedClient) Delete(resources kube.ResourceList, policy metav1.DeletionPropagation) (*kube.Result, []error) {
	c.say.phase("removing", len(resources), "")
	return c.Client.Delete(resources, policy)
}

func (c *observedClient) GetWaiterWithOptions(strategy kube.WaitStrategy, options ...kube.WaitOption) (kube.Waiter, error) {
	waiter, err := c.Client.GetWaiterWithOptions(strategy, options...)
	if err != nil {
		return nil, err
	}
	return &observedWaiter{waiter, c}, nil
}
