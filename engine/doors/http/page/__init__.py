"""The web page's routes, one file a view. `views.py` says how to add one."""
