"""Faults on request over HTTP: what stands around the app, on the connection, and the admin route."""
