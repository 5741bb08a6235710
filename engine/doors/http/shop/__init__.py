"""The shop's own API under `/api/v1`: typed routes over the operations of a workspace."""
