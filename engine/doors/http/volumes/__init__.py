"""Files of volumes over HTTP: the files API, and pictures for pages."""
