"""What the views of people show: addresses, tastes, lists, recommendations."""
