package main

import (
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
)

// observedClient is Helm's client, which tells how far it is and asks what the cluster serves once for an operation.
type observedClient struct {
	*kube.Client
	configuration *action.Configuration
	discovery     *discoveries
	say           *progress
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

func (c *observedClient) Create(resources kube.ResourceList, options ...kube.ClientCreateOption) (*kube.Result, error) {
	c.say.applying(resources)
	return c.Client.Create(resources, options...)
}

func (c *observedClient) Update(before, after kube.ResourceList, options ...kube.ClientUpdateOption) (*kube.Result, error) {
	c.say.applying(after)
	return c.Client.Update(before, after, options...)
}

func (c *observedClient) GetWaiterWithOptions(strategy kube.WaitStrategy, options ...kube.WaitOption) (kube.Waiter, error) {
	waiter, err := c.Client.GetWaiterWithOptions(strategy, options...)
	if err != nil {
		return nil, err
	}
	return &observedWaiter{waiter, c.say}, nil
}
