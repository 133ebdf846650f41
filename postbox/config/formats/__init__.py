"""How times are written at the desk (settings.FORMAT_MODULE_PATH)."""
