"""The parts of `slipway --help`, in the order in which they are met."""

from cyclopts import Group

SIGN_IN = Group("Sign-in", sort_key=1)
DEPLOYMENTS = Group("Deployments", sort_key=2)
ASSISTANT = Group("Assistant", sort_key=3)
OPERATIONS = Group("Operations", sort_key=4)
