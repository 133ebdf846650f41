"""`postbox replay`: mail from files through ``POST /ingest``, as a bridge would bring it. HTTP alone; no Django."""
