"""Products as people have them: files of any kind, archives and folders of pictures, as rows."""
