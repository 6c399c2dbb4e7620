"""How services are reached: buses, typed errors, and one client for each service."""
