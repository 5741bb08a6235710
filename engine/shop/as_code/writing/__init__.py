"""How each language is written: quoting, lines that snippets share, conditions."""
