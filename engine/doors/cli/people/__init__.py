"""The commands of users and of what is recommended to them."""
