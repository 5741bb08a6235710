"""The FAISS wall: what approximate indexes are made of, made and searched. The only place with faiss."""
