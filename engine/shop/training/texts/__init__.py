"""The texts that training shows: names, phrases that customers use, queries made of them."""
