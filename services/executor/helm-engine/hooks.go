package main

import (
	"log"

	"helm.sh/helm/v4/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// podsSeen bounds the pods of one hook that are looked at.
const podsSeen = 20

// podSeen is how a pod of a hook was when the hook had failed: by the hook's delete policy Helm may remove it the next
// moment, and it says nothing of it.
type podSeen struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Status corev1.PodStatus `json:"status"`
}

// podsOf returns the pods of these hooks. One that cannot be read is left out: it is the hook's failure that counts.
func (c *observedClient) podsOf(hooks kube.ResourceList) []podSeen {
	var found []podSeen
	for _, hook := range hooks {
		wanted := metav1.ListOptions{Limit: podsSeen}
		switch hook.Mapping.GroupVersionKind.Kind {
		case "Job":
			wanted.LabelSelector = "job-name=" + hook.Name
		case "Pod":
			wanted.FieldSelector = fields.OneTermEqualSelector("metadata.name", hook.Name).String()
		default:
			continue
		}
		pods, err := c.GetPodList(hook.Namespace, wanted)
		if err != nil {
			log.Printf("the pods of hook %s cannot be read: %v", hook.Name, err)
			continue
		}
		for _, pod := range pods.Items {
			seen := podSeen{Status: pod.Status}
			seen.Metadata.Name = pod.Name
			found = append(found, seen)
		}
	}
	return found
}
