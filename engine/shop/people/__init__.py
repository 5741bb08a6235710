"""Who shops: what users liked, their tastes, and what is recommended to them."""
