"""Changes of tables as Unity Catalog knows them, beside what their definitions say."""
