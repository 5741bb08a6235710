"""Test collections of retrieval: what is searched, what is asked, what is right; read where they lie."""
