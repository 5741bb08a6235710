"""Files of volumes as statements read them: `read_files(...)` and COPY INTO."""
