"""The views of people, one file a view, and the visitor as one of them."""
