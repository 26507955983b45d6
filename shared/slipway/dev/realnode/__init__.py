"""A real node for the embedded control plane: this machine runs the pods, with containerd, runc and CNI plugins of Debian.

The node lives in namespaces of its own (mounts, network, processes), which one process holds open: what the node mounts,
its firewall rules and interfaces are not the machine's, and all of it is gone when that process ends, however it ends. To
the machine it is linked by one pair of interfaces, on which the API server and the registry listen. It has no other way
out: pods reach each other, Services, and this machine's end of the link.
"""
