"""Slipway: what its services share. The order of imports is domain < messaging, database < the services."""
