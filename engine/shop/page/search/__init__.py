"""What the search view shows beside products: facets, swatches, parts of the query, what to loosen."""
